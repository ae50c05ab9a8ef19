package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// Ragged numbers of points and classes, strides, with and without weights, in memory that ends where it must not be read: all sets give the bits of plain Go, which agrees with
// the formula in float64.
func TestCrossEntropy(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const most = 300 * 60
	memory := [3]fence{newFence(t, most), newFence(t, most), newFence(t, 300)}
	for trial := range 120 {
		points, classes := 1+r.IntN([]int{3, 40, 200}[r.IntN(3)]), 1+r.IntN([]int{4, 40}[r.IntN(2)])
		ldy, ldd := classes+r.IntN(2)*r.IntN(9), classes+r.IntN(2)*r.IntN(9)
		special := trial%3 == 0
		y := memory[0].floats((points-1)*ldy+classes, trial%2 == 0)
		dy := memory[1].floats((points-1)*ldd+classes, trial%2 == 0)
		rows(r, y, points, classes, ldy, special)
		var weights []float32
		if trial%4 != 0 {
			weights = memory[2].floats(points, true)
			for i := range weights {
				weights[i] = float32(r.IntN(3)) / 2
			}
		}
		labels := make([]int32, points)
		for i := range labels {
			labels[i] = int32(r.IntN(classes))
		}
		scale := float32(1 / float64(points))
		rows(r, dy, points, classes, ldd, false)
		want := slices.Clone(dy)
		wantLoss := Set32(Generic).CrossEntropy(want, ldd, y, ldy, labels, weights, scale, points, classes)
		for _, isa := range fast() {
			loss := Set32(isa).CrossEntropy(dy, ldd, y, ldy, labels, weights, scale, points, classes)
			if i := firstDifference(dy, want); i >= 0 || !sameBits(loss, wantLoss) {
				t.Fatalf("%s: %d points of %d classes: loss %x, want %x; first different gradient is %d", isa, points, classes, loss, wantLoss, i)
			}
			if classes == ldd && ldy == ldd { // in place
				inPlace := slices.Clone(y)
				Set32(isa).CrossEntropy(inPlace, ldd, inPlace, ldy, labels, weights, scale, points, classes)
				if i := firstDifference(inPlace, want); i >= 0 {
					t.Fatalf("%s: in place, gradient %d differs", isa, i)
				}
			}
		}
		if !special {
			checkCrossEntropy(t, want, wantLoss, ldd, y, ldy, labels, weights, scale, classes)
		}
	}
}

func checkCrossEntropy(t *testing.T, dy []float32, loss float32, ldd int, y []float32, ldy int, labels []int32, weights []float32, scale float32, classes int) {
	t.Helper()
	total := 0.0
	for i, label := range labels {
		w, sum := 1.0, 0.0
		if weights != nil {
			w = float64(weights[i])
		}
		for k := range classes {
			sum += math.Exp(float64(y[i*ldy+k]))
		}
		total += w * (math.Log(sum) - float64(y[i*ldy+int(label)]))
		for k := range classes {
			p := math.Exp(float64(y[i*ldy+k])) / sum
			if k == int(label) {
				p--
			}
			if want := w * float64(scale) * p; math.Abs(float64(dy[i*ldd+k])-want) > 3e-7*float64(scale) {
				t.Fatalf("point %d: gradient %d is %g, want %g", i, k, dy[i*ldd+k], want)
			}
		}
	}
	if math.Abs(float64(loss)-total) > 1e-6*max(1, total) {
		t.Fatalf("the loss is %g, want %g", loss, total)
	}
}

// A NaN among the logits stays in the point's gradient and in the loss; the other points do not see it.
func TestCrossEntropyKeepsNaN(t *testing.T) {
	for _, isa := range ISAs() {
		for k := range 3 {
			y, labels := make([]float32, 3*70), make([]int32, 70)
			y[3*5+k] = float32(math.NaN())
			loss := Set32(isa).CrossEntropy(y, 3, y, 3, labels, nil, 1, 70, 3)
			for i, v := range y {
				if (v != v) != (i/3 == 5) {
					t.Errorf("%s: NaN in logit %d: gradient %d of point %d is %g", isa, k, i%3, i/3, v)
				}
			}
			if loss == loss {
				t.Errorf("%s: NaN in logit %d: the loss is %g", isa, k, loss)
			}
		}
	}
}

func TestCrossEntropyDoesNotAllocate(t *testing.T) {
	y, labels, w := make([]float32, 3*100), make([]int32, 100), make([]float32, 100)
	for _, isa := range ISAs() {
		s := Set32(isa)
		if n := testing.AllocsPerRun(20, func() { s.CrossEntropy(y, 3, y, 3, labels, w, 1, 100, 3) }); n != 0 {
			t.Errorf("%s: %v allocations", isa, n)
		}
	}
}

// The generator of the assembly writes these numbers down for itself.
func TestPointGroupLayout(t *testing.T) {
	var g pointGroup
	for i, offset := range []uintptr{
		unsafe.Offsetof(g.y), unsafe.Offsetof(g.dy), unsafe.Offsetof(g.yStep), unsafe.Offsetof(g.dyStep), unsafe.Offsetof(g.points), unsafe.Offsetof(g.classes),
		unsafe.Offsetof(g.labels), unsafe.Offsetof(g.weights), unsafe.Offsetof(g.lanes), unsafe.Offsetof(g.scratch), unsafe.Offsetof(g.scale),
	} {
		if offset != uintptr(8*i) {
			t.Errorf("field %d of a group of points is at %d", i, offset)
		}
	}
}
