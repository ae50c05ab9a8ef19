package simulate

import (
	"fmt"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// leaving takes an agent so long: its trials write their state.
const leaveTime = time.Second

// An agent speaks the protocol as package agent does, over a network that loses nothing.
type agent struct {
	s     *Simulation
	task  *task
	id    sweep.Incarnation
	born  float64
	until time.Duration // it must leave; 0: it need not

	started  bool // its startup is over
	greeted  bool
	leaving  bool
	gone     bool
	idle     time.Duration // since when
	runs     []*run
	asking   int    // for so many trials; 0: it does not ask
	sequence uint64 // of asks
	reports  uint64
	spool    []*results.Report // not yet with the controller
	nextBeat func()
}

// A run is a trial in an agent's hands.
type run struct {
	hold    sweep.Hold
	trial   int
	granted float64
	began   float64       // since the last checkpoint, or the start of this attempt
	from    time.Duration // of the trial's training was done then
	stopped bool
}

func newAgent(t *task) *agent {
	a := &agent{s: t.s, task: t, id: sweep.Incarnation(fmt.Sprintf("%026d", t.s.starts)), born: t.s.seconds()}
	a.nextBeat = a.beat
	return a
}

// ready ends the startup.
func (a *agent) ready() {
	if a.gone {
		return
	}
	a.endStartup()
	a.idle = a.s.Now()
	a.s.request(a, broker.Request{Hello: a.task.hello()})
	a.s.After(a.s.between(0, a.s.o.Heartbeat), a.nextBeat)
}

func (a *agent) endStartup() {
	if !a.started {
		a.started = true
		a.s.startup.end(a.born, a.s.seconds())
	}
}

// beat keeps the leases, and looks whether the agent has been idle for too long.
func (a *agent) beat() {
	if a.gone || a.leaving {
		return
	}
	s := a.s
	if s.o.IdleTimeout > 0 && len(a.runs) == 0 && s.Now()-a.idle > s.o.IdleTimeout {
		a.leave(byIdleness, sweep.CausePreempted)
		return
	}
	holding := make([]sweep.Hold, len(a.runs))
	for i, r := range a.runs {
		holding[i] = r.hold
	}
	if a.greeted {
		s.request(a, broker.Request{Beat: &broker.Beat{Holding: holding}})
	}
	s.After(s.o.Heartbeat, a.nextBeat)
}

// hear takes the controller's answer.
func (a *agent) hear(r broker.Reply, ask bool) {
	switch {
	case a.gone:
		return
	case r.Refused != "" || r.Unknown:
		a.s.err = fmt.Errorf("the controller does not know agent %s: %s", a.id, r.Refused)
		return
	}
	a.stop(r.Lost)
	if r.Drain || r.Done {
		a.drain(r.Why)
	}
	if a.leaving {
		return
	}
	if !ask {
		if !a.greeted {
			a.greeted = true
			a.ask()
		}
		return
	}
	wanted := a.asking
	a.asking = 0
	for _, g := range r.Trials {
		a.start(g)
	}
	if len(r.Trials) == wanted { // else the controller says when there is work
		a.ask()
	}
}

// control hears what the controller says unasked.
func (a *agent) control(c broker.Control) {
	if a.gone {
		return
	}
	a.stop(c.Lost)
	if c.Drain {
		a.drain(c.Why)
	}
	if c.Work {
		a.ask()
	}
}

// drain leaves because the controller says so: the sweep has ended, or there is not enough time left for any trial.
func (a *agent) drain(why string) {
	if why == broker.DrainTime {
		a.leave(byWalltime, sweep.CauseWalltime)
		return
	}
	a.leave(byOrder, sweep.CausePreempted)
}

// ask wants a trial for each free slot.
func (a *agent) ask() {
	s := a.s
	free := s.o.Slots - len(a.runs)
	if a.gone || a.leaving || !a.greeted || a.asking > 0 || free == 0 {
		return
	}
	a.asking = free
	a.sequence++
	q := &broker.Ask{Sequence: a.sequence, Free: free}
	if a.until > 0 {
		q.TimeLeft = max(a.until-s.Now(), 1)
	}
	s.request(a, broker.Request{Ask: q})
}

// start trains a trial from what is saved of it.
func (a *agent) start(g broker.Granted) {
	i, err := place(g.ID)
	if err != nil {
		a.s.err = err
		return
	}
	r := &run{hold: sweep.Hold{Trial: g.ID, Attempt: g.Attempt}, trial: i, granted: a.s.seconds(), began: a.s.seconds(), from: a.s.saved[i]}
	a.runs = append(a.runs, r)
	a.s.training.begin(r.began)
	a.train(r)
}

// train goes on to the trial's next checkpoint.
func (a *agent) train(r *run) {
	s := a.s
	next := min((r.from/s.every+1)*s.every, s.length[r.trial])
	s.After(next-r.from, func() {
		if r.stopped {
			return
		}
		s.training.end(r.began, s.seconds())
		s.saved[r.trial] = next
		number := int((next + s.every - 1) / s.every)
		report := results.TrialReport{Trial: r.hold.Trial, Attempt: r.hold.Attempt, Checkpoints: []results.Checkpoint{{Update: number}}}
		if s.o.Fill != nil {
			s.o.Fill(&report)
		}
		if next < s.length[r.trial] {
			a.report(report)
			r.began, r.from = s.seconds(), next
			s.training.begin(r.began)
			a.train(r)
			return
		}
		report.End = a.endOf(r, sweep.CauseCompleted)
		report.End.Update = number
		a.report(report)
		a.remove(r)
		a.ask()
	})
}

// endOf is how an attempt ends. What is trained says how long it takes until there is something to hand over.
func (a *agent) endOf(r *run, cause sweep.Cause) *results.End {
	end := &results.End{Cause: cause, Seconds: a.s.seconds() - r.granted}
	if a.s.o.HandOver {
		end.Pace = &results.Pace{Updates: 1, Checkpoint: leaveTime.Seconds()}
	}
	return end
}

func (a *agent) remove(r *run) {
	r.stopped = true
	a.runs = slices.DeleteFunc(a.runs, func(other *run) bool { return other == r })
	a.idle = a.s.Now()
}

// report sends what a trial has done.
func (a *agent) report(tr results.TrialReport) {
	a.reports++
	r := &results.Report{Version: results.ReportVersion, Incarnation: a.id, Sequence: a.reports, Trials: []results.TrialReport{tr}}
	a.spool = append(a.spool, r)
	a.s.After(a.s.o.Latency, func() {
		if len(a.spool) > 0 && a.spool[0] == r {
			a.spool = a.spool[1:]
			if a.gone && len(a.spool) == 0 {
				delete(a.s.agents, a.id)
			}
			a.s.step(controller.Reported{Report: r})
		}
	})
}

// cut ends a run before its time. What it has done since its last checkpoint is saved, or in vain.
func (a *agent) cut(r *run, why string, save bool) {
	s := a.s
	now := s.seconds()
	s.training.end(r.began, now)
	if save {
		s.saved[r.trial] = min(r.from+time.Duration((now-r.began)*float64(time.Second)), s.length[r.trial])
	} else {
		s.lose(why, r.began, now)
	}
	a.remove(r)
}

// stop ends what the agent has lost.
func (a *agent) stop(lost []sweep.Hold) {
	for _, h := range lost {
		if i := slices.IndexFunc(a.runs, func(r *run) bool { return r.hold == h }); i >= 0 {
			a.cut(a.runs[i], byOrder, false)
		}
	}
}

// leave hands everything over and ends the agent.
func (a *agent) leave(why string, cause sweep.Cause) {
	if a.leaving || a.gone {
		return
	}
	a.leaving = true
	for len(a.runs) > 0 {
		r := a.runs[0]
		a.cut(r, why, a.s.o.HandOver)
		a.report(results.TrialReport{Trial: r.hold.Trial, Attempt: r.hold.Attempt, End: a.endOf(r, cause)})
	}
	if a.greeted {
		a.s.request(a, broker.Request{Leave: &broker.Leave{Why: why}})
	}
	a.s.After(leaveTime, func() { a.end(why) })
}

// fail ends the agent without a word.
func (a *agent) fail() {
	for len(a.runs) > 0 && !a.gone {
		a.cut(a.runs[0], byFailure, false)
	}
	a.end(byFailure)
}

func (a *agent) end(why string) {
	if a.gone {
		return
	}
	a.endStartup()
	a.gone = true
	a.s.alive.end(a.born, a.s.seconds())
	if len(a.spool) == 0 {
		delete(a.s.agents, a.id)
	}
	a.task.ended(why)
}
