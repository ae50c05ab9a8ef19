package controller

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neurosweep/results"
	"neurosweep/sweep"
)

// A log is the ledger of the core's tests: entries, of which some are durable, and what they fold to, written independently of results.State.
type log struct {
	spec    *sweep.Spec
	entries []results.Entry
	synced  int
	all     *fold // of all entries
	durable *fold // of those that are synced
}

func newLog(s *sweep.Spec) *log {
	return &log{spec: s, all: newFold(s), durable: newFold(s)}
}

// Append, HighWater, Complete and Newest are the core's Ledger.
func (l *log) Append(entries ...results.Entry) error {
	for _, e := range entries {
		l.entries = append(l.entries, e)
		if err := l.all.apply(e); err != nil {
			return err
		}
	}
	return nil
}

func (l *log) HighWater(i sweep.Incarnation) uint64 { return l.all.high[i] }

func (l *log) Complete(t sweep.TrialID, reached int) bool {
	for _, u := range l.spec.Checkpoints.Planned(max(l.all.trial(t).updates, simUpdates), reached) {
		if !l.all.trial(t).checkpoints[u] || !l.all.trial(t).evals[u] {
			return false
		}
	}
	return true
}

func (l *log) Newest(t sweep.TrialID) int { return l.all.trial(t).newest() }

// quarantined lists the nodes under quarantine.
func (l *log) quarantined() (list []results.Quarantine) {
	for node, is := range l.all.quarantined {
		if is {
			list = append(list, results.Quarantine{Node: node})
		}
	}
	return list
}

// sync makes everything durable.
func (l *log) sync() {
	for _, e := range l.entries[l.synced:] {
		_ = l.durable.apply(e) // it was applied before without an error
	}
	l.synced = len(l.entries)
}

// recover is what a crash leaves: all that was synced, and of the rest a beginning.
func (l *log) recover(r *rand.Rand) {
	kept := l.synced + r.IntN(len(l.entries)-l.synced+1)
	l.entries = l.entries[:kept]
	l.sync()
	l.all = newFold(l.spec)
	for _, e := range l.entries {
		_ = l.all.apply(e)
	}
}

// best is the best value of the target's metric so far.
func (l *log) best(t target) (id sweep.TrialID, value float64, ok bool) {
	for _, e := range l.entries {
		if e.Report == nil {
			continue
		}
		for _, tr := range e.Report.Trials {
			for _, eval := range tr.Evals {
				if v := float64(eval.Value); !ok || t.sign*v > t.sign*value {
					id, value, ok = tr.Trial, v, true
				}
			}
		}
	}
	return id, value, ok && t.sign != 0
}

// A fold is what entries come to.
type fold struct {
	spec    *sweep.Spec
	high    map[sweep.Incarnation]uint64
	trials  map[sweep.TrialID]*foldTrial
	planned []sweep.Trial
	state   string

	quarantined map[string]bool
}

type foldTrial struct {
	attempts           map[int]*PastAttempt
	last               int
	opened             int // the highest attempt before it was opened again
	updates            int // that it was extended to
	outcome            results.Outcome
	outcomes           int
	checkpoints, evals map[int]bool
}

func newFold(s *sweep.Spec) *fold {
	return &fold{spec: s, high: map[sweep.Incarnation]uint64{}, trials: map[sweep.TrialID]*foldTrial{}, quarantined: map[string]bool{}}
}

func (f *fold) trial(id sweep.TrialID) *foldTrial {
	t := f.trials[id]
	if t == nil {
		t = &foldTrial{attempts: map[int]*PastAttempt{}, checkpoints: map[int]bool{}, evals: map[int]bool{}}
		f.trials[id] = t
	}
	return t
}

func (t *foldTrial) newest() int {
	newest := -1
	for u := range t.checkpoints {
		newest = max(newest, u)
	}
	return newest
}

func (f *fold) apply(e results.Entry) error {
	switch {
	case e.Granted != nil:
		for _, g := range e.Granted.Trials {
			t := f.trial(g.Trial)
			if t.attempts[g.Attempt] != nil || g.Attempt != t.last+1 {
				return fmt.Errorf("trial %s: attempt %d after %d", g.Trial, g.Attempt, t.last)
			}
			if running := t.running(); running != 0 || t.outcome.Outcome != "" {
				return fmt.Errorf("trial %s: attempt %d is granted while %d runs, outcome %q", g.Trial, g.Attempt, running, t.outcome.Outcome)
			}
			t.last = g.Attempt
			t.attempts[g.Attempt] = &PastAttempt{Number: g.Attempt, Incarnation: e.Granted.Incarnation, Agent: e.Granted.Agent, Ranks: g.Ranks}
		}
	case e.Ended != nil:
		t := f.trial(e.Ended.Trial)
		a := t.attempts[e.Ended.Attempt]
		if a == nil || a.Ended {
			return fmt.Errorf("trial %s: attempt %d is ended, but does not run", e.Ended.Trial, e.Ended.Attempt)
		}
		a.Ended, a.Taken, a.Suspect, a.Newest = true, !e.Ended.Own, e.Ended.Suspect, t.newest()
		a.End = results.End{Cause: e.Ended.Cause, Detail: e.Ended.Detail, Update: e.Ended.Update}
	case e.Outcome != nil:
		return f.trial(e.Outcome.Trial).end(*e.Outcome)
	case e.Extended != nil:
		for _, id := range e.Extended.Trials {
			t := f.trial(id)
			if e.Extended.Updates <= max(t.updates, simUpdates) {
				return fmt.Errorf("trial %s is extended to %d updates and has %d", id, e.Extended.Updates, t.updates)
			}
			t.updates = e.Extended.Updates
			if t.outcome.Outcome == sweep.OutcomeCompleted {
				t.outcome, t.opened = results.Outcome{}, t.last
				t.outcomes--
			}
		}
	case e.Planned != nil:
		f.planned = append(f.planned, e.Planned.Trials...)
	case e.State != nil:
		f.state = e.State.State
	case e.Event != nil && e.Event.Node != "":
		f.quarantined[e.Event.Node] = e.Event.Kind == results.EventNodeQuarantined
	case e.Report != nil:
		return f.report(e.Report)
	}
	return nil
}

func (t *foldTrial) running() int {
	for n, a := range t.attempts {
		if !a.Ended {
			return n
		}
	}
	return 0
}

func (t *foldTrial) end(o results.Outcome) error {
	if (o.Outcome == "") == (t.outcome.Outcome == "") {
		return fmt.Errorf("trial %s: outcome %q after %q", o.Trial, o.Outcome, t.outcome.Outcome)
	}
	if n := t.running(); n != 0 {
		return fmt.Errorf("trial %s: outcome %q while attempt %d runs", o.Trial, o.Outcome, n)
	}
	t.outcome = o
	if o.Outcome == "" {
		t.opened = t.last
	} else {
		t.outcomes++
	}
	return nil
}

func (f *fold) report(r *results.Report) error {
	if r.Sequence != f.high[r.Incarnation]+1 {
		return fmt.Errorf("report %d of %s after %d", r.Sequence, r.Incarnation, f.high[r.Incarnation])
	}
	f.high[r.Incarnation] = r.Sequence
	for _, tr := range r.Trials {
		t := f.trial(tr.Trial)
		for _, c := range tr.Checkpoints {
			t.checkpoints[c.Update] = true
		}
		for _, e := range tr.Evals {
			t.evals[e.Update] = true
		}
		if a := t.attempts[tr.Attempt]; tr.End != nil && a != nil && !a.Ended && a.Incarnation == r.Incarnation {
			a.Ended, a.End, a.Newest = true, *tr.End, t.newest()
		}
	}
	return nil
}

// past is what the core of the next controller is made from.
func (l *log) past(planned []sweep.Trial) []Past {
	var past []Past
	for _, p := range slices.Concat(planned, l.all.planned) {
		t := l.all.trial(p.ID)
		item := Past{Trial: p, Outcome: t.outcome.Outcome, Cause: t.outcome.Cause, Updates: t.updates, Last: t.last}
		for n := t.opened + 1; n <= t.last; n++ {
			item.Attempts = append(item.Attempts, *t.attempts[n])
		}
		past = append(past, item)
	}
	return past
}

// value is the metric of a trial's checkpoint: a function of the trial, as training is.
func value(t sweep.TrialID, update int) results.Value {
	sum := 0.0
	for i, c := range t {
		sum += math.Sin(float64(int(c)*(i+1) + update))
	}
	return results.Value(math.Abs(math.Sin(sum)))
}

// events are those that nothing else implies, in words.
func (l *log) events() (texts []string) {
	for _, e := range l.entries {
		if e.Event != nil {
			texts = append(texts, fmt.Sprintf("%s %s: %s", e.Event.Kind, e.Event.Trial, e.Event.Detail))
		}
	}
	return texts
}

// ended counts the attempts that entries of their own ended; lastEnded is the last of these.
func (l *log) ended() (n int) {
	for _, e := range l.entries {
		if e.Ended != nil {
			n++
		}
	}
	return n
}

func (l *log) lastEnded() (last results.Ended) {
	for _, e := range l.entries {
		if e.Ended != nil {
			last = *e.Ended
		}
	}
	return last
}
