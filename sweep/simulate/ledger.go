package simulate

import (
	"fmt"
	"strconv"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// TrialID is the key of the trial at a place of a simulated plan; as long as a real one.
func TrialID(index int) sweep.TrialID { return sweep.TrialID(fmt.Sprintf("%032x", index)) }

// place is the inverse of TrialID.
func place(id sweep.TrialID) (int, error) {
	if len(id) != 32 {
		return 0, fmt.Errorf("trial %q is none of the simulation's", id)
	}
	n, err := strconv.ParseUint(string(id[16:]), 16, 32)
	return int(n), err
}

// A ledger is what the simulation keeps of the sweep's log: a few bytes a trial, and every entry checked against what was before it. Where there is
// another ledger, that one answers the core.
type ledger struct {
	other  controller.Ledger // nil: none
	trials []kept
	high   map[sweep.Incarnation]uint64
	causes map[sweep.Cause]int // attempts that have ended
	events map[string]int
	starts int // attempts
}

// kept is one trial.
type kept struct {
	attempts  int32
	newest    int32 // checkpoint; -1: none
	running   bool
	delivered bool // its last checkpoint is there
	outcomes  uint8
	failed    bool
}

func newLedger(trials int, other controller.Ledger) *ledger {
	l := &ledger{other: other, trials: make([]kept, trials), high: map[sweep.Incarnation]uint64{}, causes: map[sweep.Cause]int{}, events: map[string]int{}}
	for i := range l.trials {
		l.trials[i].newest = -1
	}
	return l
}

// HighWater is the sequence of the last report of an incarnation that was appended.
func (l *ledger) HighWater(i sweep.Incarnation) uint64 {
	if l.other != nil {
		return l.other.HighWater(i)
	}
	return l.high[i]
}

// Complete tells whether a trial's last checkpoint was appended.
func (l *ledger) Complete(id sweep.TrialID, reached int) bool {
	if l.other != nil {
		return l.other.Complete(id, reached)
	}
	i, err := place(id)
	return err == nil && i < len(l.trials) && l.trials[i].delivered
}

// Newest is the number of a trial's newest checkpoint; -1: it has none.
func (l *ledger) Newest(id sweep.TrialID) int {
	if l.other != nil {
		return l.other.Newest(id)
	}
	i, err := place(id)
	if err != nil || i >= len(l.trials) {
		return -1
	}
	return int(l.trials[i].newest)
}

// Append checks entries and takes them.
func (l *ledger) Append(entries ...results.Entry) error {
	for _, e := range entries {
		if err := l.append(e); err != nil {
			return err
		}
	}
	if l.other != nil {
		return l.other.Append(entries...)
	}
	return nil
}

func (l *ledger) append(e results.Entry) error {
	switch {
	case e.Report != nil:
		return l.report(e.Report)
	case e.Granted != nil:
		for _, g := range e.Granted.Trials {
			t, err := l.at(g.Trial)
			if err != nil {
				return err
			}
			if t.running || t.outcomes > 0 || int(t.attempts)+1 != g.Attempt {
				return fmt.Errorf("trial %s: attempt %d is granted after %d; running: %t, outcomes: %d", g.Trial, g.Attempt, t.attempts, t.running, t.outcomes)
			}
			t.attempts, t.running = int32(g.Attempt), true
			l.starts++
		}
	case e.Ended != nil:
		t, err := l.at(e.Ended.Trial)
		if err != nil {
			return err
		}
		return l.end(t, e.Ended.Trial, e.Ended.Attempt, e.Ended.Cause)
	case e.Outcome != nil:
		t, err := l.at(e.Outcome.Trial)
		if err != nil {
			return err
		}
		completed := e.Outcome.Outcome == sweep.OutcomeCompleted
		if t.running || t.outcomes > 0 || completed && !t.delivered {
			return fmt.Errorf("trial %s ends as %s; running: %t, outcomes before: %d, delivered: %t", e.Outcome.Trial, e.Outcome.Outcome, t.running, t.outcomes, t.delivered)
		}
		t.outcomes++
		t.failed = !completed
	case e.Event != nil:
		l.events[e.Event.Kind]++
	}
	return nil
}

func (l *ledger) at(id sweep.TrialID) (*kept, error) {
	i, err := place(id)
	if err != nil || i >= len(l.trials) {
		return nil, fmt.Errorf("trial %q is not in the plan", id)
	}
	return &l.trials[i], nil
}

func (l *ledger) end(t *kept, id sweep.TrialID, attempt int, cause sweep.Cause) error {
	if !t.running || int(t.attempts) != attempt {
		return fmt.Errorf("trial %s: attempt %d is ended, but does not run", id, attempt)
	}
	t.running = false
	l.causes[cause]++
	return nil
}

func (l *ledger) report(r *results.Report) error {
	if high := l.high[r.Incarnation]; r.Sequence != high+1 {
		return fmt.Errorf("report %d of %s is taken after report %d", r.Sequence, r.Incarnation, high)
	}
	l.high[r.Incarnation] = r.Sequence
	for _, tr := range r.Trials {
		t, err := l.at(tr.Trial)
		if err != nil {
			return err
		}
		for _, c := range tr.Checkpoints {
			t.newest = max(t.newest, int32(c.Update))
		}
		if tr.End == nil {
			continue
		}
		if tr.End.Cause == sweep.CauseCompleted {
			t.delivered = int(t.newest) == tr.End.Update
		}
		if t.running && int(t.attempts) == tr.Attempt {
			if err := l.end(t, tr.Trial, tr.Attempt, tr.End.Cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// check demands that every trial has one outcome, and nothing runs.
func (l *ledger) check(n controller.Counts) (failed int, err error) {
	for i, t := range l.trials {
		if t.running || t.outcomes != 1 {
			return failed, fmt.Errorf("the sweep has ended, and trial %s has %d outcomes; running: %t", TrialID(i), t.outcomes, t.running)
		}
		if t.failed {
			failed++
		}
	}
	if want := (controller.Counts{Planned: len(l.trials), Ended: len(l.trials), Failed: failed}); n.Planned != want.Planned || n.Ended != want.Ended ||
		n.Failed != failed || n.Running != 0 || n.Waiting != 0 {
		return failed, fmt.Errorf("the controller counts %+v, and %d trials have ended, %d failed", n, len(l.trials), failed)
	}
	return failed, nil
}
