package models

import (
	"math"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func section(name string, params ...any) sweep.Section {
	s := sweep.Section{Name: name, Params: sweep.Values{}}
	for i := 0; i < len(params); i += 2 {
		s.Params[params[i].(string)] = params[i+1]
	}
	return s
}

func equal(a, b []float32) bool { return slices.Equal(a, b) }

// Every registered architecture, with its defaults: what the machines and checkpoints rely on.
func TestConformance(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			info, ok := Info(name)
			if !ok || info.Name != name || info.Doc == "" || info.Revision < 1 {
				t.Errorf("its description is %+v", info)
			}
			for _, p := range info.Params {
				if p.Doc == "" || p.Default == nil || p.Name != strings.ToLower(p.Name) || p.Name == "seed" || p.Name == "name" {
					t.Errorf("parameter %+v", p)
				}
			}
			m, err := New(section(name), 2, 3)
			if err != nil {
				t.Fatal(err)
			}
			if m.Inputs() != 2 || m.Outputs() != 3 {
				t.Errorf("%d inputs and %d outputs, want 2 and 3", m.Inputs(), m.Outputs())
			}
			if err := graph.Check(m); err != nil {
				t.Fatal(err)
			}
			names := map[string]bool{}
			for _, p := range m.Params() {
				if names[p.Name] || p.Size() < 1 {
					t.Errorf("array %+v: its name is not its own, or it is empty", p)
				}
				names[p.Name] = true
			}
			w := Init(m, 5)
			if !equal(w, Init(m, 5)) || equal(w, Init(m, 6)) {
				t.Error("the first weights are not a function of the seed")
			}
			checkLearning(t, m, w)
		})
	}
}

// checkLearning takes one small step against the gradient: every array has one, and the loss falls.
func checkLearning(t *testing.T, m Model, w []float32) {
	t.Helper()
	machine, err := graph.NewReference[float32](m, graph.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	const steps, size = 9, 6
	b := &graph.Batch[float32]{Steps: steps, Size: size}
	g := random.New(1, random.Data, 0)
	for range steps * size {
		b.Inputs = append(b.Inputs, g.Normal(), g.Normal())
		b.Labels = append(b.Labels, int32(g.IntN(3)))
	}
	gradients, outputs := make([]float32, len(w)), make([]float32, steps*size*3)
	before, err := machine.Gradients(b, w, gradients, outputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range graph.Split(m.Params(), gradients) {
		if !slices.ContainsFunc(part, func(v float32) bool { return v != 0 }) {
			t.Errorf("array %s has no gradient", m.Params()[i].Name)
		}
	}
	next := slices.Clone(w)
	for i, d := range gradients {
		next[i] -= 0.01 * d
	}
	after, err := machine.Gradients(b, next, gradients, outputs)
	if err != nil || !(after < before) {
		t.Errorf("a step against the gradient changed the loss from %g to %g (error %v)", before, after, err)
	}
}

func TestMistakesInASection(t *testing.T) {
	for _, c := range []struct {
		section sweep.Section
		want    string
	}{
		{section("leaky_rn"), "there are driscoll_rnn, gru, leaky_rnn, lstm, node, noisy_gru, rnn"},
		{section("leaky_rnn", "hiden", int64(3)), "it has hidden, tau, dt"},
		{section("leaky_rnn", "hidden", int64(0)), "at least 1"},
		{section("leaky_rnn", "hidden", 2.5), "a whole number"},
		{section("leaky_rnn", "hidden", "many"), "a number"},
		{section("rnn", "nonlinearity", "sigmoid"), "nonlinearity is sigmoid, want one of tanh, relu"},
		{section("gru", "initial", int64(0)), "initial is 0, want one of learned, zero"},
		{section("node", "layers", int64(1)), "at least 2"},
		{section("leaky_rnn", "tau", 0.0), "more than 0"},
		{section("leaky_rnn", "tau", math.NaN()), "more than 0"},
		{section("leaky_rnn", "tau", 50.0), "dt (100 ms) is more than tau (50 ms)"},
	} {
		if _, err := New(c.section, 2, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.section, err, c.want)
		}
	}
	if _, err := New(section("leaky_rnn"), 0, 3); err == nil {
		t.Error("a task without inputs is accepted")
	}
}

// C5 of the specification: 4483 weights; matrices with the variance 1/fan-in, cut at two standard deviations of the untruncated normal; biases in (-1/8, 1/8).
func TestLeakyRNNBegins(t *testing.T) {
	m, err := New(section("leaky_rnn"), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	params := m.Params()
	if n := graph.Size(params); n != 4483 {
		t.Errorf("%d weights, want 4483", n)
	}
	var sum, squares [5]float64
	n := 0
	for seed := range int64(40) {
		for i, part := range graph.Split(params, Init(m, seed)) {
			for _, v := range part {
				sum[i] += float64(v)
				squares[i] += float64(v) * float64(v)
				limit := 0.125
				if params[i].Rows > 0 {
					limit = 2.0001 * math.Sqrt(1/float64(params[i].Rows)) / 0.87962566103423978
				}
				if math.Abs(float64(v)) > limit {
					t.Fatalf("%s begins with %g, beyond %g", params[i].Name, v, limit)
				}
			}
		}
		n++
	}
	for i, p := range params {
		count := float64(n * p.Size())
		sd := math.Sqrt(squares[i] / count)
		want := 0.125 / math.Sqrt(3)
		if p.Rows > 0 {
			want = math.Sqrt(1 / float64(p.Rows))
		}
		// The standard error of an SD is below want/√(2n); of a mean, want/√n. Five of them.
		if math.Abs(sd-want) > 5*want/math.Sqrt(2*count) || math.Abs(sum[i]/count) > 5*want/math.Sqrt(count) {
			t.Errorf("%s has mean %g and SD %g, want 0 and %g", p.Name, sum[i]/count, sd, want)
		}
	}
}

// Cells that differ in what does not change shapes begin alike, for equal seeds: comparisons are paired.
func TestEqualSeedsShareFirstWeights(t *testing.T) {
	a, err := New(section("leaky_rnn", "hidden", int64(8)), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(section("leaky_rnn", "hidden", int64(8), "tau", 200.0), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !equal(Init(a, 3), Init(b, 3)) {
		t.Error("models of the same shapes begin differently for the same seed")
	}
	// Arrays have generators of their own: another number of classes leaves the recurrent weights alone.
	c, err := New(section("leaky_rnn", "hidden", int64(8)), 2, 5)
	if err != nil {
		t.Fatal(err)
	}
	x, y := graph.Split(a.Params(), Init(a, 3)), graph.Split(c.Params(), Init(c, 3))
	if !equal(x[0], y[0]) || !equal(x[1], y[1]) || !equal(x[2], y[2]) {
		t.Error("the readout's size changes the recurrent weights")
	}
}
