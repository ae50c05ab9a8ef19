package controller

import (
	"cmp"
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
	rank    int // where the schedule is static
	host    string
	dead    bool
	frozen  bool // its messages do not get through
	greeted bool
	leaving bool
	ends    time.Duration // when its job is over; 0: never
	runs    map[seatKey]*simRun

	sequence   uint64 // of asks
	asking     bool
	reports    uint64
	stream     []*results.Report // published, not yet delivered
	delivering bool
}

type simRun struct {
	hold    sweep.Hold
	updates int
	agent   *simAgent
	gang    *simGang // nil: one rank
	stopped bool
}

// A seatKey is a rank of a trial: what an agent can run once.
type seatKey struct {
	trial sweep.TrialID
	rank  int
}

func (r *simRun) key() seatKey { return seatKey{r.hold.Trial, r.hold.Rank} }

// A simSpool is what an agent has on disk.
type simSpool struct{ reports []*results.Report }

// spawn starts an agent, on one of the hosts.
func (w *world) spawn() {
	w.born++
	a := &simAgent{world: w, id: sweep.Incarnation(fmt.Sprintf("agent%03d", w.born)), number: w.born, host: fmt.Sprint("host", w.random.IntN(w.hosts)),
		runs: map[seatKey]*simRun{}}
	if w.faults.badHost {
		a.host = fmt.Sprint("host", w.born%w.hosts)
	}
	if limit := w.faults.walltime; limit > 0 {
		a.ends = w.Now() + w.between(limit/2, limit)
		w.After(a.ends-w.Now(), func() { a.leave(sweep.CauseWalltime) })
	}
	for slices.ContainsFunc(w.living(), func(o *simAgent) bool { return o.rank == a.rank }) {
		a.rank++
	}
	w.agents[a.id] = a
	w.spools[a.id] = &simSpool{}
	a.beat()
	a.ask()
}

// kill ends an agent without a word; another takes its place.
func (w *world) kill(a *simAgent) {
	a.dead = true
	for _, r := range a.runs {
		r.halt()
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
		a.request(a, broker.Request{Hello: &broker.Hello{Host: a.host, PID: a.number, Job: fmt.Sprint("job", a.number), Slots: a.slots, Rank: a.rank, Size: a.hosts, Holding: a.holding()}}, func(r broker.Reply) {
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
	slices.SortFunc(holding, func(x, y sweep.Hold) int { return cmp.Or(cmp.Compare(x.Trial, y.Trial), x.Rank-y.Rank) })
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
		a.leave(sweep.CausePreempted)
	}
}

func (a *simAgent) stop(lost []sweep.Hold) {
	for _, h := range lost {
		if r := a.runs[seatKey{h.Trial, h.Rank}]; r != nil && r.hold == h {
			if r.gang != nil && a.chance(0.5) { // its process says that it was stopped
				a.end(r, sweep.CauseCancelled, 0)
			}
			r.halt()
			delete(a.runs, r.key())
		}
	}
}

// leave hands everything over and leaves.
func (a *simAgent) leave(cause sweep.Cause) {
	if a.leaving || a.dead {
		return
	}
	a.leaving = true
	for _, h := range a.holding() {
		a.runs[seatKey{h.Trial, h.Rank}].halt()
		delete(a.runs, seatKey{h.Trial, h.Rank})
		a.report(results.TrialReport{Trial: h.Trial, Attempt: h.Attempt, Rank: h.Rank, End: &results.End{Cause: cause}})
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
		sequence, left := a.sequence, a.timeLeft()
		a.request(a, broker.Request{Ask: &broker.Ask{Sequence: sequence, Free: a.slots - len(a.runs), TimeLeft: a.timeLeft()}}, func(r broker.Reply) {
			if a.dead || !a.asking || a.sequence != sequence {
				return
			}
			a.asking = r.Unknown
			a.answer(r)
			if left > 0 && left < leastTime && len(r.Trials) > 0 {
				a.complain("agent %s asks with %v left, and is granted %+v", a.id, left, r.Trials)
			}
			for _, g := range r.Trials {
				if a.log.durable.quarantined[a.host] {
					a.complain("agent %s on %s, which is under quarantine, is granted %s", a.id, a.host, g.ID)
				}
				a.start(g)
			}
		})
	}
}

// timeLeft is what an ask says; 0: the agent has no end.
func (a *simAgent) timeLeft() time.Duration {
	if a.ends == 0 {
		return 0
	}
	return max(a.ends-a.Now(), 1)
}

// start runs a trial from its saved state.
func (a *simAgent) start(g broker.Granted) {
	if a.leaving {
		return
	}
	if a.dead {
		return
	}
	if a.static && g.Index%a.hosts != a.rank {
		a.complain("rank %d of %d is granted trial %d of the plan", a.rank, a.hosts, g.Index)
	}
	if old := a.runs[seatKey{g.ID, g.Hold().Rank}]; old != nil { // it has not heard yet that it lost an earlier attempt
		if old.hold.Attempt >= g.Attempt {
			a.complain("agent %s is granted attempt %d at %s, and runs attempt %d", a.id, g.Attempt, g.ID, old.hold.Attempt)
			return
		}
		old.halt()
	}
	if g.Gang != nil && len(a.runs) >= a.slots {
		a.complain("agent %s is granted a rank of %s (%+v), and runs %d trials in %d slots: %+v", a.id, g.ID, g.Gang, len(a.runs), a.slots, a.holding())
	}
	r := &simRun{hold: g.Hold(), updates: max(g.Updates, simUpdates), agent: a}
	a.runs[r.key()] = r
	if g.Gang != nil {
		r.join(g.Gang)
		return
	}
	a.resume(r)
}

// resume goes on from the trial's saved state.
func (a *simAgent) resume(r *simRun) {
	update := 0
	for _, saved := range a.disk[r.hold.Trial] {
		saved.Attempt = r.hold.Attempt
		a.report(saved)
		update = saved.Checkpoints[0].Update
	}
	a.train(r, update)
}

// train takes the trial to its next checkpoint.
func (a *simAgent) train(r *simRun, update int) {
	if a.faults.badHost && a.host == "host0" && r.gang == nil {
		a.After(a.between(10*time.Millisecond, time.Second), func() {
			if !r.stopped {
				a.end(r, sweep.CauseCode, update)
			}
		})
		return
	}
	a.After(a.between(10*time.Millisecond, 3*time.Second), func() {
		if r.stopped {
			return
		}
		trial := r.hold.Trial
		next := update + simEvery
		if r.gang != nil && !r.gang.goesOn(a.scripts[trial], update) {
			return
		}
		switch script := a.scripts[trial]; {
		case update >= r.updates:
			a.complete(r, sweep.CauseCompleted, r.updates)
			return
		case script == fails, script == fails1 && r.hold.Attempt == 1:
			a.end(r, sweep.CauseCode, update)
			return
		case script == diverges && next > 15:
			a.complete(r, sweep.CauseDiverged, 15)
			return
		case script == hungry && a.crowded(r):
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
	delete(a.runs, r.key())
	r.halt()
	a.report(results.TrialReport{Trial: r.hold.Trial, Attempt: r.hold.Attempt, Rank: r.hold.Rank, End: &results.End{Cause: cause, Update: update, Detail: "as the script says",
		Pace: &results.Pace{Start: 0.5, Updates: update, Update: 0.1, Checkpoint: 2}}})
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
		a.leave(sweep.CausePreempted)
	}
	if c.Work {
		a.askNow()
	}
}
