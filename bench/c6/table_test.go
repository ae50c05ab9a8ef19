package main

import (
	"maps"
	"math"
	"strings"
	"testing"

	"neurosweep/results"
)

// TestMeansAreOfFullBlocks checks the mean over the hundred updates before, against sums known in closed form.
func TestMeansAreOfFullBlocks(t *testing.T) {
	var rows []results.CurveRow
	for u := int64(1); u <= 250; u++ {
		rows = append(rows, results.CurveRow{Update: u, Metric: "loss", Value: results.Value(u)})
		accuracy := results.Value(0.5)
		if u%2 == 0 {
			accuracy = results.Value(math.NaN())
		}
		rows = append(rows, results.CurveRow{Update: u, Metric: "accuracy", Value: accuracy})
	}
	if got, want := means(rows, "loss"), map[int]float64{100: 50.5, 200: 150.5}; !maps.Equal(got, want) {
		t.Errorf("means of 1…250 are %v, want %v", got, want)
	}
	if got, want := means(rows, "accuracy"), map[int]float64{100: 0.5, 200: 0.5}; !maps.Equal(got, want) {
		t.Errorf("means without what is not finite are %v, want %v", got, want)
	}
}

// good is a run that passes.
func good(seed int64) run {
	return run{seed: seed, loss: map[int]float64{2000: 0.008}, accuracy: map[int]float64{700: 0.9, 2000: 0.93}, whole: 0.97}
}

// TestJudge breaks one demand at a time.
func TestJudge(t *testing.T) {
	five := func() []run { return []run{good(0), good(1), good(2), good(3), good(4)} }
	if err := judge(five()); err != nil {
		t.Errorf("nothing falls short: %v", err)
	}
	for want, spoil := range map[string]func(runs []run) []run{
		"4 seeds":                   func(r []run) []run { return r[:4] },
		"seed 1: loss 0.0091":       func(r []run) []run { r[1].loss[2000] = 0.0091; return r },
		"seed 2: loss NaN":          func(r []run) []run { r[2].loss[2000] = math.NaN(); return r },
		"seed 3: accuracy 0.900 at": func(r []run) []run { r[3].accuracy[2000] = 0.9; return r },
		"did not reach update 2000": func(r []run) []run { delete(r[0].loss, 2000); return r },
		"3 of 5 seeds reached":      func(r []run) []run { r[0].accuracy[700], r[1].accuracy[700] = 0.8, 0.8; return r },
		"accuracy 0.945 on whole":   func(r []run) []run { r[4].whole = 0.845; return r },
		"accuracy NaN on whole":     func(r []run) []run { r[0].whole = math.NaN(); return r },
	} {
		err := judge(spoil(five()))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want only %q, got %v", want, err)
		}
	}
}

// TestTableHasTwentyRows prints runs that reached half of the updates.
func TestTableHasTwentyRows(t *testing.T) {
	r := run{loss: map[int]float64{}, accuracy: map[int]float64{}, whole: math.NaN()}
	for u := 100; u <= 1000; u += 100 {
		r.loss[u], r.accuracy[u] = 1/float64(u), 0.5
	}
	var text strings.Builder
	write(&text, []run{r})
	full, empty := strings.Count(text.String(), "0.500 | 0.500–0.500"), strings.Count(text.String(), " |  |  | ")
	if full != 10 || empty != 20 {
		t.Errorf("%d filled and %d empty places, want 10 and 20:\n%s", full, empty, text.String())
	}
}
