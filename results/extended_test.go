package results

import (
	"strings"
	"testing"

	"neurosweep/sweep"
)

// TestStateOfAnExtendedTrial extends a trial that has completed, one that has failed, and one that has not ended.
func TestStateOfAnExtendedTrial(t *testing.T) {
	_, spec, plan := toy(t)
	s := newState(spec, plan)
	updates := spec.Updates()
	done, failed, fresh := plan[0].ID, plan[1].ID, plan[2].ID
	apply(t, s, granted("x", done, 1), reportOf("x", 1, toyParts(plan[0], 1)...), Entry{Outcome: &Outcome{Trial: done, Outcome: sweep.OutcomeCompleted, Update: updates}},
		Entry{Outcome: &Outcome{Trial: failed, Outcome: sweep.OutcomeFailed}})
	extend := func(n int, ids ...sweep.TrialID) Entry { return Entry{Extended: &Extended{Trials: ids, Updates: n}} }
	rows := apply(t, s, extend(updates+5, done, failed, fresh))
	if len(rows.Events) != 3 || rows.Events[0].Kind != EventExtended || len(rows.Trials) > 0 {
		t.Errorf("the extension gave %+v", rows)
	}
	if s.Ended() != 1 || s.Outcomes()[sweep.OutcomeCompleted] != 0 || s.Trial(done).Outcome != "" || s.Trial(done).Before != 1 || s.Trial(failed).Outcome != sweep.OutcomeFailed {
		t.Errorf("%d have ended, %v; %+v", s.Ended(), s.Outcomes(), s.Trial(done))
	}
	if s.Complete(done, updates+5) || !s.Complete(done, updates-1) {
		t.Errorf("complete at the new end: %v, before the old one: %v", s.Complete(done, updates+5), s.Complete(done, updates-1))
	}
	last := toyParts(plan[0], 2)[2]
	last.Checkpoints[0].Update = updates + 5
	for i := range last.Evals {
		last.Evals[i].Update = updates + 5
	}
	apply(t, s, granted("y", done, 2), reportOf("y", 1, TrialReport{Trial: done, Attempt: 2, Evals: last.Evals, Checkpoints: last.Checkpoints, End: &End{Cause: sweep.CauseCompleted, Update: updates + 5}}))
	if !s.Complete(done, updates+5) {
		t.Error("the last checkpoint is there, and the trial is not complete")
	}
	for name, e := range map[string]Entry{"as many": extend(updates+5, done), "fewer": extend(1, fresh), "unknown": extend(updates+9, "unknown")} {
		if _, err := s.Apply(e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, s := range []*State{s, recoded(t, s)} {
		d := &Dataset{spec: spec, plan: plan, state: s}
		if n := d.Extended(); n[updates+5] != 3 || d.Updates(fresh) != updates+5 || d.Updates(plan[3].ID) != updates {
			t.Errorf("extended %v, %d updates, %d of one that was not", n, d.Updates(fresh), d.Updates(plan[3].ID))
		}
	}
}

// TestEqualOfExtendedSweeps: the checkpoint at the former end does not count where it is not planned; every other one does.
func TestEqualOfExtendedSweeps(t *testing.T) {
	_, spec, plan := toy(t) // checkpoints every 10 of 30 updates
	id := string(plan[0].ID)
	extended := func(updates int, former ...int) *Dataset {
		s := newState(spec, plan[:1])
		trial := s.trials[plan[0].ID]
		trial.extension = &extension{updates, former}
		return &Dataset{spec: spec, plan: plan[:1], state: s, parts: map[string][]string{}}
	}
	add := func(d *Dataset, updates ...int64) *Dataset {
		for _, u := range updates {
			d.checkpoints = append(d.checkpoints, CheckpointRow{Trial: id, Update: u})
			d.tail.Evals = append(d.tail.Evals, EvalRow{id, u, "e", "a", 1})
		}
		return d
	}
	long := add(extended(45), 10, 20, 30, 40, 45)
	for name, c := range map[string]struct {
		short *Dataset
		want  string
	}{
		"former end":         {add(extended(45, 33), 10, 20, 30, 33, 40, 45), ""},
		"planned former end": {add(extended(45, 30), 10, 20, 30, 40, 45), ""},
		"a planned one lost": {add(extended(45, 30), 10, 20, 40, 45), "update 30"},
		"another one":        {add(extended(45, 33), 10, 20, 30, 34, 40, 45), "update 34"},
	} {
		for i := range 2 {
			sets := []*Dataset{c.short, long}
			got, err := Equal(sets[i], sets[1-i])
			if err != nil || (c.want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}
