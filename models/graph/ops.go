package graph

import "fmt"

// Element-wise ops of two operands broadcast (see Builder).

// Add is x + y.
func (b *Builder) Add(x, y *Node) *Node { return b.apply(add, none, x, y) }

// Sub is x - y.
func (b *Builder) Sub(x, y *Node) *Node { return b.apply(sub, none, x, y) }

// Mul is x·y, element by element.
func (b *Builder) Mul(x, y *Node) *Node { return b.apply(mul, none, x, y) }

// Div is x/y, element by element.
func (b *Builder) Div(x, y *Node) *Node { return b.apply(div, none, x, y) }

// Min is the smaller of x and y, a NaN where one is; where they are equal, the gradient goes to x.
func (b *Builder) Min(x, y *Node) *Node { return b.apply(minimum, none, x, y) }

// Max is the larger of x and y, a NaN where one is; where they are equal, the gradient goes to x.
func (b *Builder) Max(x, y *Node) *Node { return b.apply(maximum, none, x, y) }

// Less is 1 where x < y, otherwise 0. Gradients do not pass it.
func (b *Builder) Less(x, y *Node) *Node { return b.apply(less, none, x, y) }

// Select is x where the mask is not 0, y where it is. x and y have one shape, the mask has it too, or is one column. Gradients do not reach the mask.
func (b *Builder) Select(mask, x, y *Node) *Node { return b.apply(selection, none, mask, x, y) }

// StopGradient is x, which gradients do not reach.
func (b *Builder) StopGradient(x *Node) *Node { return b.apply(stopGradient, none, x) }

// none are the attributes of an op without.
var none [2]float64

// The rules refer to ops that refer to rules, hence init.
var (
	add, sub, mul, div, minimum, maximum, less *rule
	selection, stopGradient                    *rule
)

func init() {
	add = newRule(rule{name: "add", shape: broadcast, element: elementAdd,
		diff: func(o *op, grad *Node) []*Node { return []*Node{o.pass(0, grad), o.pass(1, grad)} },
	})
	sub = newRule(rule{name: "sub", shape: broadcast, element: elementSub,
		diff: func(o *op, grad *Node) []*Node {
			return []*Node{o.pass(0, grad), o.when(1, func(b *Builder) *Node { return b.Neg(grad) })}
		},
	})
	mul = newRule(rule{name: "mul", shape: broadcast, element: elementMul,
		diff: func(o *op, grad *Node) []*Node {
			x, y := o.operands[0], o.operands[1]
			return []*Node{
				o.when(0, func(b *Builder) *Node { return b.Mul(grad, y) }),
				o.when(1, func(b *Builder) *Node { return b.Mul(grad, x) }),
			}
		},
	})
	div = newRule(rule{name: "div", shape: broadcast, element: elementDiv,
		diff: func(o *op, grad *Node) []*Node {
			y := o.operands[1]
			return []*Node{
				o.when(0, func(b *Builder) *Node { return b.Div(grad, y) }),
				o.when(1, func(b *Builder) *Node { return b.Neg(b.Div(b.Mul(grad, o.node), y)) }),
			}
		},
	})
	minimum = newRule(rule{name: "min", shape: broadcast, element: elementMin,
		diff: func(o *op, grad *Node) []*Node { return o.either(grad, o.operands[1], o.operands[0]) },
	})
	maximum = newRule(rule{name: "max", shape: broadcast, element: elementMax,
		diff: func(o *op, grad *Node) []*Node { return o.either(grad, o.operands[0], o.operands[1]) },
	})
	less = newRule(rule{name: "less", shape: broadcast, element: elementLess})
	selection = newRule(rule{name: "select", shape: selectShape, element: elementSelect,
		fixed: func(i int) bool { return i == 0 },
		diff: func(o *op, grad *Node) []*Node {
			mask := o.operands[0]
			return []*Node{nil,
				o.when(1, func(b *Builder) *Node { return b.apply(keep, none, mask, grad) }),
				o.when(2, func(b *Builder) *Node { return b.apply(drop, none, mask, grad) }),
			}
		},
	})
	stopGradient = newRule(rule{name: "stop-gradient", shape: sameShape, element: elementCopy})
}

// pass is grad as the gradient of operand i: summed over the rows and columns for which the operand stands. nil if no gradient reaches it.
func (o *op) pass(i int, grad *Node) *Node {
	if !o.diff[i] {
		return nil
	}
	n := o.operands[i]
	if sameSize(grad, n) && o.b.batch[grad] == o.b.batch[n] {
		return grad
	}
	return o.b.apply(reduce, none, grad, n)
}

// when is the gradient of operand i, made only if one reaches it.
func (o *op) when(i int, grad func(b *Builder) *Node) *Node {
	if !o.diff[i] {
		return nil
	}
	return o.pass(i, grad(o.b))
}

// either gives the gradient of an op of two operands to the second where small < large, otherwise to the first.
func (o *op) either(grad, small, large *Node) []*Node {
	if !o.diff[0] && !o.diff[1] {
		return []*Node{nil, nil}
	}
	second := o.b.Less(small, large)
	return []*Node{
		o.when(0, func(b *Builder) *Node { return b.apply(drop, none, second, grad) }),
		o.when(1, func(b *Builder) *Node { return b.apply(keep, none, second, grad) }),
	}
}

// sameShape is the shape rule of element-wise ops that do not broadcast.
func sameShape(_ *op, in [][2]int) ([2]int, error) {
	for i, s := range in {
		if s != in[0] {
			return s, fmt.Errorf("operand %d is %d×%d, the first %d×%d", i+1, s[0], s[1], in[0][0], in[0][1])
		}
	}
	return in[0], nil
}

// broadcast is the shape rule of element-wise ops whose operands may be one row or one column.
func broadcast(_ *op, in [][2]int) (out [2]int, err error) {
	out = in[0]
	for i, s := range in {
		for axis := range s {
			if out[axis] == 1 {
				out[axis] = s[axis]
			}
			if s[axis] != 1 && s[axis] != out[axis] {
				return out, fmt.Errorf("operand %d is %d×%d, the first %d×%d", i+1, s[0], s[1], in[0][0], in[0][1])
			}
		}
	}
	return out, nil
}

func selectShape(o *op, in [][2]int) ([2]int, error) {
	out, err := sameShape(o, in[1:])
	if err != nil {
		return out, fmt.Errorf("its second operand is %d×%d, its first %d×%d", in[2][0], in[2][1], in[1][0], in[1][1])
	}
	if in[0] != out && in[0] != [2]int{out[0], 1} {
		return out, fmt.Errorf("the mask is %d×%d, want %d×%d or %d×1", in[0][0], in[0][1], out[0], out[1], out[0])
	}
	return out, nil
}
