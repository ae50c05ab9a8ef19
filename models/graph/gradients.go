package graph

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"neurosweep/models/kernel"
)

// Ops that only occur in gradients, and those with which time steps are joined.

// transpose is Wᵀ, one node for each w however often it is asked for.
func (b *Builder) transpose(w *Node) *Node {
	if b.transposes[w] == nil {
		b.transposes[w] = b.apply(transposed, 0, w)
	}
	return b.transposes[w]
}

var transposed = &rule{name: "transpose",
	shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{in[0][1], in[0][0]}, nil },
	do: func(_ *op, out matrix, in []matrix) error {
		kernel.Transpose(out.data, in[0].data, in[0].rows, in[0].cols)
		return nil
	},
}

// outer is Xᵀ·G.
var outer = &rule{name: "outer",
	shape: func(_ *op, in [][2]int) ([2]int, error) {
		if in[0][0] != in[1][0] {
			return in[0], fmt.Errorf("%d rows by %d rows", in[0][0], in[1][0])
		}
		return [2]int{in[0][1], in[1][1]}, nil
	},
	do: func(o *op, out matrix, in []matrix) error {
		clear(out.data)
		o.b.gemm.TN(out.data, in[0].data, in[1].data, out.rows, out.cols, in[0].rows)
		return nil
	},
}

// sumRows adds all rows.
var sumRows = &rule{name: "sum rows",
	shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{1, in[0][1]}, nil },
	do: func(_ *op, out matrix, in []matrix) error {
		clear(out.data)
		for r := range in[0].rows {
			for i, v := range in[0].row(r) {
				out.data[i] += v
			}
		}
		return nil
	},
}

// reluGradient passes the gradient where the result is positive, or a NaN: where its bits are not all 0. It does without a branch,
// which a processor would mispredict for half of the units.
var reluGradient = &rule{name: "relu gradient", shape: sameShape,
	do: func(_ *op, out matrix, in []matrix) error {
		for i, g := range in[0].data {
			y := math.Float32bits(in[1].data[i])
			keep := uint32(int32(y|-y) >> 31)
			out.data[i] = math.Float32frombits(math.Float32bits(g) & keep)
		}
		return nil
	},
}

// stack puts the rows of its operands one under the other: time steps of one value become one matrix. Its gradient is cut into rows again.
var stack, rows *rule

func init() {
	stack = &rule{name: "stack",
		shape: func(_ *op, in [][2]int) ([2]int, error) {
			out := in[0]
			for _, s := range in[1:] {
				if s[1] != out[1] {
					return out, fmt.Errorf("%d columns under %d", s[1], out[1])
				}
				out[0] += s[0]
			}
			return out, nil
		},
		do: func(_ *op, out matrix, in []matrix) error {
			rest := out.data
			for _, m := range in {
				rest = rest[copy(rest, m.data):]
			}
			return nil
		},
		diff: func(o *op, grad *Node) []*Node {
			gradients := make([]*Node, len(o.operands))
			at := 0
			for i, n := range o.operands {
				if o.diff[i] {
					gradients[i] = o.b.cut(grad, at, n)
				}
				at += n.Shape()[0]
			}
			return gradients
		},
	}
	rows = &rule{name: "rows",
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], nil },
		do: func(o *op, out matrix, in []matrix) error {
			copy(out.data, in[0].data[int(o.attribute)*out.cols:])
			return nil
		},
	}
}

// cut is the rows of x from row at on, as many as like has.
func (b *Builder) cut(x *Node, at int, like *Node) *Node { return b.apply(rows, float64(at), x, like) }

// differentiate returns d output / d wrt for each of wrt, given the gradient of output. A wrt that does not reach output has a nil gradient.
// It guards Gorgonia's Backpropagate, which may be called once a graph, fails on such a wrt, panics where nothing is left, and does not check shapes.
func (b *Builder) differentiate(output, grad *Node, wrt []*Node) ([]*Node, error) {
	reached := map[*Node]bool{output: true}
	for i := len(b.ops) - 1; i >= 0; i-- {
		o := b.ops[i]
		for j, n := range o.operands {
			if reached[o.node] && o.diff[j] {
				reached[n] = true
			}
		}
	}
	var used gorgonia.Nodes
	for _, n := range wrt {
		if reached[n] {
			used = append(used, n)
		}
	}
	if len(used) == 0 {
		return make([]*Node, len(wrt)), nil
	}
	found, err := gorgonia.Backpropagate(gorgonia.Nodes{output}, gorgonia.Nodes{grad}, used)
	if err != nil {
		return nil, fmt.Errorf("differentiating a graph: %w", err)
	}
	gradients := make([]*Node, len(wrt))
	for i, n := range wrt {
		if !reached[n] {
			continue
		}
		gradients[i], found = found[0], found[1:]
		if !gradients[i].Shape().Eq(n.Shape()) {
			return nil, fmt.Errorf("differentiating a graph: the gradient of %s has shape %v, want %v", n.Name(), gradients[i].Shape(), n.Shape())
		}
	}
	return gradients, nil
}
