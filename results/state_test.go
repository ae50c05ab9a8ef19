package results

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"neurosweep/sweep"
)

// apply folds entries in, and returns their rows.
func apply(t testing.TB, s *State, entries ...Entry) Rows {
	t.Helper()
	var all Rows
	for _, e := range entries {
		rows, err := s.Apply(e)
		if err != nil {
			t.Fatal(err)
		}
		all.add(rows)
	}
	return all
}

func reportOf(i sweep.Incarnation, sequence uint64, trials ...TrialReport) Entry {
	return Entry{Report: &Report{Version: ReportVersion, Incarnation: i, Sequence: sequence, Trials: trials}}
}

func granted(i sweep.Incarnation, t sweep.TrialID, attempt int) Entry {
	return Entry{Granted: &Granted{Incarnation: i, Agent: "host:1", Trials: []Grant{{Trial: t, Attempt: attempt}}}}
}

// TestStateCountsOnce repeats reports: by their number, and by their rows.
func TestStateCountsOnce(t *testing.T) {
	_, spec, plan := toy(t)
	id := plan[0].ID
	s := newState(spec, plan)
	part := toyParts(plan[0], 1)[0]
	first := apply(t, s, granted("x", id, 1), reportOf("x", 1, part))
	if len(first.Curves) != 20 || len(first.Evals) != 2 || len(first.Checkpoints) != 1 {
		t.Fatalf("the first report gave %d curve, %d eval, %d checkpoint rows", len(first.Curves), len(first.Evals), len(first.Checkpoints))
	}
	if rows := apply(t, s, reportOf("x", 1, part)); rows.count() > 0 {
		t.Errorf("the same report gave %d rows again", rows.count())
	}
	if rows := apply(t, s, reportOf("y", 1, part)); rows.count() > 0 || len(rows.Checkpoints) > 0 {
		t.Errorf("the same rows of another incarnation gave %d rows again, NaNs among them", rows.count())
	}
	if _, err := s.Apply(reportOf("x", 3, part)); err == nil || !strings.Contains(err.Error(), "report 3 of x follows report 1") {
		t.Errorf("a gap: %v", err)
	}
	if s.HighWater("x") != 1 || s.Nondeterministic() != 0 {
		t.Errorf("high-water mark %d, %d nondeterministic rows", s.HighWater("x"), s.Nondeterministic())
	}
	if _, err := s.Apply(reportOf("x", 2, TrialReport{Trial: "unknown"})); err == nil {
		t.Error("a report of a trial that is not in the plan was taken")
	}
}

// TestStateFindsNondeterminism has another value, one a row: the first stays, and an event says so.
func TestStateFindsNondeterminism(t *testing.T) {
	_, spec, plan := toy(t)
	id := plan[0].ID
	for name, other := range map[string]TrialReport{
		"curve":      {Trial: id, Attempt: 1, Curves: []Curve{{"loss", 3, []Value{777, 778}}}},
		"nan":        {Trial: id, Attempt: 1, Curves: []Curve{{"x", 1, []Value{1}}}},
		"eval":       {Trial: id, Attempt: 1, Evals: []Eval{{10, "e", "a", 777}}},
		"checkpoint": {Trial: id, Attempt: 1, Checkpoints: []Checkpoint{{Update: 10, Digest: "other"}}},
	} {
		s := newState(spec, plan)
		apply(t, s, granted("x", id, 1), reportOf("x", 1, toyParts(plan[0], 1)[0], TrialReport{Trial: id, Curves: []Curve{{"x", 1, []Value{Value(math.NaN())}}}}))
		rows := apply(t, s, reportOf("y", 1, other))
		if rows.count() != 1 || rows.Events[0].Kind != EventNondeterministic || rows.Events[0].Trial != string(id) || s.Nondeterministic() != 1 {
			t.Errorf("%s: rows %+v", name, rows)
		}
	}
}

// TestStateOfATrial follows one trial through a lost attempt, an end, and being opened again.
func TestStateOfATrial(t *testing.T) {
	_, spec, plan := toy(t)
	id := plan[0].ID
	s := newState(spec, plan)
	parts := toyParts(plan[0], 2)
	apply(t, s, granted("x", id, 1), Entry{Ended: &Ended{Trial: id, Attempt: 1, Cause: sweep.CauseNode, Suspect: true}}, granted("y", id, 2),
		reportOf("y", 1, parts[0]), reportOf("y", 2, parts[1]))
	if s.Complete(id, 30) || !s.Complete(id, 20) || s.Newest(id) != 20 || s.Trial(id).Running().Number != 2 {
		t.Errorf("after two parts: complete at 30 %v, at 20 %v, newest %d", s.Complete(id, 30), s.Complete(id, 20), s.Newest(id))
	}
	rows := apply(t, s, reportOf("y", 3, parts[2], parts[3]), Entry{Outcome: &Outcome{Trial: id, Outcome: sweep.OutcomeCompleted, Update: 30}})
	if len(rows.Trials) != 1 || len(rows.Timings) != 1 || rows.Timings[0].Update != 30 || !s.Complete(id, 30) || s.Ended() != 1 {
		t.Errorf("after its end: %+v", rows)
	}
	if rows := apply(t, s, reportOf("x", 1, toyParts(plan[0], 1)...)); rows.count() > 0 {
		t.Errorf("a zombie's report gave %d rows", rows.count())
	}
	for name, e := range map[string]Entry{"a grant": granted("x", id, 3), "a second outcome": {Outcome: &Outcome{Trial: id, Outcome: sweep.OutcomeFailed}},
		"the end of an ended attempt": {Ended: &Ended{Trial: id, Attempt: 2}}} {
		if _, err := s.Apply(e); err == nil {
			t.Errorf("%s was taken after the trial's end", name)
		}
	}
	apply(t, s, Entry{Outcome: &Outcome{Trial: id}})
	if s.Ended() != 0 || s.Trial(id).Before != 2 {
		t.Errorf("opened again: %d ended, opened at %d", s.Ended(), s.Trial(id).Before)
	}
	more := apply(t, s, granted("z", id, 3), reportOf("z", 1, TrialReport{Trial: id, Attempt: 3, Curves: []Curve{{"loss", 29, []Value{9, 9, 9, 9}}}, Deleted: []int{10}}))
	if len(more.Curves) != 2 || more.Curves[0].Update != 31 {
		t.Errorf("updates 29 to 32, of which 29 and 30 are known, gave %+v", more.Curves)
	}
	if c := s.checkpointRows(); !c[0].Deleted || c[1].Deleted {
		t.Errorf("checkpoints %+v, want the first deleted", c)
	}
}

// recoded is a state as the next controller reads it.
func recoded(t *testing.T, s *State) *State {
	t.Helper()
	data, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	c, err := decodeState(s.spec, stateName, data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSnapshot encodes a state anywhere in a sweep: the copy goes on like the original.
func TestSnapshot(t *testing.T) {
	_, spec, plan := toy(t)
	for seed := range uint64(10) {
		entries := toyEntries(plan, seed)
		for at := range entries {
			s := newState(spec, plan)
			apply(t, s, entries[:at]...)
			c := recoded(t, s)
			if at%7 == 0 {
				a, b := apply(t, s, entries[at:]...), apply(t, c, entries[at:]...)
				if diff := cmp.Diff(a, b, sameValues); diff != "" {
					t.Fatalf("seed %d, entry %d: %s", seed, at, diff)
				}
			}
			if diff := cmp.Diff(s.trialRows(), c.trialRows()); diff != "" || s.Ended() != c.Ended() || s.Agents() != c.Agents() || s.SweepState() != c.SweepState() {
				t.Fatalf("seed %d, entry %d: %s", seed, at, diff)
			}
		}
	}
}

// TestFormerAgents: an agent is owed an end, by this controller or a later one, until one says that it left; only those of the present one count.
func TestFormerAgents(t *testing.T) {
	_, spec, plan := toy(t)
	s := newState(spec, plan)
	event := func(kind, agent string) Entry { return Entry{Event: &Event{Kind: kind, Agent: agent}} }
	apply(t, s, event(EventTermTaken, ""), event(EventAgentJoined, "a"), event(EventAgentJoined, "b"), event(EventAgentJoined, "c"), event(EventAgentLeft, "b"))
	apply(t, s, event(EventTermTaken, ""), event(EventAgentJoined, "c"), event(EventAgentJoined, "d"))
	apply(t, s, event(EventTermTaken, ""), event(EventAgentJoined, "d"))
	for _, state := range []*State{s, recoded(t, s)} {
		if got := state.FormerAgents(); !slices.Equal(got, []string{"a", "c", "d"}) || state.Agents() != 1 {
			t.Errorf("%d agents; not left: %v; want d, and a c d", state.Agents(), got)
		}
	}
}

// TestReadersBesideAWriter opens snapshots all through a sweep: rows only grow, and a trial that has ended has all of its rows.
func TestReadersBesideAWriter(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		seen := 0
		for {
			rows := rowsIn(t, dir)
			if n := len(rows.Curves) + len(rows.Evals) + len(rows.Checkpoints); n < seen {
				t.Errorf("there are %d rows, and were %d before", n, seen)
			} else {
				seen = n
			}
			for _, r := range rows.Trials {
				if n := count(rows.Curves, func(c CurveRow) bool { return c.Trial == r.Trial }); n != 60 {
					t.Errorf("trial %s has ended with %d curve rows", r.Trial, n)
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i, e := range toyEntries(plan, 5) {
		err := errors.Join(w.Append(e), w.Sync())
		if i%3 == 0 {
			err = errors.Join(err, w.Flush(context.Background()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	close(stop)
	readers.Wait()
}

func count[T any](rows []T, is func(T) bool) int {
	n := 0
	for _, r := range rows {
		if is(r) {
			n++
		}
	}
	return n
}

// TestFewParts flushes often: parts are merged, and no row is lost or doubled.
func TestFewParts(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	s := newState(spec, plan)
	var want Rows
	for _, e := range toyEntries(plan, 8) {
		want.add(apply(t, s, e))
		if err := errors.Join(w.Append(e), w.Flush(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range appended {
		files, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
		if err != nil || len(files) > maxParts {
			t.Errorf("table %s has %d parts, %v", table, len(files), err)
		}
	}
	got := rowsIn(t, dir)
	slices.SortFunc(want.Curves, compareCurves)
	slices.SortFunc(want.Evals, compareEvals)
	if diff := cmp.Diff(want.Curves, got.Curves, sameValues) + cmp.Diff(want.Evals, got.Evals, sameValues); diff != "" {
		t.Error(diff)
	}
}

// TestMergeKeepsNoName takes over a large part beside sixteen small ones: no name of the generation before is left, so that a reader that looks names up after the
// link was swapped finds none of them, rather than some.
func TestMergeKeepsNoName(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	entries := toyEntries(plan, 8)
	for i := 0; len(w.manifest.Tables[sweep.CurvesTable]) <= maxParts-1; i++ {
		if err := errors.Join(w.Append(entries[i]), w.Flush(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	before := *w.manifest
	parts := slices.Clone(before.Tables[sweep.CurvesTable])
	large := parts[0]
	large.Rows = largePart // as it would be in a large sweep
	before.Tables = map[string][]part{sweep.CurvesTable: append([]part{large}, append(parts[1:], parts[1])...)}
	m := &manifest{Number: before.Number + 1, Generation: "merged"}
	m.Tables = map[string][]part{}
	if err := os.MkdirAll(filepath.Join(dir, sweep.GenDir, m.Generation, sweep.CurvesTable), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := linkParts(dir, m, &before, nil); err != nil {
		t.Fatal(err)
	}
	after := m.Tables[sweep.CurvesTable]
	if len(after) != 2 || after[0].Digest != large.Digest {
		t.Fatalf("parts are %v, want the large one and a merged one", after)
	}
	for _, p := range after {
		if slices.ContainsFunc(before.Tables[sweep.CurvesTable], func(old part) bool { return old.Name == p.Name }) {
			t.Errorf("the name %s is still there", p.Name)
		}
	}
}

// TestVerifyFindsFaults counts a row that came out differently.
func TestVerifyFindsFaults(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	id := plan[0].ID
	err := errors.Join(w.Append(granted("x", id, 1), reportOf("x", 1, TrialReport{Trial: id, Attempt: 1, Evals: []Eval{{10, "e", "a", 1}}}),
		reportOf("y", 1, TrialReport{Trial: id, Attempt: 1, Evals: []Eval{{10, "e", "a", 2}}})), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	faults, err := Verify(dir, toyCatalog(), nil)
	if err != nil || len(faults) != 1 || !strings.Contains(faults[0].String(), "gave another result: a@e at update 10 is 2, and was 1") {
		t.Errorf("faults %v, %v", faults, err)
	}
}

// TestPathColumns has the types of the columns p.<path>.
func TestPathColumns(t *testing.T) {
	trial := func(v any) sweep.Trial {
		return sweep.Trial{Params: sweep.Values{"x": v}}
	}
	for want, values := range map[string][]any{
		"optional int64 p.x (INT(64,true))": {int64(1), int64(2)}, "optional double p.x": {int64(1), 2.5}, "optional boolean p.x": {true, false},
		"optional binary p.x (STRING)": {"a", "b"}, "optional binary p.x (STRING);": {int64(1), "b"}, "optional binary p.x (STRING); ": {[]any{int64(1)}},
	} {
		var plan []sweep.Trial
		for _, v := range values {
			plan = append(plan, trial(v))
		}
		table := newTrialTable(plan)
		if got := table.schema.String(); !strings.Contains(got, strings.TrimRight(want, "; ")) {
			t.Errorf("%v gives\n%s, want %s", values, got, want)
		}
		for _, p := range plan {
			table.store(TrialRow{}, p.Params)
		}
	}
}

// BenchmarkCommit appends and syncs reports of no-op trials as the controller does: a grant, a report with one evaluation and the end, an outcome; a sync for a hundred.
func BenchmarkCommit(b *testing.B) {
	dir, spec, plan := toy(b)
	w := openToy(b, dir, 1, spec)
	parts := toyParts(plan[0], 1)
	var sequence uint64
	for b.Loop() {
		for range 100 {
			sequence++
			parts[3].Evals = []Eval{{int(sequence), "e", "a", 1}}
			if err := w.Append(reportOf("x", sequence, TrialReport{Trial: plan[sequence%8].ID, Evals: []Eval{{int(sequence / 8), "e", "a", 1}}})); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(sequence)/b.Elapsed().Seconds(), "reports/s")
}
