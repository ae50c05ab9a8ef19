package simulate

import (
	"time"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// A task is one task of the job array: an agent, and after a requeue another one.
type task struct {
	s      *Simulation
	number int
}

// Why an agent ends.
const (
	byFailure    = "failure"
	byPreemption = "preemption"
	byWalltime   = "walltime"
	byIdleness   = "idle"
	byOrder      = "end" // of the sweep
)

// start starts an agent, and draws how long it lives.
func (t *task) start() {
	s := t.s
	if s.done {
		return
	}
	s.starts++
	a := newAgent(t)
	s.agents[a.id] = a
	s.alive.begin(a.born)
	s.startup.begin(a.born)
	s.After(s.o.Startup, a.ready)
	draw := func(mean float64, do func()) {
		if d := s.random.ExpFloat64() * mean; d < (100 * 365 * 24 * time.Hour).Seconds() {
			s.After(time.Duration(d*float64(time.Second)), do)
		}
	}
	if s.o.MTBF > 0 {
		draw(s.o.MTBF.Seconds(), a.fail)
	}
	if s.o.PreemptRate > 0 {
		draw(3600/s.o.PreemptRate, func() { a.leave(byPreemption, sweep.CausePreempted) })
	}
	if s.o.Walltime > 0 {
		a.until = s.Now() + s.o.Walltime - s.o.Warning
		s.After(s.o.Walltime-s.o.Warning, func() { a.leave(byWalltime, sweep.CauseWalltime) })
	}
}

// ended is told when the task's agent has ended.
func (t *task) ended(why string) {
	t.s.ends[why]++
	if why == byFailure || why == byPreemption || why == byWalltime {
		t.s.After(t.s.o.Requeue, t.start)
	}
}

// hello is what an agent says first.
func (t *task) hello() *broker.Hello {
	return &broker.Hello{Host: t.host(), PID: t.number + 1, Slots: t.s.o.Slots}
}

// host names the task's node: each has its own.
func (t *task) host() string { return "node" + string(TrialID(t.number)[24:]) }
