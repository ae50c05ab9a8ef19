package graph

import (
	"math/rand/v2"
	"testing"
)

// Single precision over 500 time steps: the gradients of a GRU are those of double precision but for a ten-thousandth.
func TestLongSequencesInSinglePrecision(t *testing.T) {
	c, r := gruCell(3, 64, 3), rand.New(rand.NewPCG(11, 12))
	b, weights := testBatch[float64](r, c, SquaredError, 500, 4, false), testNumbers[float64](r, Size(c.Params()), 0.1)
	single := &Batch[float32]{Steps: 500, Size: 4, Inputs: singles(b.Inputs), Targets: singles(b.Targets)}
	b.Inputs, b.Targets = doubles(single.Inputs), doubles(single.Targets)
	weights32 := singles(weights)

	exact, err := NewScan(c, SquaredError, ScanOptions[float64]{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rounded, err := NewScan(c, SquaredError, ScanOptions[float32]{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	want, got := computed[float64](t, exact, c, b, doubles(weights32)), computed[float32](t, rounded, c, single, weights32)
	if d := difference(doubles(got.gradients), want.gradients); !(d <= 1e-4) {
		t.Errorf("gradients differ by %g", d)
	} else {
		t.Logf("gradients differ by %.2g, outputs by %.2g", d, difference(doubles(got.outputs), want.outputs))
	}
}

func singles(x []float64) []float32 { return converted[float32](x) }

func doubles(x []float32) []float64 { return converted[float64](x) }

func converted[G, F Float](x []F) []G {
	y := make([]G, len(x))
	for i, v := range x {
		y[i] = G(v)
	}
	return y
}
