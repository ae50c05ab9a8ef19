package results

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"neurosweep/sweep"
)

// TestRetain is each policy on one history: the best at 200, nothing finite at 300.
func TestRetain(t *testing.T) {
	evals := []Eval{{100, "a", "m", 0.5}, {200, "a", "m", 0.9}, {300, "a", "m", Value(math.NaN())}, {400, "a", "m", 0.9}, {100, "b", "m", 7}}
	all := []int{100, 200, 300, 400}
	for _, c := range []struct {
		keep, over string
		updates    []int
		want       []int
	}{
		{"all", "checkpoints", all, all},
		{"best", "checkpoints", all, []int{200}},
		{"last", "checkpoints", all, []int{200, 400}},
		{"best", "last", all, []int{400}},
		{"last", "last", all, []int{400}},
		{"best", "checkpoints", []int{300}, []int{300}},            // nothing is finite: the newest
		{"best", "checkpoints", append(all, 500), []int{200, 500}}, // 500 is not evaluated yet
		{"best", "checkpoints", []int{400, 100, 200}, []int{200}},  // in any order
		{"last", "checkpoints", nil, nil},
	} {
		s := &sweep.Spec{Checkpoints: sweep.Checkpoints{Keep: c.keep}, Select: sweep.Select{Metric: "m", Condition: "a", Goal: "maximize", Over: c.over}}
		keep, drop := Retain(s, evals, c.updates)
		if !slices.Equal(keep, c.want) || len(keep)+len(drop) != len(c.updates) {
			t.Errorf("keep %s, over %s, of %v: keeps %v and drops %v, want to keep %v", c.keep, c.over, c.updates, keep, drop, c.want)
		}
	}
}

// TestRetainNeverRemovesTheBest applies the policy after every checkpoint of a random history: at each moment the file that Best names is there,
// and the files left do not depend on how often the policy was applied.
func TestRetainNeverRemovesTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := bestSpec()
		s.Checkpoints.Keep = rapid.SampledFrom([]string{"best", "last"}).Draw(t, "keep")
		s.Select.Over = rapid.SampledFrom([]string{"checkpoints", "last"}).Draw(t, "over")
		s.Select.Goal = rapid.SampledFrom([]string{"maximize", "minimize"}).Draw(t, "goal")
		values := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 0.2, 0.3, math.NaN(), math.Inf(1)}), 1, 8).Draw(t, "values")
		b := newBench(s, 1, 0)
		b.end(0, 0, sweep.OutcomeStopped)
		var evals []Eval
		var updates []int
		deleted := map[int]bool{}
		for i, v := range values {
			u := 10 * (i + 1)
			b.measure(0, 0, int64(u), v)
			evals, updates = append(evals, Eval{u, "a", "accuracy", Value(v)}), append(updates, u)
			keep, drop := Retain(s, evals, updates)
			for _, u := range drop {
				deleted[u] = true
			}
			if i := slices.IndexFunc(keep, func(u int) bool { return deleted[u] }); i >= 0 {
				t.Fatalf("update %d is wanted again after %v", keep[i], updates)
			}
			places, err := Best(b.dataset(), BestQuery{})
			if err != nil {
				t.Fatal(err)
			}
			if p := places[0]; p.Checkpoint != "" && deleted[int(p.Update)] {
				t.Fatalf("the best, update %d, was deleted", p.Update)
			}
			if _, drop := Retain(s, evals, updates); len(drop) != len(deleted) {
				t.Fatalf("%v were deleted on the way, now %v would be", deleted, drop)
			}
		}
	})
}
