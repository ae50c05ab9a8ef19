package controller

import (
	"fmt"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A script is what a trial does when it is run.
type script int

const (
	good     script = iota
	fails           // always, by its code
	fails1          // at its first attempt
	diverges        // at update 15
	hungry          // is killed for lack of memory unless it is alone on its host
	poison          // takes its agent with it
	lies            // says that it is complete without having reported its last evaluation
)

// A simAgent speaks the protocol as an agent does.
type simAgent struct {
	*world
	id      sweep.Incarnation
	number  int
	host    string
	dead    bool
	frozen  bool // its messages do not get through
	greeted bool
	leaving bool
	runs    map[sweep.TrialID]*simRun

	sequence   uint64 // of asks
	asking     bool
	reports    uint64
	stream     []*results.Report // published, not yet delivered
	delivering bool
}

type simRun struct {
	hold    sweep.Hold
	updates int
	stopped bool
}

// A simSpool is what an agent has on disk.
type simSpool struct{ reports []*results.Report }

// spawn starts an agent, on one of the hosts.
func (w *world) spawn() {
	w.born++
	a := &simAgent{world: w, id: sweep.Incarnation(fmt.Sprintf("agent%03d", w.born)), number: w.born, host: fmt.Sprint("host", w.random.IntN(w.hosts)),
		runs: map[sweep.TrialID]*simRun{}}
	w.agents[a.id] = a
	w.spools[a.id] = &simSpool{}
	a.beat()
	a.ask()
}

// kill ends an agent without a word; another takes its place.
func (w *world) kill(a *simAgent) {
	a.dead = true
	for _, r := range a.runs {
		r.stopped = true
	}
	delete(w.agents, a.id)
	w.After(w.between(0, simExpiry), w.spawn)
}

// beat says hello, or keeps the leases.
func (a *simAgent) beat() {
	if a.dead {
		return
	}
	if a.greeted {
		a.request(a, broker.Request{Beat: &broker.Beat{Holding: a.holding()}}, a.answer)
	} else {
		a.request(a, broker.Request{Hello: &broker.Hello{Host: a.host, PID: a.number, Slots: a.slots, Holding: a.holding()}}, func(r broker.Reply) {
			a.greeted = !r.Unknown
			a.republish()
			a.answer(r)
		})
	}
	a.After(simBeat, a.beat)
}

func (a *simAgent) holding() (holding []sweep.Hold) {
	for _, r := range a.runs {
		holding = append(holding, r.hold)
	}
	slices.SortFunc(holding, func(x, y sweep.Hold) int { return slices.Compare([]byte(x.Trial), []byte(y.Trial)) })
	return holding
}

// answer obeys what every reply may hold.
func (a *simAgent) answer(r broker.Reply) {
	if a.dead {
		return
	}
	if r.Unknown {
		a.greeted = false
	}
	a.stop(r.Lost)
	if r.Drain {
		a.drain()
	}
}

func (a *simAgent) stop(lost []sweep.Hold) {
	for _, h := range lost {
		if r := a.runs[h.Trial]; r != nil && r.hold == h {
			r.stopped = true
			delete(a.runs, h.Trial)
		}
	}
}

// drain hands everything over and leaves.
func (a *simAgent) drain() {
	if a.leaving {
		return
	}
	a.leaving = true
	for _, h := range a.holding() {
		a.runs[h.Trial].stopped = true
		delete(a.runs, h.Trial)
		a.report(results.TrialReport{Trial: h.Trial, Attempt: h.Attempt, End: &results.End{Cause: sweep.CausePreempted}})
	}
	a.request(a, broker.Request{Leave: &broker.Leave{Why: "drained"}}, a.answer)
	a.After(a.between(0, time.Second), func() { // with the spool left behind
		if !a.dead && a.leaving {
			a.kill(a)
		}
	})
}

// ask wants work whenever there is a free slot; it repeats its question until it is answered.
func (a *simAgent) ask() {
	if !a.dead && !a.leaving {
		a.askNow()
		a.After(a.between(time.Second/2, 2*time.Second), a.ask)
	}
}

func (a *simAgent) askNow() {
	if a.greeted && !a.leaving && len(a.runs) < a.slots {
		if !a.asking {
			a.asking = true
			a.sequence++
		}
		sequence := a.sequence
		a.request(a, broker.Request{Ask: &broker.Ask{Sequence: sequence, Free: a.slots - len(a.runs)}}, func(r broker.Reply) {
			if a.dead || !a.asking || a.sequence != sequence {
				return
			}
			a.asking = r.Unknown
			a.answer(r)
			for _, g := range r.Trials {
				a.start(g)
			}
		})
	}
}

// start runs a trial from its saved state.
func (a *simAgent) start(g broker.Granted) {
	if a.leaving {
		return
	}
	if old := a.runs[g.ID]; old != nil { // it has not heard yet that it lost an earlier attempt
		if old.hold.Attempt >= g.Attempt {
			a.complain("agent %s is granted attempt %d at %s, and runs attempt %d", a.id, g.Attempt, g.ID, old.hold.Attempt)
			return
		}
		old.stopped = true
	}
	r := &simRun{hold: sweep.Hold{Trial: g.ID, Attempt: g.Attempt}, updates: max(g.Updates, simUpdates)}
	a.runs[g.ID] = r
	update := 0
	for _, saved := range a.disk[g.ID] {
		saved.Attempt = g.Attempt
		a.report(saved)
		update = saved.Checkpoints[0].Update
	}
	a.train(r, update)
}

// train takes the trial to its next checkpoint.
func (a *simAgent) train(r *simRun, update int) {
	a.After(a.between(10*time.Millisecond, 3*time.Second), func() {
		if r.stopped {
			return
		}
		trial := r.hold.Trial
		next := update + simEvery
		switch script := a.scripts[trial]; {
		case update >= r.updates:
			a.end(r, sweep.CauseCompleted, r.updates)
			return
		case script == fails, script == fails1 && r.hold.Attempt == 1:
			a.end(r, sweep.CauseCode, update)
			return
		case script == diverges && next > 15:
			a.end(r, sweep.CauseDiverged, 15)
			return
		case script == hungry && len(a.runs) > 1:
			a.end(r, sweep.CauseOOM, update)
			return
		case script == poison:
			a.kill(a)
			return
		}
		report := results.TrialReport{Trial: trial, Attempt: r.hold.Attempt,
			Checkpoints: []results.Checkpoint{{Update: next}},
			Evals:       []results.Eval{{Update: next, Condition: "c", Metric: "m", Value: value(trial, next)}}}
		if a.scripts[trial] == lies && next == r.updates {
			report.Evals = nil
		}
		if saved := a.disk[trial]; len(saved) < next/simEvery {
			a.disk[trial] = append(saved[:len(saved):len(saved)], report)
		}
		a.report(report)
		a.train(r, next)
	})
}

func (a *simAgent) end(r *simRun, cause sweep.Cause, update int) {
	delete(a.runs, r.hold.Trial)
	a.report(results.TrialReport{Trial: r.hold.Trial, Attempt: r.hold.Attempt, End: &results.End{Cause: cause, Update: update, Detail: "as the script says"}})
}

// report spools a report, then publishes it.
func (a *simAgent) report(tr results.TrialReport) {
	a.reports++
	r := &results.Report{Version: results.ReportVersion, Incarnation: a.id, Sequence: a.reports, Trials: []results.TrialReport{tr}}
	s := a.spools[a.id]
	s.reports = append(s.reports, r)
	a.publish(r)
}

// republish sends again what no commit was announced for.
func (a *simAgent) republish() {
	for _, r := range a.spools[a.id].reports {
		a.publish(r)
	}
}

// publish gives a report to the broker, which delivers each agent's in order, sometimes twice.
func (a *simAgent) publish(r *results.Report) {
	if !a.linked || a.core == nil || a.frozen {
		return
	}
	a.stream = append(a.stream, r)
	if a.chance(a.faults.twice) {
		a.stream = append(a.stream, r)
	}
	a.deliver()
}

func (a *simAgent) deliver() {
	if a.delivering {
		return
	}
	a.delivering = true
	a.After(a.between(0, 500*time.Millisecond), func() {
		a.delivering = false
		if len(a.stream) == 0 || !a.linked || a.core == nil {
			return
		}
		r := a.stream[0]
		a.stream = a.stream[1:]
		a.step(Reported{r})
		a.deliver()
	})
}

// control obeys what the controller says unasked.
func (a *simAgent) control(c broker.Control) {
	if a.dead || a.frozen {
		return
	}
	s := a.spools[a.id]
	for len(s.reports) > 0 && s.reports[0].Sequence <= c.Committed {
		s.reports = s.reports[1:]
	}
	a.stop(c.Lost)
	if c.Drain {
		a.drain()
	}
	if c.Work {
		a.askNow()
	}
}
