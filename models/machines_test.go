package models

import (
	"math"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
)

// Every architecture on both machines, at sizes that divide nothing, with masks and both losses: one relative distance for loss, outputs and the gradient of each array.
func TestMachinesAgree(t *testing.T) {
	for i, v := range variants(29) {
		t.Run(v.name, func(t *testing.T) {
			m, loss := mustNew(t, v.section, 3, 5), []graph.Loss{graph.SquaredError, graph.CrossEntropy}[i%2]
			agree[float64](t, m, loss, 1e-12)
			agree[float32](t, m, loss, 1e-5)
		})
	}
}

func agree[F graph.Float](t *testing.T, m Model, loss graph.Loss, tolerance float64) {
	t.Helper()
	const steps, size = 45, 37
	reference, err := graph.NewReference[F](m, loss)
	if err != nil {
		t.Fatal(err)
	}
	scan, err := graph.NewScan(m, loss, graph.ScanOptions[F]{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	b, w := randomBatch[F](m, loss, steps, size), perturbed[F](m)
	for i := range w {
		w[i] *= 0.5 // of random networks of 29 units, small ones: in a chaotic one rounding grows from step to step
	}
	want, got := make([]F, len(w)), make([]F, len(w))
	wantY, gotY := make([]F, steps*size*m.Outputs()), make([]F, steps*size*m.Outputs())
	wantLoss, err := reference.Gradients(b, w, want, wantY)
	if err != nil {
		t.Fatal(err)
	}
	gotLoss, err := scan.Gradients(b, w, got, gotY)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(gotLoss-wantLoss) <= tolerance*wantLoss) {
		t.Errorf("%T: loss %.17g, the reference's %.17g", w[0], gotLoss, wantLoss)
	}
	if d := distance(gotY, wantY); !(d <= tolerance) {
		t.Errorf("%T: outputs are off by %.2g", w[0], d)
	}
	parts, wantParts := graph.Split(m.Params(), got), graph.Split(m.Params(), want)
	for i, p := range m.Params() {
		if d := distance(parts[i], wantParts[i]); !(d <= tolerance) {
			t.Errorf("%T: the gradient of %s is off by %.2g", w[0], p.Name, d)
		}
	}
	if err := scan.Forward(b, w, gotY); err != nil {
		t.Fatal(err)
	}
	if d := distance(gotY, wantY); !(d <= tolerance) {
		t.Errorf("%T: outputs without gradients are off by %.2g", w[0], d)
	}
}

// distance is the norm of the difference relative to the norm of want.
func distance[F graph.Float](got, want []F) float64 {
	var d, n float64
	for i := range want {
		e := float64(got[i]) - float64(want[i])
		d, n = d+e*e, n+float64(want[i])*float64(want[i])
	}
	return math.Sqrt(d / n)
}

// The bits of loss, outputs and gradients are the same with every instruction set and on any number of threads, at sizes that divide nothing.
func TestBitsAgree(t *testing.T) {
	const steps, size = 45, 37
	for i, v := range variants(29) {
		t.Run(v.name, func(t *testing.T) {
			m, loss := mustNew(t, v.section, 3, 5), []graph.Loss{graph.CrossEntropy, graph.SquaredError}[i%2]
			b, w := randomBatch[float32](m, loss, steps, size), Init(m, 11)
			var first []float32
			for _, isa := range kernel.ISAs() {
				for threads := 1; threads <= 3; threads++ {
					scan, err := graph.NewScan(m, loss, graph.ScanOptions[float32]{Set: kernel.Set32(isa), Threads: threads})
					if err != nil {
						t.Fatal(err)
					}
					numbers := make([]float32, len(w)+steps*size*m.Outputs())
					value, err := scan.Gradients(b, w, numbers[:len(w)], numbers[len(w):])
					if err != nil {
						t.Fatal(err)
					}
					numbers = append(numbers, float32(value))
					if first == nil {
						first = numbers
					}
					if !equal(numbers, first) {
						t.Errorf("%s on %d threads gives other bits than %s on one", isa, threads, kernel.ISAs()[0])
					}
				}
			}
		})
	}
}

// The gradients of a GRU with 128 units over 500 steps, in float32 beside float64.
func TestLongGRUInSinglePrecision(t *testing.T) {
	m := mustNew(t, section("gru", "hidden", int64(128)), 3, 3)
	const steps, size = 500, 8
	w := Init(m, 3)
	single, double := make([]float32, len(w)), make([]float64, len(w))
	losses := [2]float64{gradientsOf(t, m, steps, size, w, single), gradientsOf(t, m, steps, size, widened(w), double)}
	if d := math.Abs(losses[0]-losses[1]) / losses[1]; d > 1e-6 {
		t.Errorf("the losses differ by %.2g", d)
	}
	if d := distance(widened(single), double); d > 1e-4 {
		t.Errorf("the gradients differ by %.2g of their norm, want at most 1e-4", d)
	}
}

func gradientsOf[F graph.Float](t *testing.T, m Model, steps, size int, w, gradients []F) float64 {
	t.Helper()
	scan, err := graph.NewScan(m, graph.SquaredError, graph.ScanOptions[F]{})
	if err != nil {
		t.Fatal(err)
	}
	loss, err := scan.Gradients(randomBatch[F](m, graph.SquaredError, steps, size), w, gradients, make([]F, steps*size*m.Outputs()))
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

func widened(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
