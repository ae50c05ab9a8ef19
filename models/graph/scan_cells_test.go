package graph

import (
	"maps"
	"math"
	"math/rand/v2"
)

func plain(in, out int, states []int, params []Param, step func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node)) *sketch {
	return &sketch{inputs: in, outputs: out, states: states, params: params, step: step}
}

// gruCell is a gated recurrent unit as PyTorch defines it (torch.nn.GRU), with a readout.
func gruCell(in, n, out int) *sketch {
	return plain(in, out, []int{n},
		[]Param{{"wi", 3 * n, in}, {"wh", 3 * n, n}, {"bi", 0, 3 * n}, {"bh", 0, 3 * n}, {"wo", out, n}, {"bo", 0, out}},
		func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			h := s[0]
			gi, gh := b.Add(b.MatMulT(x, p[0]), p[2]), b.Add(b.MatMulT(h, p[1]), p[3])
			gate := func(i int) (*Node, *Node) { return b.Slice(gi, i*n, i*n+n), b.Slice(gh, i*n, i*n+n) }
			ri, rh := gate(0)
			zi, zh := gate(1)
			ni, nh := gate(2)
			r, z := b.Sigmoid(b.Add(ri, rh)), b.Sigmoid(b.Add(zi, zh))
			c := b.Tanh(b.Add(ni, b.Mul(r, nh)))
			next := b.Add(c, b.Mul(z, b.Sub(h, c)))
			return b.Add(b.MatMulT(next, p[4]), p[5]), []*Node{next}
		})
}

// lstmCell has two states and one product over inputs and state side by side.
func lstmCell(in, n, out int) *sketch {
	return plain(in, out, []int{n, n}, []Param{{"w", in + n, 4 * n}, {"b", 0, 4 * n}, {"wo", n, out}},
		func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			z := b.Affine(p[1], Product{b.Concat(x, s[0]), p[0]})
			gate := func(i int) *Node { return b.Slice(z, i*n, i*n+n) }
			c := b.Add(b.Mul(b.Sigmoid(gate(0)), s[1]), b.Mul(b.Sigmoid(gate(1)), b.Tanh(gate(2))))
			h := b.Mul(b.Sigmoid(gate(3)), b.Tanh(c))
			return b.MatMul(h, p[2]), []*Node{h, c}
		})
}

// nodeCell takes an Euler step of a network with three hidden layers.
func nodeCell(in, latent, n, out int) *sketch {
	return plain(in, out, []int{latent},
		[]Param{{"w0", in + latent, n}, {"b0", 0, n}, {"w1", n, n}, {"b1", 0, n}, {"w2", n, n}, {"b2", 0, n}, {"w3", n, latent}, {"wo", latent, out}},
		func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			v := b.Concat(x, s[0])
			for i := range 3 {
				v = b.Tanh(b.Affine(p[2*i+1], Product{v, p[2*i]}))
			}
			h := b.Add(s[0], b.Scale(0.1, b.MatMul(v, p[6])))
			return b.MatMul(h, p[7]), []*Node{h}
		})
}

func leakyCell(in, n, out int) *sketch {
	l := leaky{in, n, out, 0.7}
	return plain(in, out, l.States(), l.Params(), l.Step)
}

// startingCell is a leaky network whose states begin at learned values with noise.
func startingCell(in, n int) Cell {
	c := leakyCell(in, n, 3)
	c.params = append(c.params, Param{"h0", 0, n}, Param{"scale", 0, n})
	c.start = func(b *Builder, p []*Node) []*Node {
		return []*Node{b.Add(b.Zeros(n), b.Add(b.Tanh(p[5]), b.Mul(p[6], b.Noise(n))))}
	}
	return starting{c}
}

// testCells are networks that together use every op and every shape of graph that is known to matter.
func testCells() map[string]Cell {
	all := map[string]Cell{
		"gru": gruCell(3, 9, 2), "gru with wide inputs": gruCell(20, 9, 2), "lstm": lstmCell(2, 7, 3), "node": nodeCell(3, 3, 8, 2), "leaky": leakyCell(2, 11, 3),
		"one unit": gruCell(1, 1, 1),
		"many outputs of the state before": plain(2, 20, []int{5}, []Param{{"w", 5, 20}, {"u", 5, 5}, {"v", 2, 5}}, func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return b.MatMul(s[0], p[0]), []*Node{b.Tanh(b.Affine(nil, Product{s[0], p[1]}, Product{x, p[2]}))}
		}),
	}
	for name, step := range steps {
		all[name] = fourWide(name, step)
	}
	all["learned and noisy start"], all["rows that lie apart"] = startingCell(2, 5), startingCell(128, 128)
	maps.Copy(all, cells())
	return all
}

// steps have four inputs, outputs and units in each of two states.
var steps = map[string]func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node){
	"noisy": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		h := b.Tanh(b.Add(b.Affine(p[1], Product{x, p[0]}, Product{s[0], p[2]}), b.Scale(0.3, b.Noise(4))))
		return b.Mul(h, b.Noise(4)), []*Node{h, b.Concat(b.Noise(3), b.Slice(h, 1, 2))}
	},
	"rows decide when they end": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		h := b.Tanh(b.Affine(p[1], Product{x, p[0]}, Product{s[0], p[2]}))
		over := b.Slice(b.Less(b.Shift(0.2, b.Scale(0, h)), s[1]), 0, 1)
		h = b.Select(over, s[0], h)
		return h, []*Node{h, b.Add(b.Scale(0.9, s[1]), b.Square(h))}
	},
	"softmax over columns": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		a := b.Softmax(b.Affine(p[1], Product{s[0], p[0]}))
		h := b.Mul(b.SumCols(b.Mul(a, x)), b.Tanh(b.MatMul(s[1], p[2])))
		return b.Div(h, b.Shift(1, b.MeanCols(b.Square(h)))), []*Node{b.Add(h, x), a}
	},
	"embedding": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		index := b.SumCols(b.Less(b.Scale(0, s[0]), x))
		row := b.Gather(b.MatMul(p[0], p[2]), b.Min(index, b.Shift(3, b.Scale(0, index))))
		h := b.Tanh(b.Add(row, b.MatMulT(s[0], p[2])))
		return h, []*Node{h, row}
	},
	"weights from weights": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		w := b.Softmax(b.Sub(b.MatMulT(p[0], p[2]), b.MeanRows(p[2])))
		d := b.Mul(b.SumCols(p[0]), b.Exp(p[1]))
		h := b.Sigmoid(b.Affine(b.SumRows(d), Product{x, w}, Product{s[1], b.Concat(b.Slice(p[0], 2, 4), b.Slice(d, 0, 2))}))
		return b.MatMulT(h, w), []*Node{h, b.Add(s[0], b.Scale(0.1, h))}
	},
	"all functions": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		z := b.Affine(p[1], Product{b.Sin(x), p[0]}, Product{b.Cos(s[0]), p[2]})
		h := b.Add(b.Softplus(z), b.LeakyReLU(0.2, b.Neg(z)))
		k := b.Sub(b.Log(b.Shift(1, b.Abs(h))), b.Sqrt(b.Shift(0.1, b.Square(z))))
		return b.Clamp(-0.8, 0.9, b.Max(k, b.StopGradient(s[1]))), []*Node{b.Tanh(k), b.Min(h, b.Exp(b.Neg(b.Abs(z))))}
	},
	"states in columns": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		both := b.Concat(b.Slice(s[0], 0, 2), b.Slice(x, 1, 3))
		h := b.Tanh(b.Affine(p[1], Product{both, p[0]}))
		next := b.Concat(b.Slice(h, 2, 4), b.Slice(b.MatMul(s[1], p[2]), 0, 2))
		return b.Concat(b.Slice(next, 0, 1), b.Slice(h, 0, 3)), []*Node{next, h}
	},
	"what begins a sum is read later": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		e, f := b.Tanh(b.Add(x, s[1])), b.Sin(b.Sub(x, s[1]))
		return b.Mul(e, s[0]), []*Node{b.Add(b.MatMul(s[0], p[0]), e), b.Add(b.MatMul(b.Cos(f), p[2]), f)}
	},
	"a linear network": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		return s[1], []*Node{b.Add(b.MatMul(x, p[0]), s[0]), b.Add(b.MatMul(s[1], b.Scale(0.3, p[2])), b.Scale(0.5, s[0]))}
	},
	"scalars": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		one := b.Slice(p[1], 0, 1)
		h := b.Tanh(b.Mul(one, b.Add(b.Affine(nil, Product{s[0], p[0]}), x)))
		return b.Add(h, b.Mul(b.Slice(h, 0, 1), b.Slice(p[1], 1, 2))), []*Node{h, b.Mul(b.Slice(x, 0, 1), s[1])}
	},
	"deep readout": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
		h := b.Tanh(b.Affine(p[1], Product{x, p[0]}, Product{s[0], p[0]}))
		y := h
		for range 3 {
			y = b.ReLU(b.Affine(p[1], Product{y, p[2]}))
		}
		return b.Add(y, s[1]), []*Node{h, b.Scale(0.5, b.Add(h, s[1]))}
	},
}

// testBatch is a random batch with everything that a machine may want.
func testBatch[F Float](r *rand.Rand, c Cell, l Loss, steps, size int, masked bool) *Batch[F] {
	n := steps * size
	b := &Batch[F]{Steps: steps, Size: size, Inputs: testNumbers[F](r, n*c.Inputs(), 1), Targets: testNumbers[F](r, n*c.Outputs(), 1)}
	b.Noise = Noise{Seed: r.Int64(), Stream: 7, Call: r.Uint64N(100)}
	for range n {
		b.Labels = append(b.Labels, r.Int32N(int32(c.Outputs())))
	}
	if masked {
		if l == SquaredError {
			n *= c.Outputs()
		}
		for range n {
			b.Mask = append(b.Mask, F(r.IntN(3))/2)
		}
		b.Mask[0] = 1
	}
	return b
}

func testNumbers[F Float](r *rand.Rand, n int, scale float64) []F {
	numbers := make([]F, n)
	for i := range numbers {
		numbers[i] = F(scale * r.NormFloat64())
	}
	return numbers
}

func testWeights[F Float](r *rand.Rand, c Cell) []F {
	return testNumbers[F](r, Size(c.Params()), 0.4)
}

// difference is the norm of a-b by that of b, or by a thousandth where that is less: what should be zero is rounding.
func difference[F Float](a, b []F) float64 {
	var sum, norm float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
		norm += float64(b[i]) * float64(b[i])
	}
	if sum == 0 {
		return 0
	}
	return math.Sqrt(sum) / max(math.Sqrt(norm), 1e-3)
}
