package results

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"neurosweep/sweep"
)

// equalBench is two ended trials with a row of everything.
func equalBench() *bench {
	b := newBench(bestSpec(), 2, 0)
	for c := range 2 {
		b.measure(c, 0, 10, 0.5)
		b.rows.Checkpoints[c].Digest = "abc"
		b.end(c, 0, sweep.OutcomeCompleted)
		b.rows.Curves = append(b.rows.Curves, CurveRow{string(trialKey(c, 0)), 1, "loss", Value(math.NaN())})
	}
	return b
}

// TestEqual changes one thing at a time.
func TestEqual(t *testing.T) {
	changes := map[string]func(*bench){
		"":                                 func(*bench) {},
		"order":                            func(b *bench) { b.rows.Evals[0], b.rows.Evals[1] = b.rows.Evals[1], b.rows.Evals[0] },
		"events":                           func(b *bench) { b.rows.Events = []EventRow{{Kind: "note"}} },
		"trials: trial t0-0":               func(b *bench) { b.rows.Trials[0].Outcome = "diverged" },
		"trials: only in the first":        func(b *bench) { b.rows.Trials = b.rows.Trials[:1] },
		"evals: trial t0-0, update 10":     func(b *bench) { b.rows.Evals[0].Value = math.SmallestNonzeroFloat64 },
		"0 in the first, -0 in the second": func(b *bench) { b.rows.Evals[1].Value = Value(math.Copysign(0, -1)) },
		"nan in the first, 1 in":           func(b *bench) { b.rows.Curves[1].Value = 1 },
		"curves: only in the second":       func(b *bench) { b.rows.Curves = append(b.rows.Curves, CurveRow{"t1-0", 2, "loss", 1}) },
		"digest abc in the first":          func(b *bench) { b.rows.Checkpoints[1].Digest = "abd" },
		"deleted in the second":            func(b *bench) { b.rows.Checkpoints[1].Deleted = true },
	}
	for want, change := range changes {
		a, b := equalBench(), equalBench()
		a.rows.Evals[1].Value, b.rows.Evals[1].Value = 0, 0
		change(b)
		got, err := Equal(a.dataset(), b.dataset())
		if err != nil {
			t.Fatal(err)
		}
		equal := want == "" || want == "order" || want == "events"
		if equal != (len(got) == 0) || !equal && !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q: differences %q", want, got)
		}
	}
}

// TestEqualOfSweepsCutShort compares only what ended in both by itself.
func TestEqualOfSweepsCutShort(t *testing.T) {
	a, b := equalBench(), equalBench()
	b.rows.Trials[1].Outcome = string(sweep.OutcomeStopped)
	b.rows.Curves = b.rows.Curves[:1]
	if got, err := Equal(a.dataset(), b.dataset()); err != nil || len(got) > 0 {
		t.Errorf("differences %q, %v", got, err)
	}
	b.rows.Evals[0].Value = 0.75
	if got, err := Equal(a.dataset(), b.dataset()); err != nil || len(got) != 1 {
		t.Errorf("differences %q, %v; want the one of t0-0", got, err)
	}
}

// TestEqualListsABoundedNumber makes a thousand differences.
func TestEqualListsABoundedNumber(t *testing.T) {
	a, b := equalBench(), equalBench()
	for u := range int64(1000) {
		a.rows.Curves = append(a.rows.Curves, CurveRow{"t0-0", u + 2, "loss", 1})
		b.rows.Curves = append(b.rows.Curves, CurveRow{"t0-0", u + 2, "loss", 2})
	}
	got, err := Equal(a.dataset(), b.dataset())
	if err != nil || len(got) != maxDifferences+1 || got[maxDifferences] != fmt.Sprintf("and %d differences more", 1000-maxDifferences) {
		t.Errorf("%d lines, the last %q, %v", len(got), got[len(got)-1], err)
	}
}
