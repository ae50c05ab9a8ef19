package graph

import (
	"fmt"
)

// A Product is one term of Affine: X·W.
type Product struct{ X, W *Node }

// Affine is X₁·W₁ + X₂·W₂ + … + bias, each row getting the 1×n bias; a nil bias is none.
func (b *Builder) Affine(bias *Node, products ...Product) *Node {
	operands := make([]*Node, 0, 2*len(products)+1)
	for _, p := range products {
		operands = append(operands, p.X, p.W)
	}
	if bias != nil {
		operands = append(operands, bias)
	}
	return b.apply(affine, 0, operands...)
}

// Add is the sum of two values of one shape.
func (b *Builder) Add(x, y *Node) *Node { return b.apply(add, 0, x, y) }

// Scale is c times x.
func (b *Builder) Scale(c float64, x *Node) *Node { return b.apply(scale, c, x) }

// ReLU is max(x, 0), element by element; its gradient at 0 is 0. A NaN stays one.
func (b *Builder) ReLU(x *Node) *Node { return b.apply(relu, 0, x) }

// The rules refer to ops that refer to rules, hence init.
var affine, add, scale, relu *rule

func init() {
	affine = &rule{name: "affine", shape: affineShape, do: affineDo, diff: affineDiff}
	add = &rule{name: "add", shape: sameShape,
		do: func(_ *op, out matrix, in []matrix) error {
			for i, v := range in[0].data {
				out.data[i] = v + in[1].data[i]
			}
			return nil
		},
		diff: func(_ *op, grad *Node) []*Node { return []*Node{grad, grad} },
	}
	scale = &rule{name: "scale", shape: sameShape,
		do: func(o *op, out matrix, in []matrix) error {
			c := float32(o.attribute)
			for i, v := range in[0].data {
				out.data[i] = c * v
			}
			return nil
		},
		diff: func(o *op, grad *Node) []*Node { return []*Node{o.b.Scale(o.attribute, grad)} },
	}
	relu = &rule{name: "relu", shape: sameShape,
		do: func(_ *op, out matrix, in []matrix) error {
			for i, v := range in[0].data {
				out.data[i] = max(v, 0)
			}
			return nil
		},
		diff: func(o *op, grad *Node) []*Node { return []*Node{o.b.apply(reluGradient, 0, grad, o.node)} },
	}
}

// sameShape is the shape rule of element-wise ops.
func sameShape(o *op, in [][2]int) ([2]int, error) {
	for i, s := range in {
		if s != in[0] {
			return s, fmt.Errorf("operand %d is %d×%d, the first %d×%d", i+1, s[0], s[1], in[0][0], in[0][1])
		}
	}
	return in[0], nil
}

// affineBias is the index of the bias among an affine op's operands, -1 if it has none.
func affineBias(operands int) int {
	if operands%2 == 0 {
		return -1
	}
	return operands - 1
}

func affineShape(o *op, in [][2]int) (out [2]int, err error) {
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

func affineDo(o *op, out matrix, in []matrix) error {
	if i := affineBias(len(in)); i < 0 {
		clear(out.data)
	} else {
		for r := range out.rows {
			copy(out.row(r), in[i].data)
		}
	}
	for i := 0; i+1 < len(in); i += 2 {
		o.b.gemm.NN(out.data, in[i].data, in[i+1].data, out.rows, out.cols, in[i].cols)
	}
	return nil
}

// affineDiff: dX = G·Wᵀ, dW = Xᵀ·G, dbias = the sum of G's rows.
func affineDiff(o *op, grad *Node) []*Node {
	gradients := make([]*Node, len(o.operands))
	for i := 0; i+1 < len(o.operands); i += 2 {
		x, w := o.operands[i], o.operands[i+1]
		if o.diff[i] {
			gradients[i] = o.b.Affine(nil, Product{grad, o.b.transpose(w)})
		}
		if o.diff[i+1] {
			gradients[i+1] = o.b.apply(outer, 0, x, grad)
		}
	}
	if i := affineBias(len(o.operands)); i >= 0 && o.diff[i] {
		gradients[i] = o.b.apply(sumRows, 0, grad)
	}
	return gradients
}
