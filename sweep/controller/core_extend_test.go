package controller

import (
	"slices"
	"strings"
	"testing"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// simExtended is what extended trials of a world shall have.
const simExtended = 50

// extendAfter has every second trial of the plan extended after a while. Each controller that comes later hears of it again, as one does that died before it removed
// the request.
func (w *world) extendAfter(d time.Duration) {
	r := &Request{Want: WantExtend, Updates: simExtended}
	for i := 0; i < len(w.plan)-w.supply; i += 2 {
		r.Trials = append(r.Trials, w.plan[i].ID)
	}
	w.After(d, func() {
		if w.core != nil && w.core.finished {
			return // it stays for a controller that this world does not have
		}
		w.extension = r
		w.step(Asked{*r})
	})
}

// TestExtend extends trials that wait, run and have ended: those that can complete do so at their new end, and every one has one outcome.
func TestExtend(t *testing.T) {
	scripts := slices.Repeat(scriptKinds, 2)
	extended, twice := 0, 0
	for seed := range uint64(200) {
		w := newWorld(seed, scripts, int(seed%5), 2, 1+int(seed%2), faults{})
		w.extendAfter(time.Duration(seed) * time.Second / 2)
		w.run()
		if broken := w.check(outcomesInPeace); len(broken) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(broken, "\n"))
		}
		for _, trial := range w.plan {
			if f := w.log.durable.trial(trial.ID); f.updates > 0 && f.outcome.Outcome == sweep.OutcomeCompleted {
				extended++
				if f.opened > 0 {
					twice++
				}
			}
		}
	}
	if extended < 200 || twice < 50 {
		t.Errorf("%d extended trials have completed, %d of them for the second time: these worlds show nothing", extended, twice)
	}
}

// TestExtendLate hears the end of an attempt that was granted before the extension, from its agent and as a zombie's: it is no end of the trial.
func TestExtendLate(t *testing.T) {
	w := newWorld(1, []script{good}, 0, 1, 1, faults{})
	id := w.plan[0].ID
	w.startController()
	w.log.sync()
	w.step(Synced{})
	c := w.core
	now := func(e Event) {
		t.Helper()
		if _, err := c.Step(0, e); err != nil {
			t.Fatal(err)
		}
	}
	a := c.agent("x")
	a.greeted = true
	c.lodge(a, "host")
	c.grant(a, 1)
	now(Asked{Request{Want: WantExtend, Trials: []sweep.TrialID{id, "unknown"}, Updates: simExtended}})
	sequence := uint64(0)
	reports := func(i sweep.Incarnation, updates int) {
		sequence++
		r := results.TrialReport{Trial: id, Attempt: 1, End: &results.End{Cause: sweep.CauseCompleted, Update: updates}}
		for u := simEvery; u <= updates; u += simEvery {
			r.Checkpoints = append(r.Checkpoints, results.Checkpoint{Update: u})
			r.Evals = append(r.Evals, results.Eval{Update: u})
		}
		now(Reported{&results.Report{Version: results.ReportVersion, Incarnation: i, Sequence: sequence, Trials: []results.TrialReport{r}}})
	}
	reports("x", simUpdates)
	if n := c.Counts(); n.Waiting != 1 || n.Ended != 0 {
		t.Fatalf("after the end of the first attempt: %+v", n)
	}
	past := w.log.past(w.plan)
	if again := NewCore(c.options, w.log, past); again.trials[id].read().said != "" || again.trials[id].updates != simExtended {
		t.Errorf("the next controller believes %+v", again.trials[id])
	}
	c.grant(a, 1)
	sequence = 0
	reports("y", simUpdates)
	if n := c.Counts(); n.Running != 1 {
		t.Fatalf("after a zombie's report: %+v", n)
	}
	reports("y", simExtended)
	if n := c.Counts(); n.Ended != 1 || n.Running != 0 {
		t.Fatalf("after the end that counts: %+v", n)
	}
}
