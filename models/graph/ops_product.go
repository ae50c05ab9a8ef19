package graph

import "fmt"

// A Product is one term of Affine: X·W.
type Product struct{ X, W *Node }

// Affine is X₁·W₁ + X₂·W₂ + … + bias, each row getting the 1×n bias; a nil bias is none. No W, and not the bias, may be a batch value.
func (b *Builder) Affine(bias *Node, products ...Product) *Node {
	operands := make([]*Node, 0, 2*len(products)+1)
	for _, p := range products {
		operands = append(operands, p.X, p.W)
	}
	if bias != nil {
		operands = append(operands, bias)
	}
	return b.apply(affine, none, operands...)
}

// MatMul is x·y. y may not be a batch value.
func (b *Builder) MatMul(x, y *Node) *Node { return b.Affine(nil, Product{x, y}) }

// MatMulT is x·yᵀ: weights used the other way round. y may not be a batch value.
func (b *Builder) MatMulT(x, y *Node) *Node { return b.apply(matMulT, none, x, y) }

var affine, matMulT, outer *rule

func init() {
	affine = newRule(rule{name: "affine", shape: affineShape, do32: affineDo[float32], do64: affineDo[float64], diff: affineDiff,
		weights: func(o *op, i int) bool { return i%2 == 1 || i == affineBias(len(o.operands)) },
	})
	matMulT = newRule(rule{name: "matmul transposed", do32: matMulTDo[float32], do64: matMulTDo[float64],
		weights: func(_ *op, i int) bool { return i == 1 },
		shape: func(_ *op, in [][2]int) ([2]int, error) {
			if in[0][1] != in[1][1] {
				return in[0], fmt.Errorf("%d×%d by the transpose of %d×%d", in[0][0], in[0][1], in[1][0], in[1][1])
			}
			return [2]int{in[0][0], in[1][0]}, nil
		},
		diff: func(o *op, grad *Node) []*Node {
			x, y := o.operands[0], o.operands[1]
			return []*Node{
				o.when(0, func(b *Builder) *Node { return b.MatMul(grad, y) }),
				o.when(1, func(b *Builder) *Node { return b.apply(outer, none, grad, x) }),
			}
		},
	})
	// outer is xᵀ·y: it only occurs in gradients, because it sums over rows.
	outer = newRule(rule{name: "outer", overRows: true, do32: outerDo[float32], do64: outerDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) {
			if in[0][0] != in[1][0] {
				return in[0], fmt.Errorf("the transpose of %d×%d by %d×%d", in[0][0], in[0][1], in[1][0], in[1][1])
			}
			return [2]int{in[0][1], in[1][1]}, nil
		},
	})
}

// affineBias is the index of the bias among an affine op's operands, -1 if it has none.
func affineBias(operands int) int {
	if operands%2 == 0 {
		return -1
	}
	return operands - 1
}

func affineShape(_ *op, in [][2]int) (out [2]int, err error) {
	if len(in) < 2 {
		return out, fmt.Errorf("no product")
	}
	out = [2]int{in[0][0], in[1][1]}
	for i := 0; i+1 < len(in); i += 2 {
		x, w := in[i], in[i+1]
		if x[1] != w[0] || x[0] != out[0] || w[1] != out[1] {
			return out, fmt.Errorf("product %d is %d×%d by %d×%d, which must give %d×%d", i/2+1, x[0], x[1], w[0], w[1], out[0], out[1])
		}
	}
	if i := affineBias(len(in)); i >= 0 && in[i] != [2]int{1, out[1]} {
		return out, fmt.Errorf("the bias is %d×%d, want 1×%d", in[i][0], in[i][1], out[1])
	}
	return out, nil
}

// affineDo: each element is one chain: the bias, then the terms of each product in ascending order.
func affineDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	if i := affineBias(len(in)); i < 0 {
		clear(out.data)
	} else {
		for r := range out.rows {
			copy(out.row(r), in[i].data)
		}
	}
	for i := 0; i+1 < len(in); i += 2 {
		multiply(out, in[i].data, in[i].cols, 1, in[i+1])
	}
	return nil
}

// affineDiff: dX = G·Wᵀ, dW = Xᵀ·G, dbias = the sum of G's rows.
func affineDiff(o *op, grad *Node) []*Node {
	gradients := make([]*Node, len(o.operands))
	for i := 0; i+1 < len(o.operands); i += 2 {
		x, w := o.operands[i], o.operands[i+1]
		gradients[i] = o.when(i, func(b *Builder) *Node { return b.MatMulT(grad, w) })
		gradients[i+1] = o.when(i+1, func(b *Builder) *Node { return b.apply(outer, none, x, grad) })
	}
	if i := affineBias(len(o.operands)); i >= 0 {
		gradients[i] = o.pass(i, grad)
	}
	return gradients
}

func outerDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	clear(out.data)
	multiply(out, in[0].data, 1, in[0].cols, in[1])
	return nil
}

// multiply adds A·B to C, where element (i, l) of A is a[i·rowStep + l·colStep]. The terms of an element are added in ascending order,
// four at a time; each product is rounded.
func multiply[F Float](c matrix[F], a []F, rowStep, colStep int, b matrix[F]) {
	for i := range c.rows {
		row, at := c.row(i), i*rowStep
		l := 0
		for ; l+4 <= b.rows; l += 4 {
			p := at + l*colStep
			a0, a1, a2, a3 := a[p], a[p+colStep], a[p+2*colStep], a[p+3*colStep]
			b0, b1, b2, b3 := b.row(l), b.row(l+1), b.row(l+2), b.row(l+3)
			for j := range row {
				row[j] = row[j] + F(a0*b0[j]) + F(a1*b1[j]) + F(a2*b2[j]) + F(a3*b3[j])
			}
		}
		for ; l < b.rows; l++ {
			v := a[at+l*colStep]
			for j, w := range b.row(l) {
				row[j] += F(v * w)
			}
		}
	}
}

// matMulTDo takes four rows of y at a time, for the processor to have four chains in flight.
func matMulTDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	x, y := in[0], in[1]
	for i := range out.rows {
		a, row := x.row(i), out.row(i)
		j := 0
		for ; j+4 <= y.rows; j += 4 {
			y0, y1, y2, y3 := y.row(j), y.row(j+1), y.row(j+2), y.row(j+3)
			var s0, s1, s2, s3 F
			for l, v := range a {
				s0 += F(v * y0[l])
				s1 += F(v * y1[l])
				s2 += F(v * y2[l])
				s3 += F(v * y3[l])
			}
			row[j], row[j+1], row[j+2], row[j+3] = s0, s1, s2, s3
		}
		for ; j < y.rows; j++ {
			var s F
			for l, w := range y.row(j) {
				s += F(a[l] * w)
			}
			row[j] = s
		}
	}
	return nil
}
