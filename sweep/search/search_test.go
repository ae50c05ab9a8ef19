package search_test

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

func open(t *testing.T, text string, args ...string) *search.Plan {
	t.Helper()
	s, err := sweep.Parse("f.yaml", []byte(text), args, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	p, err := search.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func next(t *testing.T, p *search.Plan, n int) []sweep.Trial {
	t.Helper()
	trials, _, err := p.Next(n)
	if err != nil {
		t.Fatal(err)
	}
	return trials
}

const randomText = `method: random
task: noop
seeds: 2
parameters:
  task.value: {min: 0.0, max: 1.0}
  task.noise: {distribution: log_uniform_values, min: 1e-4, max: 1.0}
`

// TestSamePoints draws the same trials whoever asks, in portions of any size, and after a restart anywhere.
func TestSamePoints(t *testing.T) {
	want := next(t, open(t, randomText), 60)
	for _, portion := range []int{1, 7, 60} {
		p := open(t, randomText)
		var got []sweep.Trial
		for len(got) < 60 {
			got = append(got, next(t, p, min(portion, 60-len(got)))...)
		}
		if !slices.EqualFunc(got, want, func(a, b sweep.Trial) bool { return a.ID == b.ID && a.Index == b.Index }) {
			t.Errorf("portions of %d give other trials", portion)
		}
	}
	for _, cells := range []int{0, 1, 13} {
		first := open(t, randomText)
		trials, draws, err := first.Next(2 * cells)
		if err != nil {
			t.Fatal(err)
		}
		var seen []sweep.CellID
		for _, trial := range trials {
			seen = append(seen, trial.Cell)
		}
		p := open(t, randomText)
		p.Skip(draws, seen)
		got := next(t, p, 60-2*cells)
		for i, trial := range got {
			if w := want[2*cells+i]; trial.ID != w.ID || trial.Index != w.Index {
				t.Fatalf("after a restart behind %d cells, trial %d is %s (%d), want %s (%d)", cells, i, trial.ID, trial.Index, w.ID, w.Index)
			}
		}
	}
	if other := next(t, open(t, randomText, "sampler.seed=1"), 1); other[0].Cell == want[0].Cell {
		t.Error("another sampler seed draws the same point")
	}
}

// TestSeedsStayTogether gives every cell all seeds, one after the other.
func TestSeedsStayTogether(t *testing.T) {
	trials := next(t, open(t, randomText, "seeds=4,9,2"), 30)
	for i := 0; i < len(trials); i += 3 {
		c := trials[i].Cell
		if trials[i+1].Cell != c || trials[i+2].Cell != c || trials[i].Seed != 4 || trials[i+1].Seed != 9 || trials[i+2].Seed != 2 {
			t.Fatalf("trials %d to %d: %+v", i, i+2, trials[i:i+3])
		}
	}
}

// TestExhausted draws from a space of three cells: each once, and then no more.
func TestExhausted(t *testing.T) {
	p := open(t, "method: random\ntask: noop\nparameters: {task.value: {values: [1, 2, 3]}}")
	if _, finite := p.Len(); finite {
		t.Error("a random sweep without run_cap counts as finite")
	}
	trials := next(t, p, 10)
	if len(trials) != 3 || !p.Exhausted() {
		t.Errorf("%d trials of three cells, exhausted %v", len(trials), p.Exhausted())
	}
}

// TestRunCap ends a random sweep, and cuts a grid.
func TestRunCap(t *testing.T) {
	for text, cells := range map[string]int{randomText: 4, "method: grid\ntask: noop\nseeds: 2\nparameters: {task.value: {min: 1, max: 50}}": 4} {
		p := open(t, text, "run_cap=8")
		if n, finite := p.Len(); n != 8 || !finite || p.Cells() != cells {
			t.Errorf("%d trials, finite %v, %d cells", n, finite, p.Cells())
		}
		if trials := next(t, p, 100); len(trials) != 8 {
			t.Errorf("%d trials were planned", len(trials))
		}
	}
}

// TestLargeGrids plans a million trials in little memory, and refuses what cannot be planned.
func TestLargeGrids(t *testing.T) {
	p := open(t, "method: grid\ntask: noop\nparameters: {task.value: {min: 1, max: 1000}, task.noise: {min: 1, max: 1000}}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	for {
		trials := next(t, p, 10_000)
		if len(trials) == 0 {
			break
		}
		n += len(trials)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n != 1_000_000 {
		t.Errorf("%d trials", n)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 300<<20 {
		t.Errorf("the plan holds %d bytes", grown)
	}
	runtime.KeepAlive(p)
	s, err := sweep.Parse("f.yaml", []byte("method: grid\ntask: noop\nparameters: {task.value: {min: 1, max: 1000000}, task.noise: {min: 1, max: 1000000}}"), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := search.Open(s); err == nil || !strings.Contains(err.Error(), "the grid has 1e+12 trials, at most 10000000 are possible") {
		t.Errorf("a grid of 10^12: %v", err)
	}
}

// TestQuantiles compares each distribution at some places with its closed form.
func TestQuantiles(t *testing.T) {
	q := func(d string, min, max float64) sweep.Parameter {
		return sweep.Parameter{Distribution: d, Min: min, Max: max, Q: 1, Sigma: 1, A: 1, B: 1}
	}
	beta := q("beta", 0, 0)
	beta.A, beta.B = 2, 1 // its distribution function is x²
	normal := q("normal", 0, 0)
	normal.Mu, normal.Sigma = 3, 2
	weighted := sweep.Parameter{Distribution: "categorical_w_probabilities", Values: []any{"a", "b"}, Probability: []float64{0.25, 0.75}}
	integers := q("int_uniform", 2, 5)
	integers.Integer = true
	for _, c := range []struct {
		p    sweep.Parameter
		u    float64
		want any
	}{
		{q("uniform", 2, 6), 0.25, 3.0}, {q("uniform", 2, 6), 0, 2.0},
		{integers, 0, int64(2)}, {integers, 0.2499, int64(2)}, {integers, 0.25, int64(3)}, {integers, 0.9999999, int64(5)},
		{q("log_uniform_values", 1e-4, 1), 0.5, 1e-2}, {q("inv_log_uniform_values", 1e-4, 1), 0.5, 1e-2}, {q("log_uniform_values", 1e-4, 1), 0, 1e-4},
		{q("log_uniform", -2, 0), 0.5, math.Exp(-1)}, {q("inv_log_uniform", -2, 0), 0.25, math.Exp(1.5)},
		{q("q_uniform", 0, 10), 0.25, 2.0}, {q("q_uniform", 0, 10), 0.35, 4.0}, {normal, 0.5, 3.0}, {normal, 0.8413447460685429, 5.0}, {beta, 0.25, 0.5},
		{weighted, 0.2, "a"}, {weighted, 0.25, "b"}, {weighted, 0.999, "b"},
	} {
		got := search.Quantile(c.p, c.u)
		g, isFloat := got.(float64)
		w, _ := c.want.(float64)
		if isFloat && math.Abs(g-w) > 1e-9*math.Max(1, math.Abs(w)) || !isFloat && got != c.want {
			t.Errorf("%s at %v is %v, want %v", c.p.Distribution, c.u, got, c.want)
		}
	}
}

// TestDraws looks at the points of a sweep: the largest distance from the distribution function of each path is that of a good sample (Kolmogorov and Smirnov).
func TestDraws(t *testing.T) {
	trials := next(t, open(t, randomText), 4000)
	for path, below := range map[string]func(float64) float64{
		"task.value": func(v float64) float64 { return v },
		"task.noise": func(v float64) float64 { return math.Log(v/1e-4) / math.Log(1e4) },
	} {
		var values []float64
		for i := 0; i < len(trials); i += 2 {
			values = append(values, below(trials[i].Params[path].(float64)))
		}
		slices.Sort(values)
		n := float64(len(values))
		distance := 0.0
		for i, v := range values {
			distance = max(distance, math.Abs(v-float64(i)/n), math.Abs(v-float64(i+1)/n))
		}
		if limit := 1.95 / math.Sqrt(n); distance > limit { // one sample in a thousand
			t.Errorf("%s: the distance is %g, more than %g", path, distance, limit)
		}
	}
}

// TestPlanIsChecked finds the one cell that cannot be built.
func TestPlanIsChecked(t *testing.T) {
	cat := train.Catalog()
	cat.Build = func(c sweep.Config) error {
		if c.Task.Params["value"] == 7.0 {
			return errors.ErrUnsupported
		}
		return nil
	}
	s, err := sweep.Parse("f.yaml", []byte("method: grid\ntask: noop\nparameters:\n  task.value: {min: 1, max: 20}\n"), nil, cat)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := search.Open(s); err == nil || !strings.HasPrefix(err.Error(), "f.yaml:4: the cell task.value=7 cannot be built") {
		t.Errorf("the plan was accepted: %v", err)
	}
}

// TestDrawsAreNumbers draws from the ends of wide distributions: what comes is finite, and whole where it must be.
func TestDrawsAreNumbers(t *testing.T) {
	shapes := []float64{1e-3, 0.5, 1, 3, 1e3, 1e6}
	var wide []sweep.Parameter
	for _, a := range shapes {
		for _, b := range shapes {
			wide = append(wide, sweep.Parameter{Distribution: "beta", A: a, B: b})
		}
	}
	for _, d := range []string{"normal", "log_normal", "q_normal", "q_log_normal"} {
		wide = append(wide, sweep.Parameter{Distribution: d, Mu: 700, Sigma: 1e300, Q: 1, Integer: d[0] == 'q'})
	}
	for _, p := range wide {
		for _, u := range []float64{0, 1e-300, 1e-9, 0.3, 0.5, 0.9, 1 - 1.0/(1<<53)} {
			v, isFloat := search.Quantile(p, u).(float64)
			if isFloat == p.Integer || math.IsNaN(v) || math.IsInf(v, 0) || p.Distribution == "beta" && (v < 0 || v > 1) {
				t.Errorf("%+v at %v is %v", p, u, v)
			}
		}
	}
}

// TestRepeats: a command's draws that repeat a cell are trials of their own, with numbers that go on, also behind a Skip; a native sweep's are drawn again.
func TestRepeats(t *testing.T) {
	const text = "method: random\nrun_cap: 12\nseeds: [5, 7]\nparameters: {x: {values: [1, 2]}}\nprogram: x\n"
	p := open(t, text)
	all, draws, err := p.Next(100)
	if err != nil || len(all) != 12 || draws != 6 {
		t.Fatalf("%d trials from %d draws: %v", len(all), draws, err)
	}
	numbers := map[sweep.CellID][]int64{}
	keys := map[sweep.TrialID]bool{}
	for i, trial := range all {
		want := []int64{5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22}[len(numbers[trial.Cell])]
		if trial.Seed != want || trial.Index != i || keys[trial.ID] {
			t.Errorf("trial %d of a cell with the repeats %v has number %d, index %d", i, numbers[trial.Cell], trial.Seed, trial.Index)
		}
		keys[trial.ID] = true
		numbers[trial.Cell] = append(numbers[trial.Cell], trial.Seed)
	}
	later := open(t, text)
	var seen []sweep.CellID
	for _, trial := range all[:6] {
		seen = append(seen, trial.Cell)
	}
	later.Skip(3, seen)
	rest, _, err := later.Next(100)
	same := func(a, b sweep.Trial) bool { return a.ID == b.ID && a.Index == b.Index && a.Seed == b.Seed }
	if err != nil || !slices.EqualFunc(all[6:], rest, same) {
		t.Errorf("behind half of the trials come others: %v\n%v\n%v", err, all[6:], rest)
	}
}
