package results

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"neurosweep/sweep"
)

// digestOf64 is a digest of the usual form.
func digestOf64(n int) string { return fmt.Sprintf("%064x", n) }

// usual are the reports of a trial with checkpoints of the usual names, which can be packed.
func usual(t sweep.Trial, attempt int) []TrialReport {
	parts := toyParts(t, attempt)
	for i := range parts {
		for k := range parts[i].Checkpoints {
			c := &parts[i].Checkpoints[k]
			c.Path, c.Digest = sweep.WeightsPath(t.ID, c.Update), digestOf64(c.Update)
		}
	}
	return parts
}

// TestPackedRows ends trials alike and otherwise: what is held of them is the same before and after they are packed, those that are alike share their layout, and a
// packed trial still knows what comes again, and takes what is new.
func TestPackedRows(t *testing.T) {
	_, spec, plan := toy(t)
	s := newState(spec, plan)
	completed := func(p sweep.Trial, i sweep.Incarnation, parts []TrialReport) *heldRows {
		t.Helper()
		apply(t, s, granted(i, p.ID, 1), reportOf(i, 1, parts...))
		trial := s.Trial(p.ID)
		trial.settleCurves()
		before := *trial.rows()
		apply(t, s, Entry{Outcome: &Outcome{Trial: p.ID, Outcome: sweep.OutcomeCompleted, Update: 30}})
		return &before
	}
	same := func(a, b *heldRows) string {
		return cmp.Diff(a, b, cmp.AllowUnexported(heldRows{}), cmp.Comparer(Value.Same))
	}
	for i, p := range plan[:3] {
		before := completed(p, sweep.Incarnation(fmt.Sprint("a", i)), usual(p, 1))
		trial := s.Trial(p.ID)
		if trial.layout == nil || trial.heldRows != nil || len(s.layouts) != 1 {
			t.Fatalf("trial %d is not packed, or %d layouts are there", i, len(s.layouts))
		}
		if diff := same(before, trial.rows()); diff != "" {
			t.Errorf("packed and unpacked (-was +is):\n%s", diff)
		}
		if !s.Complete(p.ID, 30) || s.Newest(p.ID) != 30 {
			t.Errorf("complete %v, newest %d", s.Complete(p.ID, 30), s.Newest(p.ID))
		}
	}
	odd := usual(plan[3], 1)
	odd[0].Checkpoints[0].Path = "elsewhere"
	before := completed(plan[3], "odd", odd)
	if trial := s.Trial(plan[3].ID); trial.layout != nil || same(before, trial.rows()) != "" {
		t.Errorf("a checkpoint of another name: packed %v", trial.layout != nil)
	}

	first := plan[0].ID
	if rows := apply(t, s, reportOf("zombie", 1, usual(plan[0], 1)...)); rows.count() > 0 || s.Nondeterministic() > 0 || s.Trial(first).layout == nil {
		t.Errorf("what is known gave %+v", rows)
	}
	other := TrialReport{Trial: first, Checkpoints: []Checkpoint{{Update: 10, Digest: digestOf64(11)}}}
	added := TrialReport{Trial: first, Evals: []Eval{{10, "added", "m", 0.5}}}
	if rows := apply(t, s, reportOf("zombie", 2, other, added)); len(rows.Evals) != 1 || s.Nondeterministic() != 1 {
		t.Errorf("another digest and a new evaluation gave %+v", rows)
	}
	if s.Trial(first).layout == nil || len(s.layouts) != 2 || len(s.Trial(first).rows().evals) != len(s.Trial(plan[1].ID).rows().evals)+1 {
		t.Errorf("after a new evaluation there are %d layouts", len(s.layouts))
	}
	if rows := apply(t, s, reportOf("zombie", 3, TrialReport{Trial: first, Deleted: []int{20}})); rows.count() > 0 || !s.checkpointRows()[0].Deleted && !s.Trial(first).rows().checkpoints[1].Deleted {
		t.Errorf("deleted weights gave %+v", rows)
	}
	apply(t, s, Entry{Outcome: &Outcome{Trial: first}})
	if s.Trial(first).layout != nil || s.Trial(first).Before != 1 {
		t.Error("a trial that is open again is still packed")
	}
}

// TestFirstSnapshot reads a snapshot of the first versions.
func TestFirstSnapshot(t *testing.T) {
	_, spec, plan := toy(t)
	s := newState(spec, plan)
	apply(t, s, granted("a", plan[0].ID, 1), reportOf("a", 1, usual(plan[0], 1)...), Entry{Outcome: &Outcome{Trial: plan[0].ID, Outcome: sweep.OutcomeCompleted, Update: 30}},
		granted("a", plan[1].ID, 1), reportOf("a", 2, usual(plan[1], 1)[:2]...))
	old := firstSnapshot{High: s.high, Agents: s.agents, Causes: s.causes, Outcomes: s.outcomes, Quarantined: s.quarantined}
	for p := range s.Trials {
		params, err := json.Marshal(p.Params)
		if err != nil {
			t.Fatal(err)
		}
		rows := p.rows()
		f := firstTrial{ID: p.ID, Cell: p.Cell, Index: p.Index, Seed: p.Seed, Params: params, Outcome: p.Outcome, Cause: p.Cause, Reached: p.Reached,
			Attempts: p.Attempts, Checkpoints: rows.checkpoints, Evals: rows.evals, Curves: rows.curves}
		if p.Outcome != "" {
			f.Attempts = []AttemptState{{Number: 1, Ended: true}}
		}
		old.Trials = append(old.Trials, f)
	}
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := gob.NewEncoder(z).Encode(old); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := decodeState(spec, firstStateName, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.checkpointRows(), again.checkpointRows()) + cmp.Diff(s.trialRows(), again.trialRows()); diff != "" {
		t.Error(diff)
	}
	if again.Ended() != 1 || again.Trial(plan[0].ID).Before != 1 || again.Trial(plan[0].ID).layout == nil || again.Trial(plan[1].ID).Running() == nil {
		t.Errorf("%+v\n%+v", again.Trial(plan[0].ID), again.Trial(plan[1].ID))
	}
	if _, err := decodeState(spec, stateName, b.Bytes()); err == nil {
		t.Error("the old snapshot is read under the new name")
	}
}
