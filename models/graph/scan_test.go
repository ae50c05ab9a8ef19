package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neurosweep/models/kernel"
)

// An answer is what a machine gives for one batch.
type answer[F Float] struct {
	loss               float64
	gradients, outputs []F
	forward            []F
}

func computed[F Float](t *testing.T, m Machine[F], c Cell, b *Batch[F], weights []F) answer[F] {
	t.Helper()
	n := b.Steps * b.Size * c.Outputs()
	r := answer[F]{gradients: make([]F, len(weights)), outputs: make([]F, n), forward: make([]F, n)}
	var err error
	if r.loss, err = m.Gradients(b, weights, r.gradients, r.outputs); err != nil {
		t.Fatal(err)
	}
	if err := m.Forward(b, weights, r.forward); err != nil {
		t.Fatal(err)
	}
	return r
}

// agree holds a scan machine against the reference machine.
func agree[F Float](t *testing.T, c Cell, l Loss, o ScanOptions[F], b *Batch[F], weights []F, tolerance float64) {
	t.Helper()
	reference, err := NewReference[F](c, l)
	if err != nil {
		t.Fatal(err)
	}
	reference.Truncate = o.Truncate
	scan, err := NewScan(c, l, o)
	if err != nil {
		t.Fatal(err)
	}
	want, got := computed[F](t, reference, c, b, weights), computed[F](t, scan, c, b, weights)
	shape := fmt.Sprintf("%d×%d, %s", b.Steps, b.Size, l)
	if d := math.Abs(got.loss-want.loss) / max(math.Abs(want.loss), 1e-3); !(d <= tolerance) {
		t.Errorf("%s: loss %.9g, the reference machine has %.9g", shape, got.loss, want.loss)
	}
	if d := difference(got.outputs, want.outputs); !(d <= tolerance) {
		t.Errorf("%s: outputs differ by %g", shape, d)
	}
	if !slices.Equal(got.outputs, got.forward) {
		t.Errorf("%s: outputs with and without gradients are not the same", shape)
	}
	if d := difference(got.gradients, want.gradients); !(d <= 2*tolerance) {
		t.Errorf("%s: gradients differ by %g", shape, d)
		for i, p := range c.Params() {
			g, w := Split(c.Params(), got.gradients)[i], Split(c.Params(), want.gradients)[i]
			if d := difference(g, w); !(d <= 2*tolerance) {
				t.Logf("%s: %g", p.Name, d)
			}
		}
	}
}

func TestScanAgreesWithReference(t *testing.T) {
	set := kernel.Set64()
	for name, c := range testCells() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for _, shape := range [][2]int{{1, 1}, {1, 5}, {5, 1}, {2, 3}, {7, 37}} {
				for _, l := range []Loss{CrossEntropy, SquaredError} {
					b := testBatch[float64](r, c, l, shape[0], shape[1], shape[1] > 1)
					agree(t, c, l, ScanOptions[float64]{Set: set, Threads: 1}, b, testWeights[float64](r, c), 1e-12)
				}
			}
		})
	}
}

// Float32 on every instruction set, full and cut gradients, in memory for everything and for almost nothing.
func TestScanAgreesInSinglePrecision(t *testing.T) {
	for name, c := range testCells() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for i, isa := range kernel.ISAs() {
				l := []Loss{CrossEntropy, SquaredError}[i%2]
				b := testBatch[float32](r, c, l, 13, 37, i > 0)
				o := ScanOptions[float32]{Set: kernel.Set32(isa), Threads: 1 + i, Truncate: 5 * i, Memory: int64(i)}
				agree(t, c, l, o, b, testWeights[float32](r, c), 1e-5)
			}
		})
	}
}

// The bit contract: neither the kernels nor the number of threads nor the memory changes a bit.
func TestScanBitsDoNotDependOnTheMachine(t *testing.T) {
	for _, name := range []string{"gru", "gru with wide inputs", "lstm", "node", "learned and noisy start", "noisy", "noise", "embedding", "weights from weights", "all functions"} {
		t.Run(name, func(t *testing.T) {
			c, r := testCells()[name], rand.New(rand.NewPCG(5, 6))
			b, weights := testBatch[float32](r, c, SquaredError, 31, 117, true), testWeights[float32](r, c)
			var want answer[float32]
			for i, isa := range kernel.ISAs() {
				for threads := 1; threads <= 3; threads++ {
					for _, memory := range []int64{0, 1} {
						o := ScanOptions[float32]{Set: kernel.Set32(isa), Threads: threads, Memory: memory, Truncate: 11}
						m, err := NewScan(c, SquaredError, o)
						if err != nil {
							t.Fatal(err)
						}
						got := computed[float32](t, m, c, b, weights)
						if i == 0 && threads == 1 && memory == 0 {
							want = got
							continue
						}
						if got.loss != want.loss || !slices.Equal(got.gradients, want.gradients) || !slices.Equal(got.outputs, want.outputs) || !slices.Equal(got.forward, want.forward) {
							t.Errorf("%s, %d threads, memory %d: other bits", isa, threads, memory)
						}
					}
				}
			}
		})
	}
}

func TestScanComputesTwiceWhereMemoryIsScarce(t *testing.T) {
	m, err := NewScan(gruCell(3, 32, 2), SquaredError, ScanOptions[float32]{Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	whole := m.Plan(500, 200)
	if whole.Recompute(500) || whole.Threads != 3 {
		t.Errorf("without a bound the plan is %v", whole)
	}
	for _, share := range []int64{2, 3, 10, whole.Bytes} {
		m, err := NewScan(gruCell(3, 32, 2), SquaredError, ScanOptions[float32]{Threads: 3, Memory: whole.Bytes / share})
		if err != nil {
			t.Fatal(err)
		}
		p := m.Plan(500, 200)
		fits := p.Bytes <= whole.Bytes/share
		if least := share == whole.Bytes; fits == least || p.Recompute(500) && p.Threads > 1 || p.Recompute(500) != (share > 2) {
			t.Errorf("in a %d-th of the memory the plan is %v", share, p)
		}
	}
}

func TestScanAllocatesNothingAfterTheFirstUpdate(t *testing.T) {
	for threads, l := range map[int]Loss{1: CrossEntropy, 2: SquaredError} {
		c, r := testCells()["learned and noisy start"], rand.New(rand.NewPCG(7, 8))
		m, err := NewScan(c, l, ScanOptions[float32]{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		b, weights := testBatch[float32](r, c, l, 20, 70, true), testWeights[float32](r, c)
		g, y := make([]float32, len(weights)), make([]float32, 20*70*c.Outputs())
		allocations := testing.AllocsPerRun(10, func() {
			if _, err := m.Gradients(b, weights, g, y); err != nil {
				t.Fatal(err)
			}
			if err := m.Forward(b, weights, y); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%d threads: %g allocations an update", threads, allocations)
		}
	}
}

// A mistake that shows while a leaf is computed is an error, and the machine goes on from there as if nothing had happened.
func TestScanAfterAMistake(t *testing.T) {
	c, r := cells()["table and learned start"].(starting), rand.New(rand.NewPCG(13, 14))
	c.sketch.step = func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		h := b.Tanh(b.Add(b.Gather(p[0], b.Slice(x, 0, 1)), b.MatMul(s[0], p[1])))
		return h, []*Node{h}
	}
	m, err := NewScan(c, SquaredError, ScanOptions[float32]{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	b, weights := testBatch[float32](r, c, SquaredError, 6, 100, false), testWeights[float32](r, c)
	for i := range b.Inputs {
		b.Inputs[i] = float32(i % 2)
	}
	want := computed[float32](t, m, c, b, weights)
	for _, wrong := range []float32{2, -1, 0.5, float32(math.NaN())} {
		at := &b.Inputs[(3*100+77)*2]
		right := *at
		*at = wrong
		if _, err := m.Gradients(b, weights, make([]float32, len(weights)), make([]float32, len(want.outputs))); err == nil {
			t.Errorf("an index of %g passed", wrong)
		}
		*at = right
		if got := computed[float32](t, m, c, b, weights); got.loss != want.loss || !slices.Equal(got.gradients, want.gradients) {
			t.Errorf("after an index of %g the bits are others", wrong)
		}
	}
}

func TestScanOfAnEmptyMaskIsZero(t *testing.T) {
	c, r := leakyCell(2, 5, 3), rand.New(rand.NewPCG(15, 16))
	b, weights := testBatch[float32](r, c, CrossEntropy, 4, 5, true), testWeights[float32](r, c)
	clear(b.Mask)
	b.Inputs[3] = float32(math.Inf(1))
	m, err := NewScan(c, CrossEntropy, ScanOptions[float32]{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := computed[float32](t, m, c, b, weights); got.loss != 0 {
		t.Errorf("the loss of nothing is %g", got.loss)
	}
}
