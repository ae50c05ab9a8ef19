package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkUpdate times loss and gradients. T1 is what a machine without unrolling would pay for one of its time steps, at least.
func BenchmarkUpdate(b *testing.B) {
	for _, s := range []struct {
		steps int
		a     float64
	}{{100, 1}, {100, 0.5}, {1, 1}} {
		b.Run(fmt.Sprintf("T%d alpha %g", s.steps, s.a), func(b *testing.B) {
			c := leaky{2, 64, 3, s.a}
			r := rand.New(rand.NewPCG(1, 2))
			m, err := NewReference[float32](c, CrossEntropy)
			if err != nil {
				b.Fatal(err)
			}
			batch, w := randomBatch(r, s.steps, 16, 2, 3), randomWeights(r, c)
			g, y := make([]float32, len(w)), make([]float32, 48*s.steps)
			if _, err := m.Gradients(batch, w, g, y); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Gradients(batch, w, g, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBuild times what comes before the first update.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		if err := (&cellTapes[float32]{}).build(leaky{2, 64, 3, 1}, 16, true); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkForward times the outputs of a batch of 100 steps: narrow as in training, wide as in evaluation.
func BenchmarkForward(b *testing.B) {
	for _, size := range []int{16, 1600} {
		b.Run(fmt.Sprint("B", size), func(b *testing.B) {
			c := leaky{2, 64, 3, 1}
			r := rand.New(rand.NewPCG(1, 2))
			m, err := NewReference[float32](c, CrossEntropy)
			if err != nil {
				b.Fatal(err)
			}
			batch, w := randomBatch(r, 100, size, 2, 3), randomWeights(r, c)
			y := make([]float32, 300*size)
			for b.Loop() {
				if err := m.Forward(batch, w, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
