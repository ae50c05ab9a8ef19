package graph

import (
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// odd writes its step by a function, with parameters w (n×n), v (n) and u (n×n, unused unless the step uses it).
type odd struct {
	n    int
	step func(b *Builder, x *Node, state, p []*Node) (*Node, []*Node)
}

func (o odd) Inputs() int { return o.n }

func (o odd) Outputs() int { return o.n }

func (o odd) States() []int { return []int{o.n, o.n} }

func (o odd) Params() []Param { return []Param{{"w", o.n, o.n}, {"v", 0, o.n}, {"u", o.n, o.n}} }

func (o odd) Step(b *Builder, x *Node, state, p []*Node) (*Node, []*Node) {
	return o.step(b, x, state, p)
}

// Every gradient of every cell against the difference of two losses. Where gradients are stopped, they are not those of differences.
func TestGradientsAgreeWithDifferences(t *testing.T) {
	all := cells()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		r := rand.New(rand.NewPCG(5, uint64(i)))
		for _, loss := range []Loss{CrossEntropy, SquaredError} {
			b, w := sample[float64](r, c, 4, 4, loss)
			m, err := NewReference[float64](c, loss)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := gradientsOf(m, c, b, w)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i, v := range w {
				const h = 1.0 / (1 << 17)
				at := func(x float64) float64 {
					w[i] = x
					r, err := gradientsOf(m, c, b, w)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					return r.loss
				}
				want := (at(v+h) - at(v-h)) / (2 * h)
				w[i] = v
				if math.Abs(got.gradients[i]-want) > 1e-8 && name != "stopped gradients" {
					t.Errorf("%s, %s: gradient %d is %g, differences say %g", name, loss, i, got.gradients[i], want)
				}
			}
			if zero := !slices.ContainsFunc(got.gradients, func(v float64) bool { return v != 0 }); zero != (name == "nothing to learn") {
				t.Errorf("%s: the gradients are %v", name, got.gradients)
			}
		}
	}
}

func TestBitsDependOnArgumentsOnly(t *testing.T) {
	c := leaky{2, 33, 3, 0.7}
	r := rand.New(rand.NewPCG(7, 8))
	b, w := randomBatch(r, 12, 8, 2, 3), randomWeights(r, c)
	run := func(before ...[2]int) ([]float32, []float32) {
		m, err := NewReference[float32](c, CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		g, y := make([]float32, len(w)), make([]float32, 12*8*3)
		for _, s := range before {
			other := randomBatch(r, s[0], s[1], 2, 3)
			if _, err := m.Gradients(other, w, g, make([]float32, s[0]*s[1]*3)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Gradients(b, w, g, y); err != nil {
			t.Fatal(err)
		}
		return g, y
	}
	g, y := run()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, before := range [][][2]int{{{12, 8}}, {{3, 2}, {12, 8}, {1, 1}, {2, 2}, {2, 3}, {2, 4}, {2, 5}, {2, 6}, {2, 7}}} {
		g2, y2 := run(before...)
		if !slices.Equal(g, g2) || !slices.Equal(y, y2) {
			t.Errorf("after batches of %v the bits are others", before)
		}
	}

	// Each sequence's outputs do not depend on its neighbours.
	m, err := NewReference[float32](c, CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	alone := &Batch[float32]{Steps: 12, Size: 1}
	for step := range 12 {
		alone.Inputs = append(alone.Inputs, b.Inputs[(step*8+5)*2:(step*8+5)*2+2]...)
	}
	y1 := make([]float32, 12*3)
	if err := m.Forward(alone, w, y1); err != nil {
		t.Fatal(err)
	}
	for step := range 12 {
		if !slices.Equal(y1[step*3:step*3+3], y[(step*8+5)*3:(step*8+5)*3+3]) {
			t.Fatalf("step %d of a sequence alone differs from the same in a batch", step)
		}
	}
}

// 500 steps of a gated network, forwards and backwards, in float32: the norm of the gradients' error against that of float64.
func TestLongSequencesInFloat32(t *testing.T) {
	c := cells()["gated"]
	const steps, size = 500, 4
	narrow, w := sample[float32](rand.New(rand.NewPCG(15, 16)), c, steps, size, "")
	wide, v := sample[float64](rand.New(rand.NewPCG(15, 16)), c, steps, size, "")
	m, err := NewReference[float32](c, SquaredError)
	if err != nil {
		t.Fatal(err)
	}
	m64, err := NewReference[float64](c, SquaredError)
	if err != nil {
		t.Fatal(err)
	}
	got, err := gradientsOf(m, c, narrow, w)
	if err != nil {
		t.Fatal(err)
	}
	want, err := gradientsOf(m64, c, wide, v)
	if err != nil {
		t.Fatal(err)
	}
	d := distance(got.gradients, want.gradients)
	t.Logf("the gradients are off by %.1e", d)
	if !(d < 1e-4) {
		t.Errorf("the gradients of %d steps are off by %g, relative to their norm", steps, d)
	}
}
