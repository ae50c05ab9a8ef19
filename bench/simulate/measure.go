package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/simulate"
)

// A measurement is one line of a table.
type measurement struct {
	Trials  int
	Useful  float64
	Steps   int
	Seconds float64 // of processor time: the core's steps; with results.State, decoding and encoding too
	Bytes   float64 // alive at the end
	Peak    float64 // resident, of the whole process, the simulation included
	Whole   float64 // seconds of processor time, the simulation and the garbage collector included
}

func (m measurement) each(v float64) float64 { return v / float64(m.Trials) }

// A sampler takes the processor time of every so many calls: asking for the time takes about as long as a step.
type sampler struct {
	calls   int
	seconds float64
}

const sampleEvery = 16

func (s *sampler) around(do func()) {
	s.calls++
	if s.calls%sampleEvery != 0 {
		do()
		return
	}
	began := threadTime()
	do()
	s.seconds += sampleEvery * (threadTime() - began).Seconds()
}

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// alive is the heap after two collections.
func alive() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// one measures one sweep and prints it.
func one(trials, agents int, withState bool) error {
	runtime.LockOSThread()
	o, err := options(trials, agents)
	if err != nil {
		return err
	}
	var steps, messages sampler
	o.Around = steps.around
	before := alive()
	if withState {
		if err := withResults(&o, &messages); err != nil {
			return err
		}
	}
	s, err := simulate.New(o)
	if err != nil {
		return err
	}
	o = simulate.Options{}
	r, err := s.Run()
	if err != nil {
		return err
	}
	const own = 16 // bytes a trial of the simulation's own
	m := measurement{Trials: trials, Useful: r.Efficiency, Steps: r.Steps, Seconds: steps.seconds + messages.seconds, Bytes: alive() - before - own*float64(trials)}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	m.Peak = float64(usage.Maxrss) * 1024
	m.Whole = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	runtime.KeepAlive(s)
	return json.NewEncoder(os.Stdout).Encode(m)
}

// A fold is results.State as a ledger. Entries are encoded as for the log.
type fold struct{ *results.State }

// Append folds entries in.
func (f fold) Append(entries ...results.Entry) error {
	for _, e := range entries {
		if _, err := json.Marshal(e); err != nil {
			return err
		}
		if _, err := f.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

// specText is a sweep whose trials have at most as many checkpoints as the simulation's.
const specText = `
name: scale
method: grid
task: delay_comparison
model: leaky_rnn
train: {updates: 5}
checkpoints: {every: 1}
evaluate: {seq100: {batches: 1, seed: 1000}, whole_trial: {count: 20, seed: 1001}}
select: {metric: accuracy, condition: seq100, goal: maximize}
parameters:
  train.lr: {values: [1e-3]}
`

// withResults puts results.State behind the core, with reports as a small network's: a checkpoint, every metric of both conditions, two curves.
func withResults(o *simulate.Options, messages *sampler) error {
	spec, err := sweep.Parse("scale.yaml", []byte(specText), nil, train.Catalog())
	if err != nil {
		return err
	}
	o.Planned = make([]sweep.Trial, o.Trials)
	for i := range o.Planned {
		t := sweep.Trial{ID: simulate.TrialID(i), Index: i, Seed: int64(i % 10)}
		if t.Seed > 0 { // replicates share their cell, as results.State has it for the controller
			t.Cell, t.Params = o.Planned[i-1].Cell, o.Planned[i-1].Params
		} else {
			t.Cell, t.Params = sweep.CellID("c"+t.ID[1:]), sweep.Values{"train.lr": 1e-4 * float64(1+i/1000), "model.hidden": int64(1 + i%1000/10)}
		}
		o.Planned[i] = t
	}
	o.Ledger = fold{results.NewState(spec, o.Planned)}
	var failed error
	o.Fill = func(r *results.TrialReport) {
		c := &r.Checkpoints[0]
		c.Path, c.Digest, c.Bytes = sweep.WeightsPath(r.Trial, c.Update), fmt.Sprintf("%s%s", r.Trial, r.Trial), 4028
		for _, e := range spec.Evaluate {
			for i, metric := range spec.Metrics(e.Name) {
				r.Evals = append(r.Evals, results.Eval{Update: c.Update, Condition: e.Name, Metric: metric, Value: results.Value(1 / float64(i+c.Update))})
			}
		}
		for _, metric := range []string{"loss", "gradient_norm"} {
			r.Curves = append(r.Curves, results.Curve{Metric: metric, From: c.Update, Values: []results.Value{0.123456789}})
		}
		data, err := json.Marshal(r)
		if err != nil {
			failed = err
			return
		}
		var decoded results.TrialReport
		messages.around(func() { failed = json.Unmarshal(data, &decoded) })
		*r = decoded
	}
	return failed
}
