package results

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"neurosweep/sweep"
)

// memory is a dataset without files: what Best sees of a folder.
func memory(spec *sweep.Spec, plan []sweep.Trial, rows Rows) *Dataset {
	slices.SortFunc(rows.Trials, compareTrials)
	slices.SortFunc(rows.Checkpoints, compareCheckpoints)
	return &Dataset{dir: "/sweeps/one", spec: spec, plan: plan, tail: rows, trials: rows.Trials, checkpoints: rows.Checkpoints}
}

func bestSpec() *sweep.Spec {
	return &sweep.Spec{
		Method: "grid", Model: sweep.Section{Name: "leaky_rnn"},
		Parameters: []sweep.Parameter{{Path: "train.lr"}},
		Evaluate:   []sweep.Condition{{Name: "a"}, {Name: "b"}},
		Select:     sweep.Select{Metric: "accuracy", Condition: "a", Goal: "maximize", Over: "checkpoints", Missing: "last"},
	}
}

// A bench is a plan of cells × seeds with rows to be filled in.
type bench struct {
	spec *sweep.Spec
	plan []sweep.Trial
	rows Rows
}

func newBench(spec *sweep.Spec, cells int, seeds ...int64) *bench {
	b := &bench{spec: spec}
	for c := range cells {
		for _, s := range seeds {
			b.plan = append(b.plan, sweep.Trial{ID: trialKey(c, s), Cell: sweep.CellID(fmt.Sprintf("cell%d", c)), Index: len(b.plan), Seed: s,
				Params: sweep.Values{"train.lr": float64(c)}})
		}
	}
	return b
}

func trialKey(cell int, seed int64) sweep.TrialID {
	return sweep.TrialID(fmt.Sprintf("t%d-%d", cell, seed))
}

// measure adds a checkpoint with a value under condition a.
func (b *bench) measure(cell int, seed, update int64, value float64) {
	id := string(trialKey(cell, seed))
	b.rows.Checkpoints = append(b.rows.Checkpoints, CheckpointRow{Trial: id, Update: update, Path: sweep.WeightsPath(sweep.TrialID(id), int(update))})
	b.rows.Evals = append(b.rows.Evals, EvalRow{id, update, "a", "accuracy", Value(value)})
}

func (b *bench) end(cell int, seed int64, outcome sweep.Outcome) {
	b.rows.Trials = append(b.rows.Trials, TrialRow{Trial: string(trialKey(cell, seed)), Seed: seed, Outcome: string(outcome)})
}

func (b *bench) dataset() *Dataset { return memory(b.spec, b.plan, b.rows) }

// TestBestOfCells is the rule in one example: means over seeds, a diverged seed below everything complete, ties, the seed nearest to the median.
func TestBestOfCells(t *testing.T) {
	b := newBench(bestSpec(), 3, 0, 1, 2)
	for seed, v := range []float64{0.5, 0.25, 0.75} {
		b.measure(0, int64(seed), 100, 0.125)
		b.measure(0, int64(seed), 200, v) // cell 0: 0.5 ± 0.25, median seed 0
		b.measure(1, int64(seed), 100, 0.5)
		b.measure(1, int64(seed), 200, 0.5) // cell 1: the same mean, but earlier
		b.measure(2, int64(seed), 100, 0.9)
		for cell := range 3 {
			outcome := sweep.OutcomeCompleted
			if cell == 2 && seed == 1 {
				outcome = sweep.OutcomeDiverged
			}
			b.end(cell, int64(seed), outcome)
		}
	}
	places, err := Best(b.dataset(), BestQuery{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range places {
		got += fmt.Sprintln(p.Place, p.Cell, p.Params["train.lr"], p.Seed, p.Trial, p.Update, MeanText(p.Value, p.SD), seedsText(p.N, p.Planned), p.Checkpoint)
	}
	want := `1 cell1 1 0 t1-0 100 0.5000 ± 0.0000 3 /sweeps/one/weights/t1-0/u000100.safetensors
2 cell0 0 0 t0-0 200 0.5000 ± 0.2500 3 /sweeps/one/weights/t0-0/u000200.safetensors
3 cell2 2 0 t2-0 100 0.9000 ± 0.0000 2/3 /sweeps/one/weights/t2-0/u000100.safetensors
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for missing, want := range map[string]int{"drop": 2, "refuse": -1} {
		b.spec.Select.Missing = missing
		places, err := Best(b.dataset(), BestQuery{})
		if want < 0 && (err == nil || !strings.Contains(err.Error(), "cell2")) || want >= 0 && (err != nil || len(places) != want) {
			t.Errorf("select.missing %s: %d places, %v", missing, len(places), err)
		}
	}
}

// TestBestJSON pins the names and the form of a row, which other programs read.
func TestBestJSON(t *testing.T) {
	b := newBench(bestSpec(), 1, 7)
	b.measure(0, 7, 100, 0.5)
	b.end(0, 7, sweep.OutcomeCompleted)
	b.rows.Evals = append(b.rows.Evals, EvalRow{"t0-7", 100, "b", "accuracy", 0.25})
	for report, more := range map[string]string{"": "", "b": `,"report":{"condition":"b","value":0.25,"sd":null,"n":1}`} {
		b.spec.Select.Report = report
		places, err := Best(b.dataset(), BestQuery{Top: 5})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(places)
		want := `[{"place":1,"cell":"cell0","params":{"train.lr":0.0},"seed":7,"trial":"t0-7","update":100,"metric":"accuracy","value":0.5,"sd":null,` +
			`"n":1,"planned":1,"checkpoint":"/sweeps/one/weights/t0-7/u000100.safetensors"` + more + `}]`
		if err != nil || string(got) != want {
			t.Errorf("%v\n got %s\nwant %s", err, got, want)
		}
	}
}

// TestBestListsWhatThereIs checks what a typo is answered.
func TestBestListsWhatThereIs(t *testing.T) {
	b := newBench(bestSpec(), 1, 0)
	b.measure(0, 0, 100, 0.5)
	b.rows.Evals = append(b.rows.Evals, EvalRow{"t0-0", 100, "added", "accuracy.delay_200", 0.25})
	d := b.dataset()
	for _, c := range []struct {
		query BestQuery
		want  []string
	}{
		{BestQuery{Metric: "acuracy"}, []string{"acuracy", "accuracy"}},
		{BestQuery{Condition: "c"}, []string{`"c"`, "a, added, b"}},
		{BestQuery{Metric: "x@added"}, []string{"added has accuracy.delay_200"}},
		{BestQuery{By: "places"}, []string{"places", "trial", "seed", "cell"}},
		{BestQuery{Goal: "max"}, []string{"max", "minimize", "maximize"}},
	} {
		_, err := Best(d, c.query)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %v, want %q in it", c.query, err, want)
			}
		}
	}
	places, err := Best(d, BestQuery{Metric: "accuracy.delay_200@added", By: ByTrial})
	if err != nil || len(places) != 1 || places[0].Value == nil || *places[0].Value != 0.25 {
		t.Errorf("a condition that was added later: %+v, %v", places, err)
	}
}

// draw makes a random sweep: few values, so that there are ties, with holes, failures and numbers that are none.
func draw(t *rapid.T) (*bench, BestQuery) {
	s := bestSpec()
	s.Select.Goal = rapid.SampledFrom([]string{"maximize", "minimize"}).Draw(t, "goal")
	s.Select.Over = rapid.SampledFrom([]string{"checkpoints", "last"}).Draw(t, "over")
	s.Select.Missing = rapid.SampledFrom([]string{"last", "drop"}).Draw(t, "missing")
	if rapid.IntRange(0, 4).Draw(t, "noop") == 0 {
		s.Model.Name = ""
	}
	cells, seeds := rapid.IntRange(1, 4).Draw(t, "cells"), rapid.IntRange(1, 4).Draw(t, "seeds")
	var list []int64
	for i := range seeds {
		list = append(list, int64(10-3*i))
	}
	b := newBench(s, cells, list...)
	values := rapid.SampledFrom([]float64{0.1, 0.2, 0.3, 0.7, math.NaN(), math.Inf(1), math.Inf(-1)})
	outcomes := rapid.SampledFrom([]sweep.Outcome{"completed", "completed", "completed", "stopped", "diverged", "failed", "cancelled", ""})
	for c := range cells {
		for _, seed := range list {
			for u := range int64(rapid.IntRange(0, 3).Draw(t, "checkpoints")) {
				if s.Model.Name == "" {
					b.rows.Evals = append(b.rows.Evals, EvalRow{string(trialKey(c, seed)), 0, "a", "accuracy", Value(values.Draw(t, "value"))})
					break
				}
				b.measure(c, seed, u+1, values.Draw(t, "value"))
			}
			if o := outcomes.Draw(t, "outcome"); o != "" {
				b.end(c, seed, o)
			}
		}
	}
	return b, BestQuery{By: rapid.SampledFrom([]string{ByCell, BySeed, ByTrial}).Draw(t, "by")}
}

// TestBestAgreesWithBruteForce compares the places with those of a second implementation that shares nothing with the first (best_brute_test.go).
func TestBestAgreesWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, q := draw(t)
		places, err := Best(b.dataset(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, p := range places {
			got = append(got, fmt.Sprint(p.Cell, " ", p.Trial, " ", p.Update, " ", MeanText(p.Value, p.SD), " ", p.N, "/", p.Planned))
		}
		if diff := cmp.Diff(brute(b, q), got); diff != "" {
			t.Fatalf("-brute force +Best:\n%s", diff)
		}
	})
}

// TestBestIgnoresTheOrderOfRows shuffles rows and plan.
func TestBestIgnoresTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, q := draw(t)
		want, err := Best(b.dataset(), q)
		if err != nil {
			t.Fatal(err)
		}
		b.plan = rapid.Permutation(b.plan).Draw(t, "plan")
		b.rows.Evals = rapid.Permutation(b.rows.Evals).Draw(t, "evals")
		b.rows.Checkpoints = rapid.Permutation(b.rows.Checkpoints).Draw(t, "checkpoints")
		b.rows.Trials = rapid.Permutation(b.rows.Trials).Draw(t, "trials")
		got, err := Best(b.dataset(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
