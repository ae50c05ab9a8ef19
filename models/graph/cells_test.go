package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"neurosweep/sweep/random"
)

// A sketch is a cell of functions, for tests.
type sketch struct {
	name            string
	inputs, outputs int
	states          []int
	params          []Param
	step            func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node)
	start           func(b *Builder, p []*Node) []*Node
}

func (c *sketch) Inputs() int     { return c.inputs }
func (c *sketch) Outputs() int    { return c.outputs }
func (c *sketch) States() []int   { return c.states }
func (c *sketch) Params() []Param { return c.params }

func (c *sketch) Step(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return c.step(b, x, s, p) }

// A starting sketch has a start.
type starting struct{ *sketch }

func (c starting) Start(b *Builder, p []*Node) []*Node { return c.start(b, p) }

// cells are what machines must agree on: each a way in which a step can use its operands, its state and time.
func cells() map[string]Cell {
	cells := map[string]Cell{}
	for _, s := range slices.Concat(loops(), gated(), noisy()) {
		cells[s.name] = s
		if s.start != nil {
			cells[s.name] = starting{s}
		}
	}
	return cells
}

// fourWide has params w and u, 4×4, and v, a row of 4, and two states of 4.
func fourWide(name string, step func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node)) *sketch {
	return &sketch{name: name, inputs: 4, outputs: 4, states: []int{4, 4}, step: step,
		params: []Param{{"w", 4, 4}, {"v", 0, 4}, {"u", 4, 4}}}
}

// loops are ways for outputs, states and weights to meet.
func loops() []*sketch {
	return []*sketch{
		fourWide("closed loop", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			y := b.Tanh(b.Affine(p[1], Product{b.Add(x, s[0]), p[0]}))
			return y, []*Node{y, y}
		}),
		fourWide("one node several times", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			h := b.Tanh(b.Affine(p[1], Product{x, p[0]}, Product{s[0], p[0]}, Product{s[0], p[2]}))
			return b.Add(b.Mul(h, h), b.MatMul(h, p[0])), []*Node{h, b.Scale(0.7, b.Add(s[1], s[1]))}
		}),
		fourWide("pass-through and a delay", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return b.Affine(p[1], Product{s[1], p[0]}), []*Node{x, s[0]}
		}),
		fourWide("transformed weights", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			half := b.Scale(0.5, p[0])
			h := b.Affine(b.Neg(p[1]), Product{x, half}, Product{s[0], b.Mul(half, b.Softplus(p[2]))})
			return b.Scale(2, b.Affine(p[1], Product{h, half})), []*Node{h, s[1]}
		}),
		fourWide("tied weights", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			h := b.Tanh(b.Affine(nil, Product{x, p[0]}, Product{s[0], b.MatMul(p[0], p[2])}))
			return b.MatMulT(h, p[0]), []*Node{h, b.Sub(b.Mul(h, p[1]), s[1])}
		}),
		fourWide("no use of the state", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return b.Affine(p[1], Product{b.Tanh(b.MatMul(x, p[0])), p[2]}), s
		}),
		fourWide("the output is the state", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return s[0], []*Node{b.Affine(p[1], Product{x, p[0]}), s[1]}
		}),
		fourWide("nothing to learn", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return b.ReLU(x), []*Node{b.Affine(p[1], Product{x, p[0]}), s[1]}
		}),
		fourWide("stopped gradients", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			h := b.Tanh(b.Affine(p[1], Product{x, p[0]}, Product{b.StopGradient(s[0]), p[2]}))
			return b.Add(h, b.StopGradient(b.Scale(0.5, h))), []*Node{h, b.Add(h, b.Scale(0.5, s[1]))}
		}),
		fourWide("every element-wise op", everyElement),
	}
}

func everyElement(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
	row, column := p[1], b.MeanCols(s[1])
	h := b.Affine(row, Product{x, p[0]}, Product{s[0], p[2]})
	a := b.Div(b.Sin(h), b.Sqrt(b.Shift(1.5, b.Square(b.Cos(s[1])))))
	c := b.Max(b.Min(b.Mul(h, row), b.Abs(a)), b.Sub(column, b.Scale(2, row)))
	d := b.Log(b.Shift(1, b.Exp(b.Clamp(-1, 1.25, b.LeakyReLU(0.1, c)))))
	e := b.Select(b.Less(s[0], column), b.Softmax(d), b.Sigmoid(b.Add(d, row)))
	f := b.Concat(b.Slice(e, 2, 4), b.Slice(d, 0, 1), b.Slice(e, 0, 1))
	g := b.Mul(b.SumRows(b.Tanh(p[2])), b.Sub(f, b.MeanRows(p[0])))
	return b.Add(g, b.SumCols(a)), []*Node{b.Tanh(f), b.Scale(0.5, b.Add(e, b.Softplus(a)))}
}

// gated are recurrent networks as they are used: with gates, masks of rows, and a table.
func gated() []*sketch {
	return []*sketch{
		{name: "gated", inputs: 2, outputs: 3, states: []int{5}, params: []Param{{"wi", 2, 15}, {"wh", 5, 15}, {"bi", 0, 15}, {"bh", 0, 15}, {"wo", 5, 3}, {"bo", 0, 3}},
			step: func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
				u, v := b.Affine(p[2], Product{x, p[0]}), b.Affine(p[3], Product{s[0], p[1]})
				r := b.Sigmoid(b.Add(b.Slice(u, 0, 5), b.Slice(v, 0, 5)))
				z := b.Sigmoid(b.Add(b.Slice(u, 5, 10), b.Slice(v, 5, 10)))
				n := b.Tanh(b.Add(b.Slice(u, 10, 15), b.Mul(r, b.Slice(v, 10, 15))))
				h := b.Add(n, b.Mul(z, b.Sub(s[0], n)))
				return b.Affine(p[5], Product{h, p[4]}), []*Node{h}
			}},
		// The first input ends a row for good where it is above 1; the state says so, and nothing of an ended row changes.
		{name: "self-ending", inputs: 3, outputs: 3, states: []int{4, 1}, params: []Param{{"wi", 3, 4}, {"wh", 4, 4}, {"b", 0, 4}, {"wo", 4, 3}},
			step: func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
				over := b.Less(b.Shift(1, b.Scale(0, s[1])), b.Slice(x, 0, 1))
				ended := b.Max(s[1], over)
				h := b.Tanh(b.Affine(p[2], Product{x, p[0]}, Product{s[0], p[1]}))
				h = b.Select(s[1], s[0], h)
				return b.Select(s[1], b.Scale(0, b.MatMul(h, p[3])), b.MatMul(h, p[3])), []*Node{h, ended}
			}},
		// The row of a table that the sign of an input chooses is added to the state, which starts in a learned place.
		{name: "table and learned start", inputs: 2, outputs: 4, states: []int{4}, params: []Param{{"table", 2, 4}, {"w", 4, 4}, {"first", 0, 4}},
			step: func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
				entry := b.Gather(p[0], b.Less(b.Slice(x, 1, 2), b.Slice(x, 0, 1)))
				h := b.Tanh(b.Add(entry, b.MatMul(s[0], p[1])))
				return h, []*Node{h}
			},
			start: func(b *Builder, p []*Node) []*Node { return []*Node{b.Add(b.Zeros(4), b.Tanh(p[2]))} }},
	}
}

// noisy have noise in four places: in the start, in the state, twice in a step, and of widths that are no multiple of a block's.
func noisy() []*sketch {
	return []*sketch{
		{name: "noise", inputs: 2, outputs: 2, states: []int{3, 5}, params: []Param{{"w", 2, 3}, {"sd", 0, 3}, {"u", 3, 5}, {"out", 5, 2}, {"first", 0, 5}},
			step: func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
				h := b.Add(b.Tanh(b.Affine(nil, Product{x, p[0]})), b.Mul(b.Noise(3), b.Softplus(p[1])))
				k := b.Tanh(b.Add(b.Affine(p[4], Product{b.Add(h, s[0]), p[2]}), b.Mul(b.Noise(5), s[1])))
				return b.MatMul(k, p[3]), []*Node{h, k}
			},
			start: func(b *Builder, p []*Node) []*Node {
				return []*Node{b.Mul(b.Noise(3), p[1]), b.Add(b.Noise(5), p[4])}
			}},
	}
}

// sample is a batch and weights for a cell: labels and targets both, so that either loss can be computed.
func sample[F Float](r *rand.Rand, c Cell, steps, size int, masked Loss) (*Batch[F], []F) {
	n := steps * size
	b := &Batch[F]{Steps: steps, Size: size, Noise: Noise{Seed: 7, Stream: random.Noise, Call: 1 << 33}}
	for range n * c.Inputs() {
		b.Inputs = append(b.Inputs, F(float32(r.NormFloat64())))
	}
	for range n {
		b.Labels = append(b.Labels, int32(r.IntN(c.Outputs())))
	}
	for range n * c.Outputs() {
		b.Targets = append(b.Targets, F(float32(r.NormFloat64())))
	}
	masks := map[Loss]int{CrossEntropy: n, SquaredError: n * c.Outputs()}[masked]
	for range masks {
		b.Mask = append(b.Mask, F([]float32{0, 1, 1, 0.5}[r.IntN(4)]))
	}
	var w []F
	for range Size(c.Params()) {
		w = append(w, F(float32(r.NormFloat64()*0.5)))
	}
	return b, w
}

// result is what Gradients gives.
type result[F Float] struct {
	loss               float64
	gradients, outputs []F
}

func gradientsOf[F Float](m Machine[F], c Cell, b *Batch[F], w []F) (result[F], error) {
	r := result[F]{gradients: make([]F, len(w)), outputs: make([]F, b.Steps*b.Size*c.Outputs())}
	var err error
	if r.loss, err = m.Gradients(b, w, r.gradients, r.outputs); err != nil {
		return r, fmt.Errorf("gradients of %T: %w", c, err)
	}
	return r, nil
}
