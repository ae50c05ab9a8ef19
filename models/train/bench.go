package train

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
)

// A Bench is what the training step of a trial takes on this machine, and what part of the processor's peak that is.
//
// The step is loss, gradients, measures, clipping and optimiser, on a whole batch, without the making of data. Floating-point operations are counted by graph.Flops. The peak is that of a
// loop of multiply-adds in registers on as many threads (kernel.Peak), run in short slices between the updates, for the clock of a shared machine drifts: compare the
// fastest step with the fastest slice.
type Bench struct {
	Min, Median, Max float64 // seconds of a step
	Data             float64 // seconds of making a batch, median
	Flops            float64 // operations of a step
	Peak             float64 // operations a second, the fastest slice; of all threads together
	ISA              kernel.ISA
	Threads          int
	Planned          int64 // bytes of the process, as planned: the program, and what training holds; 0: the machine does not plan
	Resident         int64 // bytes that the process had in memory at most
}

// Slices of the peak's loop: so long, and one after so long a time of updates.
const (
	peakSlice = 4 * time.Millisecond
	peakEvery = 30 * time.Millisecond
)

// RunBench times updates of a trial on so many threads, after two that are not timed: at least so many, and for at least so long. The spec's task must train.
func RunBench(spec *sweep.Spec, trial sweep.Trial, threads, updates int, span time.Duration) (Bench, error) {
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return Bench{}, err
	}
	t, err := newTrainer(config, threads, nil)
	if err != nil {
		return Bench{}, err
	}
	b := Bench{ISA: t.isa, Threads: threads}
	program, err := t.program()
	if err != nil {
		return b, err
	}
	for range 2 {
		if _, _, err := t.update(); err != nil {
			return b, err
		}
	}
	last := time.Time{}
	took, err := t.timeUpdates(updates, span, func() {
		if time.Since(last) > peakEvery {
			b.Peak = max(b.Peak, peak(t.isa, threads))
			last = time.Now()
		}
	})
	if err != nil {
		return b, err
	}
	b.Peak = max(b.Peak, peak(t.isa, threads))
	steps, size := took.whole()
	if b.Flops, err = graph.Flops(t.model, t.batch.Steps, size); err != nil {
		return b, err
	}
	b.Min, b.Median, b.Max, b.Data = slices.Min(steps), median(steps), slices.Max(steps), median(took.data)
	if held := t.memory(); held > 0 {
		b.Planned = program + held
	}
	b.Resident, err = resident("VmHWM:")
	return b, err
}

// program is the memory of this process without the trial, whose machine must not have seen a batch yet.
func (t *trainer) program() (int64, error) {
	debug.FreeOSMemory() // what building has left
	all, err := resident("VmRSS:")
	return all - t.built(), err
}

// peak is the operations a second of a slice of multiply-adds on all threads at a time.
func peak(isa kernel.ISA, threads int) float64 {
	each := make([]float64, threads)
	var all sync.WaitGroup
	for i := range each {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			each[i] = 1e9 * kernel.Peak(isa, peakSlice)
		})
	}
	all.Wait()
	sum := 0.0
	for _, v := range each {
		sum += v
	}
	return sum
}

// resident is what Linux says of the memory of this process: VmRSS now, VmHWM at most until now.
func resident(key string) (int64, error) {
	const file = "/proc/self/status"
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("how much memory the process has had: %w", err)
	}
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != key {
			continue
		}
		kibibytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
		return kibibytes << 10, err
	}
	return 0, fmt.Errorf("how much memory the process has had: %s has no %s", file, key)
}
