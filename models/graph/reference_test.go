package graph

import (
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

var odds = map[string]func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node){
	"closed loop": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		y := b.Affine(p[1], Product{b.Add(x, s[0]), p[0]})
		return y, []*Node{y, y}
	},
	"one node several times": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		h := b.ReLU(b.Affine(p[1], Product{x, p[0]}, Product{s[0], p[0]}, Product{s[0], p[2]}))
		return b.Add(b.Add(h, h), b.Affine(nil, Product{h, p[0]})), []*Node{h, b.Add(s[1], s[1])}
	},
	"pass-through and a delay": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		return b.Affine(p[1], Product{s[1], p[0]}), []*Node{x, s[0]}
	},
	"transformed weights": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		half := b.Scale(0.5, p[0])
		h := b.Affine(b.Scale(-1, p[1]), Product{x, half}, Product{s[0], b.Add(half, p[2])})
		return b.Scale(2, b.Affine(p[1], Product{h, half})), []*Node{h, s[1]}
	},
	"no use of the state": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		return b.Affine(p[1], Product{b.ReLU(b.Affine(nil, Product{x, p[0]})), p[2]}), s
	},
	"the output is the state": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		return s[0], []*Node{b.Affine(p[1], Product{x, p[0]}), s[1]}
	},
	"nothing to learn": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		return b.ReLU(x), []*Node{b.Affine(p[1], Product{x, p[0]}), s[1]}
	},
}

// The gradient along a random direction against the difference of two losses. The loss is a float32 near 2, so that some 1e-4 is
// what can be seen; a wrong sum, sign or missing path is off by far more.
func TestGradientsAgreeWithDifferences(t *testing.T) {
	for name, step := range odds {
		c := odd{4, step}
		r := rand.New(rand.NewPCG(5, 6))
		m, err := NewReference[float32](c, CrossEntropy)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, w := randomBatch(r, 4, 4, c.n, c.n), randomWeights(r, c)
		g, y := make([]float32, len(w)), make([]float32, 4*4*c.n)
		if _, err := m.Gradients(b, w, g, y); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		norm := 0.0
		for _, v := range g {
			norm += float64(v) * float64(v)
		}
		norm = math.Sqrt(norm)
		scratch := make([]float32, len(w))
		for i := range w {
			const e = 1.0 / 1024
			loss := func(d float32) float64 {
				v := slices.Clone(w)
				v[i] += d
				l, err := m.Gradients(b, v, scratch, y)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return l
			}
			if want := (loss(e) - loss(-e)) / (2 * e); math.Abs(float64(g[i])-want) > 2e-3*norm+3e-4 {
				t.Errorf("%s: gradient %d is %g, differences say %g", name, i, g[i], want)
			}
		}
		if name == "nothing to learn" && norm != 0 {
			t.Errorf("%s: a gradient of norm %g", name, norm)
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
