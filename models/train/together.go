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

// A Load is so many copies of a trial that train at the same time, each on so many threads.
type Load struct {
	Trials  int
	Threads int
}

// How long a load is measured: at least so many updates and at least so long.
const (
	loadUpdates = 2
	loadTime    = 50 * time.Millisecond
)

// MeasureLoad trains copies of a trial at the same time, as agents would, and returns the seconds that an update of each takes, data and all. Each has
// the processors that a slot of an agent would have.
func MeasureLoad(spec *sweep.Spec, trial sweep.Trial, l Load) (float64, error) {
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return 0, err
	}
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return 0, fmt.Errorf("measure %d trials together: which processors are there: %w", l.Trials, err)
	}
	seconds, errs := make([]float64, l.Trials), make([]error, l.Trials)
	var ready, done sync.WaitGroup
	ready.Add(l.Trials)
	for i := range l.Trials {
		done.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, and its processors with it
			if mine, ok := Processors(own, i, own.Count()/l.Threads, l.Threads); ok {
				_ = unix.SchedSetaffinity(0, &mine) // what cannot be arranged is measured as it is
			}
			seconds[i], errs[i] = measureCopy(config, l.Threads, &ready)
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
	return sum / float64(l.Trials), nil
}

// measureCopy makes a trial, waits until all are ready, and times its updates.
func measureCopy(config sweep.Config, threads int, ready *sync.WaitGroup) (float64, error) {
	t, err := newTrainer(config, threads)
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
