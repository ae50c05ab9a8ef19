package models

import (
	"math"
	"testing"

	"neurosweep/models/graph"
)

// lossOf is a batch's loss for given outputs, in plain loops.
func lossOf(l graph.Loss, b *graph.Batch[float64], outputs []float64) float64 {
	sum, total := 0.0, 0.0
	if l == graph.SquaredError {
		for i, y := range outputs {
			sum += b.Mask[i] * (y - b.Targets[i]) * (y - b.Targets[i])
		}
		return sum / float64(len(outputs))
	}
	classes := len(outputs) / len(b.Labels)
	for p, label := range b.Labels {
		y, exponentials := outputs[p*classes:(p+1)*classes], 0.0
		for _, v := range y {
			exponentials += math.Exp(v)
		}
		sum += b.Mask[p] * (math.Log(exponentials) - y[label])
		total += b.Mask[p]
	}
	return sum / total
}

// The reference machine's gradient of every weight of every architecture against central differences of losses that are computed from outputs alone.
// A third of √machine precision is near the best step of a central difference for losses around 1.
func TestGradientsAgreeWithDifferences(t *testing.T) {
	const steps, size, h = 4, 3, 1e-5
	losses := []graph.Loss{graph.CrossEntropy, graph.SquaredError}
	for i, v := range variants(4) {
		t.Run(v.name, func(t *testing.T) {
			m, loss := mustNew(t, v.section, 2, 3), losses[i%2]
			machine, err := graph.NewReference[float64](m, loss)
			if err != nil {
				t.Fatal(err)
			}
			b, w := randomBatch[float64](m, loss, steps, size), perturbed[float64](m)
			gradients, outputs := make([]float64, len(w)), make([]float64, steps*size*3)
			got, err := machine.Gradients(b, w, gradients, outputs)
			if err != nil {
				t.Fatal(err)
			}
			if want := lossOf(loss, b, outputs); math.Abs(got-want) > 1e-14*want {
				t.Errorf("loss %.17g, from its outputs %.17g", got, want)
			}
			at := 0
			for _, p := range m.Params() {
				largest := 0.0
				for k := at; k < at+p.Size(); k++ {
					var sides [2]float64
					for s, x := range []float64{w[k] + h, w[k] - h} {
						keep := w[k]
						w[k] = x
						if err := machine.Forward(b, w, outputs); err != nil {
							t.Fatal(err)
						}
						w[k], sides[s] = keep, lossOf(loss, b, outputs)
					}
					want := (sides[0] - sides[1]) / (2 * h)
					if math.Abs(gradients[k]-want) > 1e-8 {
						t.Errorf("%s[%d]: gradient %g, by differences %g", p.Name, k-at, gradients[k], want)
					}
					largest = max(largest, math.Abs(want))
				}
				if largest < 1e-4 {
					t.Errorf("%s: its largest gradient is %g; the loss does not depend on it", p.Name, largest)
				}
				at += p.Size()
			}
		})
	}
}

// Learned and noisy initial states, noise of every step: the same batch with another call of noise gives other outputs exactly where the model has noise.
func TestNoiseBelongsToTheCall(t *testing.T) {
	noisy := map[string]bool{"gru": true, "noisy_gru": true, "driscoll_rnn": true, "noisy_gru initial noise": true, "driscoll_rnn leak readout": true}
	for _, v := range variants(4) {
		m := mustNew(t, v.section, 2, 3)
		machine, err := graph.NewReference[float64](m, graph.SquaredError)
		if err != nil {
			t.Fatal(err)
		}
		b, w := randomBatch[float64](m, graph.SquaredError, 3, 2), perturbed[float64](m)
		outputs := func(call uint64) []float64 {
			b.Noise.Call = call
			y := make([]float64, 3*2*3)
			if err := machine.Forward(b, w, y); err != nil {
				t.Fatal(err)
			}
			return y
		}
		first := outputs(1)
		if !same(first, outputs(1)) {
			t.Errorf("%s: the same call of noise gives other outputs", v.name)
		}
		if got := !same(first, outputs(2)); got != noisy[v.name] {
			t.Errorf("%s: outputs depend on the call of noise: %v, want %v", v.name, got, noisy[v.name])
		}
	}
}

func same(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
