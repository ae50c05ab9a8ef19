package main

import (
	"fmt"
	"math"
	"runtime"

	"neurosweep/models/kernel"
	"neurosweep/models/train"
	"neurosweep/sweep"
)

// A placement is how the trials of a sweep are put on the cores of this machine: so many at a time, each on so many threads.
type placement struct {
	load
	why string
}

// A load is so many trials at a time on so many threads each.
type load struct{ Trials, Threads int }

// String says it to people: "2 trials at a time, 1 thread each: …".
func (p placement) String() string {
	trials, threads := fmt.Sprintf("%d trials at a time", p.Trials), fmt.Sprintf("%d threads each", p.Threads)
	if p.Trials == 1 {
		trials = "1 trial at a time"
	}
	if p.Threads == 1 {
		threads = "1 thread each"
	}
	return trials + ", " + threads + ": " + p.why
}

// Several threads a trial must gain so much over one, or one it is: small sweeps would else change their minds with the noise of the measurement.
const worthwhile = 0.95

// smallUpdate is an update, in seconds on one thread, that is too short for threads to pay where there are trials for all cores.
const smallUpdate = 0.02

// fixedThreads are the threads of a trial that the spec fixes; 0: auto, or it does not train.
func fixedThreads(spec *sweep.Spec) int {
	n, _ := spec.Train["threads"].(int64)
	return int(n)
}

// oneThread tells whether the spec's machine knows one thread only.
func oneThread(spec *sweep.Spec) bool { return spec.Train["machine"] == train.ReferenceMachine }

// place decides how the trials that are left go on the cores of this machine: count of them, nil for a sweep without end; slots is how many run at a time
// where the user has said it, else 0. trials are those of the plan, or its beginning. Those of several ranks need as many slots.
//
// Trials are independent, so one thread each on all cores wastes nothing; it is the default. Where there are fewer trials than cores, or updates are long (the
// trials may then crowd each other out of a shared cache), threads are measured, by updates of the largest trial.
func place(spec *sweep.Spec, trials []sweep.Trial, count *int, slots int) (placement, error) {
	cores := runtime.GOMAXPROCS(0)
	at := func(threads int) load {
		n := max(cores/threads, 1)
		if slots > 0 {
			n = slots
		}
		return load{n, threads}
	}
	ranks, err := mostRanks(spec, trials)
	if err != nil {
		return placement{}, err
	}
	if ranks > 1 {
		l := at(max(fixedThreads(spec), 1))
		l.Trials = max(l.Trials, ranks)
		if slots > 0 {
			l.Trials = slots
		}
		return placement{l, fmt.Sprintf("up to %d ranks train a trial together", ranks)}, enoughSlots(l.Trials, ranks, fmt.Sprintf("--agents %d", slots))
	}
	switch n := fixedThreads(spec); {
	case !spec.Trains():
		return placement{at(1), "nothing is trained"}, nil
	case n > 0:
		return placement{at(n), fmt.Sprintf("train.threads is %d", n)}, nil
	case oneThread(spec):
		return placement{at(1), "the reference machine has one thread"}, nil
	case cores == 1:
		return placement{at(1), "there is one core"}, nil
	case slots >= cores:
		return placement{at(1), fmt.Sprintf("%d slots on %d cores", slots, cores)}, nil
	case len(trials) == 0:
		return placement{at(1), "there is nothing to measure"}, nil
	}
	trial, err := largest(spec, trials)
	if err != nil {
		return placement{}, err
	}
	m := measured{
		threads: func(n int) (float64, error) { return train.MeasureThreads(spec, trial, n) },
		crowd:   func(n int) (float64, error) { return train.MeasureCrowd(spec, trial, n) },
	}
	if m.alone, err = m.threads(1); err != nil {
		return placement{}, fmt.Errorf("measure trial %s to choose its threads: %w", trial.ID, err)
	}
	if m.alone < smallUpdate && (count == nil || *count >= cores) && slots == 0 {
		return placement{at(1), fmt.Sprintf("trials for all %d cores, and an update takes %.2g ms on one", cores, 1e3*m.alone)}, nil
	}
	p, err := fastest(m, count, cores, at)
	if err != nil {
		return p, fmt.Errorf("measure trial %s to choose its threads: %w", trial.ID, err)
	}
	return p, nil
}

// measured are the seconds that an update takes: alone on one thread, alone on several, and on one thread each in a crowd of so many copies.
type measured struct {
	alone          float64
	threads, crowd func(n int) (float64, error)
}

// fastest compares one thread, all threads, and the powers of two between them: by the time of an update on so many threads alone, times how much longer
// it takes where all cores have a trial.
func fastest(m measured, count *int, cores int, at func(threads int) load) (placement, error) {
	running := func(l load) int { // at the same time
		if count == nil {
			return l.Trials
		}
		return max(min(l.Trials, *count), 1)
	}
	crowded, err := m.crowd(min(running(at(1)), cores))
	if err != nil {
		return placement{}, err
	}
	var best placement
	var bestTime, oneTime float64
	for threads := 1; ; threads = min(2*threads, cores) {
		l := at(threads)
		update := crowded
		if threads > 1 {
			if update, err = m.threads(threads); err != nil {
				return placement{}, err
			}
			if running(l) > 1 {
				update *= max(crowded/m.alone, 1)
			}
		}
		total := update / float64(l.Trials) // for each trial, in a sweep without end
		if count != nil {
			total = update * math.Ceil(float64(*count)/float64(l.Trials))
		}
		if threads == 1 {
			best, bestTime, oneTime = placement{load: l}, total, total
		} else if total < worthwhile*oneTime && total < bestTime {
			best, bestTime = placement{load: l}, total
		}
		if threads == cores || l.Trials*threads > cores {
			break
		}
	}
	best.why = fmt.Sprintf("measured, it takes %.0f %% of the time of one thread each", 100*bestTime/oneTime)
	if best.Threads == 1 {
		best.why = "measured, more threads gain nothing"
	}
	return best, nil
}

// largest is the trial among the first of some cells whose updates are most work.
func largest(spec *sweep.Spec, trials []sweep.Trial) (sweep.Trial, error) {
	var found sweep.Trial
	most := -1.0
	for _, t := range someCells(trials) {
		n, err := train.Size(spec, t)
		if err != nil {
			return found, err
		}
		if n > most {
			found, most = t, n
		}
	}
	return found, nil
}

// warnSlow says so where the plain Go kernels are used.
func (a *app) warnSlow() {
	if isa, err := kernel.Choose(); err == nil && isa == kernel.Generic {
		fmt.Fprintf(a.stderr, "the plain Go kernels are used (%s=%s, or a processor without AVX2): they are a reference for tests, some 100 times slower\n", kernel.ISAVariable, isa)
	}
}
