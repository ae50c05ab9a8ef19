package graph

import (
	"fmt"
	"math"
)

// Ops that look across the columns of a row, or choose among rows of weights.

// Concat puts values of equally many rows side by side.
func (b *Builder) Concat(xs ...*Node) *Node { return b.apply(concat, none, xs...) }

// Slice is the columns from to to-1 of x.
func (b *Builder) Slice(x *Node, from, to int) *Node {
	return b.apply(slice, [2]float64{float64(from), float64(to)}, x)
}

// Gather is, in each row, the row of the table that the index says: a whole number from 0, in one column. The table may not be a batch value. Gradients do not reach the index.
func (b *Builder) Gather(table, index *Node) *Node { return b.apply(gather, none, table, index) }

// SumCols is the sum of each row, as one column.
func (b *Builder) SumCols(x *Node) *Node { return b.apply(sumCols, none, x) }

// MeanCols is the mean of each row, as one column.
func (b *Builder) MeanCols(x *Node) *Node {
	sum := b.SumCols(x)
	_, cols := shape(x)
	return b.Scale(1/float64(cols), sum)
}

// SumRows is the sum of each column of a value made from weights, as one row.
func (b *Builder) SumRows(x *Node) *Node { return b.apply(sumRows, none, x) }

// MeanRows is the mean of each column of a value made from weights, as one row.
func (b *Builder) MeanRows(x *Node) *Node {
	sum := b.SumRows(x)
	rows, _ := shape(x)
	return b.Scale(1/float64(rows), sum)
}

// Softmax is e^x / Σ e^x over each row.
func (b *Builder) Softmax(x *Node) *Node { return b.apply(softmax, none, x) }

var concat, slice, gather, sumCols, sumRows, softmax *rule

func init() {
	concat = newRule(rule{name: "concat", shape: concatShape, do32: concatDo[float32], do64: concatDo[float64],
		diff: func(o *op, grad *Node) []*Node {
			gradients := make([]*Node, len(o.operands))
			at := 0
			for i, n := range o.operands {
				_, cols := shape(n)
				gradients[i] = o.when(i, func(b *Builder) *Node { return b.Slice(grad, at, at+cols) })
				at += cols
			}
			return gradients
		},
	})
	slice = newRule(rule{name: "slice", shape: sliceShape, do32: sliceDo[float32], do64: sliceDo[float64],
		diff: func(o *op, grad *Node) []*Node {
			_, cols := shape(o.operands[0])
			return []*Node{o.b.apply(pad, [2]float64{o.attribute[0], float64(cols)}, grad)}
		},
	})
	gather = newRule(rule{name: "gather", shape: gatherShape, do32: gatherDo[float32], do64: gatherDo[float64],
		weights: func(_ *op, i int) bool { return i == 0 },
		fixed:   func(i int) bool { return i == 1 },
		diff: func(o *op, grad *Node) []*Node {
			return []*Node{o.b.apply(scatter, none, grad, o.operands[1], o.operands[0]), nil}
		},
	})
	expandGradient := func(o *op, grad *Node) []*Node { return []*Node{o.b.apply(expand, none, grad, o.operands[0])} }
	sumCols = newRule(rule{name: "sum columns", do32: reduceDo[float32], do64: reduceDo[float64], diff: expandGradient,
		shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{in[0][0], 1}, nil },
	})
	sumRows = newRule(rule{name: "sum rows", overRows: true, do32: reduceDo[float32], do64: reduceDo[float64], diff: expandGradient,
		weights: func(*op, int) bool { return true },
		shape:   func(_ *op, in [][2]int) ([2]int, error) { return [2]int{1, in[0][1]}, nil },
	})
	softmax = newRule(rule{name: "softmax", shape: sameShape, do32: softmaxDo[float32], do64: softmaxDo[float64],
		diff: func(o *op, grad *Node) []*Node {
			b, y := o.b, o.node
			return []*Node{b.Mul(y, b.Sub(grad, b.SumCols(b.Mul(grad, y))))}
		},
	})
}

func concatShape(_ *op, in [][2]int) (out [2]int, err error) {
	out[0] = in[0][0]
	for i, s := range in {
		if s[0] != out[0] {
			return out, fmt.Errorf("operand %d is %d×%d, the first %d×%d", i+1, s[0], s[1], in[0][0], in[0][1])
		}
		out[1] += s[1]
	}
	return out, nil
}

func concatDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	for r := range out.rows {
		rest := out.row(r)
		for _, m := range in {
			rest = rest[copy(rest, m.row(r)):]
		}
	}
	return nil
}

func sliceShape(o *op, in [][2]int) ([2]int, error) {
	from, to := int(o.attribute[0]), int(o.attribute[1])
	if from < 0 || to <= from || to > in[0][1] {
		return in[0], fmt.Errorf("columns %d to %d of %d×%d", from, to, in[0][0], in[0][1])
	}
	return [2]int{in[0][0], to - from}, nil
}

func sliceDo[F Float](o *op, out matrix[F], in []matrix[F]) error {
	for r := range out.rows {
		copy(out.row(r), in[0].row(r)[int(o.attribute[0]):])
	}
	return nil
}

func gatherShape(_ *op, in [][2]int) ([2]int, error) {
	if in[1][1] != 1 {
		return in[0], fmt.Errorf("the index is %d×%d, want one column", in[1][0], in[1][1])
	}
	return [2]int{in[1][0], in[0][1]}, nil
}

func gatherDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	for r, v := range in[1].data {
		i, err := whole(v, in[0].rows)
		if err != nil {
			return fmt.Errorf("row %d: %w", r, err)
		}
		copy(out.row(r), in[0].row(i))
	}
	return nil
}

// whole is v as an index below n.
func whole[F Float](v F, n int) (int, error) {
	if !(v >= 0 && v < F(n)) || F(math.Trunc(float64(v))) != v {
		return 0, fmt.Errorf("%g, want a whole number from 0 to %d", v, n-1)
	}
	return int(v), nil
}

func softmaxDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	for r := range out.rows {
		z := in[0].row(r)
		top, denominator := normalizer(z)
		for i, v := range z {
			out.row(r)[i] = F(exp64(float64(v)-top) / denominator)
		}
	}
	return nil
}

// normalizer returns the largest number m of a row and the sum of exp(z-m), which is at least 1, or NaN where a number is, or where one is infinite.
func normalizer[F Float](z []F) (top, denominator float64) {
	top = float64(z[0])
	for _, v := range z[1:] {
		top = max(top, float64(v))
	}
	for _, v := range z {
		denominator += exp64(float64(v) - top)
	}
	return top, denominator
}
