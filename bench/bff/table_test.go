package main

import (
	"math"
	"strings"
	"testing"

	"neurosweep/sweep"
	"neurosweep/tasks"
)

// good is a cell that passes, with five seeds.
func good() *cell {
	c := &cell{config: sweep.Config{Model: sweep.Section{Name: "gru", Params: sweep.Values{"hidden": int64(128), "initial": "learned"}}, Train: sweep.Values{"lr": 3e-3}},
		floors: map[string]floor{"validation": {0.0018, 0.99}}}
	for seed := range int64(5) {
		c.runs = append(c.runs, run{seed: seed, training: map[int64]float64{500: 0.006}, evals: map[key]float64{
			{"validation", "loss", 500}: 0.005 + 0.001*float64(seed), {"validation", "accuracy", 500}: 0.99}})
	}
	return c
}

// TestJudge breaks one demand at a time.
func TestJudge(t *testing.T) {
	if err := judge([]*cell{good()}); err != nil {
		t.Errorf("nothing falls short: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*cell)
		want   string
	}{
		"too large a loss":  {func(c *cell) { c.runs[2].evals[key{"validation", "loss", 500}] = 0.0201 }, "seed 2: a loss of 0.02010 under validation"},
		"below the floor":   {func(c *cell) { c.runs[1].evals[key{"validation", "loss", 500}] = 0.0017 }, "seed 1: a loss of 0.00170"},
		"not a number":      {func(c *cell) { c.runs[0].evals[key{"validation", "loss", 500}] = math.NaN() }, "seed 0: a loss of NaN"},
		"four seeds":        {func(c *cell) { c.runs = c.runs[1:] }, "4 seeds were evaluated"},
		"one not evaluated": {func(c *cell) { delete(c.runs[3].evals, key{"validation", "loss", 500}) }, "4 seeds were evaluated"},
		"another rate":      {func(c *cell) { c.config.Train["lr"] = 1e-3 }, "a learning rate of 0.003"},
		"other networks":    {func(c *cell) { c.config.Model.Params["hidden"] = int64(64) }, "there is no cell of gru with 128 units"},
	} {
		broken := good()
		c.change(broken)
		if err := judge([]*cell{broken}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var text strings.Builder
	good().write(&text)
	for _, want := range []string{"gru, hidden 128, learning rate 0.003; 5 seeds\n", "| 500 | 0.00600 (0.00600–0.00600) | 0.00700 (0.00500–0.00900) | 0.99000 (0.99000–0.99000) |\n", "| Bayes filter | | 0.00180 | 0.99000 |\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// The filter reaches the floor of the specification, and is not disturbed by inputs far from every pulse.
func TestBayesFilter(t *testing.T) {
	params := sweep.Values{"p": 0.015, "noise": 0.15}
	all, err := floors(sweep.Section{Name: flipFlop, Params: params}, []sweep.Condition{{Name: "a", Kind: "validation"}})
	if err != nil {
		t.Fatal(err)
	}
	if f := all["a"]; math.Abs(f.loss-0.0018) > 0.0004 || f.accuracy < 0.99 {
		t.Errorf("the Bayes filter has the loss %g and the accuracy %g, want 0.0018 and almost 1", f.loss, f.accuracy)
	}
	b := &tasks.Batch{Steps: 6, Size: 1, Inputs: []float32{9, 9, 9, 40, 0, -40}}
	for i, want := range []float32{0, 0, 0, 1, 1, 0} {
		if got := bayesFilter(b, 1, 0.015, 0.15)[i]; math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("step %d: %g, want %g", i, got, want)
		}
	}
}

func TestMeanBefore(t *testing.T) {
	values := map[int64]float64{}
	for u := int64(1); u <= 30; u++ {
		values[u] = float64(u)
	}
	if got := meanBefore(values, 30); got != 20.5 {
		t.Errorf("the mean of 11…30 is %g", got)
	}
	if got := meanBefore(values, 19); !math.IsNaN(got) {
		t.Errorf("the mean before update 19 is %g", got)
	}
}
