package results

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"neurosweep/sweep"
)

const commandText = "name: c\nmethod: grid\nprogram: train.py\nseeds: 2\nparameters: {x: {values: [1, 2]}}\nmetric: {name: loss}\n"

// commands makes a folder with a sweep of four trials of a program.
func commands(t testing.TB) (dir string, spec *sweep.Spec, plan []sweep.Trial) {
	t.Helper()
	spec, err := sweep.Parse("c.yaml", []byte(commandText), nil, toyCatalog())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		trial, err := spec.Trial(i, sweep.Values{"x": int64(1 + i/2)}, int64(i%2))
		if err != nil {
			t.Fatal(err)
		}
		plan = append(plan, trial)
	}
	dir = t.TempDir()
	if err := Create(dir, spec, plan); err != nil {
		t.Fatal(err)
	}
	return dir, spec, plan
}

// losses is a report of consecutive updates of loss, all of one value.
func losses(trial sweep.TrialID, attempt, from, to int, v Value) TrialReport {
	c := Curve{Metric: "loss", From: from, Values: slices.Repeat([]Value{v}, to-from+1)}
	return TrialReport{Trial: trial, Attempt: attempt, Curves: []Curve{c}, Evals: []Eval{{to, sweep.SummaryCondition, "loss", v}}}
}

func checkpointAt(update int, digest string) []Checkpoint {
	return []Checkpoint{{Update: update, Path: "p", Digest: digest, Bytes: 1}}
}

// TestSuperseded has attempts that go on from a checkpoint, from the beginning, and from before their checkpoint: what counts is one history, in the log's tail, in the
// parts, after a flush, after the end, and for whoever reads the log again.
func TestSuperseded(t *testing.T) {
	dir, spec, plan := commands(t)
	w := openToy(t, dir, 1, spec)
	var want []Value
	sequence := uint64(0)
	step := func(name string, flush bool, entries ...Entry) {
		t.Helper()
		if err := w.Append(entries...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		check := func(when string) {
			t.Helper()
			var got []Value
			for i, r := range rowsIn(t, dir).Curves {
				if got = append(got, r.Value); r.Update != int64(i) {
					t.Errorf("%s, %s: row %d is of update %d", name, when, i, r.Update)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s, %s: the curve is %v, want %v", name, when, got, want)
			}
		}
		check("in the log")
		if flush {
			if err := w.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
			check("flushed")
		}
	}
	says := func(tr TrialReport, checkpoints ...Checkpoint) Entry {
		sequence++
		tr.Checkpoints = checkpoints
		return reportOf("x", sequence, tr)
	}
	id := plan[0].ID
	lost := func(attempt int) Entry {
		return Entry{Ended: &Ended{Trial: id, Attempt: attempt, Cause: sweep.CauseNode}}
	}
	want = []Value{1, 1, 1, 1}
	step("attempt 1", true, granted("x", id, 1), says(losses(id, 1, 0, 3, 1)))
	want = []Value{2, 2, 2, 2, 2}
	step("attempt 2, without a checkpoint to go on from", false, lost(1), granted("x", id, 2), says(losses(id, 2, 0, 2, 2), checkpointAt(2, "a")...), says(losses(id, 2, 3, 4, 2)))
	want = []Value{2, 2, 2}
	step("attempt 3 is granted", true, lost(2), granted("x", id, 3))
	want = []Value{2, 2, 2, 3, 3}
	step("attempt 3 goes on", true, says(losses(id, 3, 3, 4, 3), checkpointAt(4, "b")...))
	want = []Value{2, 4, 4}
	step("attempt 4 goes back", true, lost(3), granted("x", id, 4), says(losses(id, 4, 1, 2, 4), checkpointAt(2, "c")...))
	step("and says the same again", false, says(losses(id, 4, 1, 2, 9)))
	if rows := rowsIn(t, dir); len(rows.Checkpoints) != 1 || rows.Checkpoints[0].Digest != "c" || len(rows.Evals) != 1 || rows.Evals[0].Value != 4 {
		t.Errorf("checkpoints %+v, evals %+v", rows.Checkpoints, rows.Evals)
	}
	step("the trial ends", false, says(TrialReport{Trial: id, Attempt: 4, End: &End{Cause: sweep.CauseCompleted, Update: 2}}),
		Entry{Outcome: &Outcome{Trial: id, Outcome: sweep.OutcomeFailed, Update: 2}})
	if w.State().Nondeterministic() != 0 {
		t.Error("a program is not held to give the same result twice")
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	before := rowsIn(t, dir)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = openToy(t, dir, 2, spec)
	if diff := cmp.Diff(before, rowsIn(t, dir), sameValues); diff != "" {
		t.Errorf("opened again it is another dataset: %s", diff)
	}
	want = []Value{2, 4, 4, 5}
	step("it is opened again, and goes on", true, Entry{Outcome: &Outcome{Trial: id}}, granted("x", id, 5), says(losses(id, 5, 3, 3, 5)))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
