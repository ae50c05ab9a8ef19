package train

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

// How long updates are measured to compare loads: at least so many updates and at least so long.
const (
	loadUpdates = 2
	loadTime    = 50 * time.Millisecond
)

// MeasureThreads trains a trial alone on so many threads and returns the seconds that an update takes, data and all.
func MeasureThreads(spec *sweep.Spec, trial sweep.Trial, threads int) (float64, error) {
	return measureCopies(spec, trial, 1, threads)
}

// MeasureCrowd trains copies of a trial at the same time, each on one thread and on a processor of its own, as agents would, and returns the seconds
// that an update of each takes, data and all.
func MeasureCrowd(spec *sweep.Spec, trial sweep.Trial, copies int) (float64, error) {
	return measureCopies(spec, trial, copies, 1)
}

func measureCopies(spec *sweep.Spec, trial sweep.Trial, copies, threads int) (float64, error) {
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return 0, err
	}
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return 0, fmt.Errorf("measure %d trials together: which processors are there: %w", copies, err)
	}
	seconds, errs := make([]float64, copies), make([]error, copies)
	var ready, done sync.WaitGroup
	ready.Add(copies)
	for i := range copies {
		done.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, and its processor with it
			if mine, ok := Processors(own, i, own.Count(), 1); ok && copies > 1 {
				_ = unix.SchedSetaffinity(0, &mine) // what cannot be arranged is measured as it is
			}
			seconds[i], errs[i] = measureCopy(config, threads, &ready)
		})
	}
	done.Wait()
	sum := 0.0
	for i, err := range errs {
		if err != nil {
			return 0, err
		}
		sum += seconds[i]
	}
	return sum / float64(copies), nil
}

// measureCopy makes a trial, waits until all are ready, and times its updates.
func measureCopy(config sweep.Config, threads int, ready *sync.WaitGroup) (float64, error) {
	t, err := newTrainer(config, threads, nil)
	if err == nil {
		_, _, err = t.update()
	}
	ready.Done()
	ready.Wait()
	if err != nil {
		return math.NaN(), err
	}
	took, err := t.timeUpdates(loadUpdates, loadTime, nothing)
	return took.update(), err
}

// Size compares trials of a sweep by the work that an update is: weights × sequences. 0 for a task that does not train.
func Size(spec *sweep.Spec, trial sweep.Trial) (float64, error) {
	if !spec.Trains() {
		return 0, nil
	}
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return 0, err
	}
	p, err := assemble(config)
	if err != nil {
		return 0, err
	}
	return float64(graph.Size(p.model.Params())) * float64(p.sequences), nil
}
