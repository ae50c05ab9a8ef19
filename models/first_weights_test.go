package models

import (
	"math"
	"strings"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

// Parts 4.1 and 4.2 of the CtD benchmark's specification, and PyTorch's own counts for its other cells (gates·hidden·(inputs + hidden + 2) + hidden·outputs + outputs).
func TestNumbersOfWeights(t *testing.T) {
	for _, c := range []struct {
		section         sweep.Section
		inputs, outputs int
		want            int
	}{
		{section("gru", "hidden", int64(128)), 3, 3, 51587},
		{section("gru"), 17, 6, 57350},
		{section("gru", "initial", "zero"), 3, 3, 51587 - 128},
		{section("noisy_gru"), 3, 3, 51587},
		{section("node", "latent", int64(3), "hidden", int64(64), "layers", int64(3)), 3, 3, 4818},
		{section("node"), 3, 3, 4818},
		{section("rnn"), 3, 3, 128*(3+128+2) + 128*3 + 3},
		{section("lstm"), 3, 3, 4*128*(3+128+2) + 128*3 + 3},
		{section("driscoll_rnn"), 3, 3, 128*(3+128+1) + 128*3 + 3},
		{section("leaky_rnn"), 2, 3, 4483},
	} {
		if got := graph.Size(mustNew(t, c.section, c.inputs, c.outputs).Params()); got != c.want {
			t.Errorf("%s with %v, %d inputs, %d outputs: %d weights, want %d", c.section.Name, c.section.Params, c.inputs, c.outputs, got, c.want)
		}
	}
}

// PyTorch's first weights: U(±1/√hidden) in cells, U(±1/√fan-in) in linear layers, and zeros where the benchmark has them. Mean, SD and range of each array, over some seeds.
func TestFirstWeightsAreUniform(t *testing.T) {
	for _, c := range []struct {
		section sweep.Section
		fanIns  string // of each array, in order; 0: zeros
	}{
		{section("rnn", "hidden", int64(20)), "20 20 20 20 20 20"},
		{section("gru", "hidden", int64(20)), "20 20 20 20 20 20 0"},
		{section("noisy_gru", "hidden", int64(20), "initial", "zero"), "20 20 20 20 20 20"},
		{section("lstm", "hidden", int64(20)), "20 20 20 20 20 20"},
		{section("node", "latent", int64(5), "hidden", int64(30)), "9 9 30 30 30 30 5 5 0"},
		{section("driscoll_rnn", "hidden", int64(20)), "4 20 0 20 20"},
	} {
		m := mustNew(t, c.section, 4, 3)
		params, fanIns := m.Params(), numbers(c.fanIns)
		if len(params) != len(fanIns) {
			t.Fatalf("%s has %d arrays, want %d", c.section.Name, len(params), len(fanIns))
		}
		values := make([][]float64, len(params))
		for seed := range int64(60) {
			for i, part := range graph.Split(params, Init(m, seed)) {
				for _, v := range part {
					values[i] = append(values[i], float64(v))
				}
			}
		}
		for i, p := range params {
			checkUniform(t, c.section.Name+"."+p.Name, values[i], fanIns[i])
		}
	}
}

func numbers(text string) (n []float64) {
	for _, word := range strings.Fields(text) {
		v := 0.0
		for _, digit := range word {
			v = 10*v + float64(digit-'0')
		}
		n = append(n, v)
	}
	return n
}

// checkUniform allows five standard errors: of a mean, bound/√(3n); of a mean square, bound²·√(4/45n). The extremes are within 1 % of the bound with near certainty.
func checkUniform(t *testing.T, name string, values []float64, fanIn float64) {
	t.Helper()
	bound := 0.0
	if fanIn > 0 {
		bound = 1 / math.Sqrt(fanIn)
	}
	var sum, squares, low, high float64
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
		low, high = min(low, v), max(high, v)
	}
	n := float64(len(values))
	tolerance := 20 * bound / n // both extremes: an exponential tail of mean 2·bound/n
	switch {
	case low < -bound*(1+1e-7) || high > bound*(1+1e-7) || low > -bound+tolerance || high < bound-tolerance:
		t.Errorf("%s lies in [%g, %g], want ±%g", name, low, high, bound)
	case math.Abs(sum/n) > 5*bound/math.Sqrt(3*n):
		t.Errorf("%s has mean %g", name, sum/n)
	case math.Abs(squares/n-bound*bound/3) > 5*bound*bound*math.Sqrt(4/(45*n)):
		t.Errorf("%s has mean square %g, want %g", name, squares/n, bound*bound/3)
	}
}
