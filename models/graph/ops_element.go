package graph

import "math"

// Ops of one operand, element by element. A NaN stays one.

// Scale is c times x.
func (b *Builder) Scale(c float64, x *Node) *Node { return b.apply(scale, [2]float64{c}, x) }

// Shift is c + x.
func (b *Builder) Shift(c float64, x *Node) *Node { return b.apply(shift, [2]float64{c}, x) }

// Neg is -x.
func (b *Builder) Neg(x *Node) *Node { return b.apply(neg, none, x) }

// Sigmoid is 1/(1+e⁻ˣ).
func (b *Builder) Sigmoid(x *Node) *Node { return b.apply(sigmoid, none, x) }

// Tanh is the hyperbolic tangent.
func (b *Builder) Tanh(x *Node) *Node { return b.apply(tanh, none, x) }

// ReLU is max(x, 0); its gradient at 0 is 0.
func (b *Builder) ReLU(x *Node) *Node { return b.apply(relu, none, x) }

// LeakyReLU is x where that is positive, otherwise slope·x, 0 ≤ slope; its gradient at 0 is slope.
func (b *Builder) LeakyReLU(slope float64, x *Node) *Node {
	if !(slope >= 0) || math.IsInf(slope, 0) {
		fail("%s: a slope of %g, want a finite number of at least 0", leakyReLU.name, slope)
	}
	return b.apply(leakyReLU, [2]float64{slope}, x)
}

// Softplus is log(1+eˣ).
func (b *Builder) Softplus(x *Node) *Node { return b.apply(softplus, none, x) }

// Exp is eˣ.
func (b *Builder) Exp(x *Node) *Node { return b.apply(exp, none, x) }

// Log is the natural logarithm: -Inf at 0, a NaN below.
func (b *Builder) Log(x *Node) *Node { return b.apply(log, none, x) }

// Sqrt is the square root: a NaN below 0. Its gradient at 0 is infinite.
func (b *Builder) Sqrt(x *Node) *Node { return b.apply(sqrt, none, x) }

// Square is x².
func (b *Builder) Square(x *Node) *Node { return b.apply(square, none, x) }

// Abs is |x|; its gradient at 0 is 0.
func (b *Builder) Abs(x *Node) *Node { return b.apply(abs, none, x) }

// Sin is the sine of x radians.
func (b *Builder) Sin(x *Node) *Node { return b.apply(sin, none, x) }

// Cos is the cosine of x radians.
func (b *Builder) Cos(x *Node) *Node { return b.apply(cos, none, x) }

// Clamp is lo where x < lo, hi where x > hi, otherwise x; lo ≤ hi. The gradient passes from lo to hi, both included.
func (b *Builder) Clamp(lo, hi float64, x *Node) *Node {
	if !(lo <= hi) {
		fail("%s: from %g to %g, want an interval", clamp.name, lo, hi)
	}
	return b.apply(clamp, [2]float64{lo, hi}, x)
}

var (
	scale, shift, neg, sigmoid, tanh, relu, leakyReLU *rule
	softplus, exp, log, sqrt, square, abs, sin, cos   *rule
	clamp                                             *rule
)

func init() {
	unary := func(name string, e element, diff func(b *Builder, o *op, grad, x, y *Node) *Node) *rule {
		return newRule(rule{name: name, shape: sameShape, element: e, diff: func(o *op, grad *Node) []*Node {
			return []*Node{diff(o.b, o, grad, o.operands[0], o.node)}
		}})
	}
	scale = unary("scale", elementScale, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Scale(o.attribute[0], grad) })
	shift = unary("shift", elementShift, func(b *Builder, o *op, grad, x, y *Node) *Node { return grad })
	neg = unary("neg", elementNeg, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Neg(grad) })
	sigmoid = unary("sigmoid", elementSigmoid, func(b *Builder, o *op, grad, x, y *Node) *Node {
		return b.apply(sigmoidSlope, none, grad, y)
	})
	tanh = unary("tanh", elementTanh, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.apply(tanhSlope, none, grad, y) })
	relu = unary("relu", elementReLU, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.apply(reluSlope, none, grad, y) })
	leakyReLU = unary("leaky relu", elementLeakyReLU, func(b *Builder, o *op, grad, x, y *Node) *Node {
		return b.apply(leakySlope, o.attribute, grad, x)
	})
	softplus = unary("softplus", elementSoftplus, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Mul(grad, b.Sigmoid(x)) })
	exp = unary("exp", elementExp, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Mul(grad, y) })
	log = unary("log", elementLog, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Div(grad, x) })
	sqrt = unary("sqrt", elementSqrt, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Div(b.Scale(0.5, grad), y) })
	square = unary("square", elementSquare, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Mul(grad, b.Scale(2, x)) })
	abs = unary("abs", elementAbs, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Mul(grad, b.apply(sign, none, x)) })
	sin = unary("sin", elementSin, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Mul(grad, b.Cos(x)) })
	cos = unary("cos", elementCos, func(b *Builder, o *op, grad, x, y *Node) *Node { return b.Neg(b.Mul(grad, b.Sin(x))) })
	clamp = unary("clamp", elementClamp, func(b *Builder, o *op, grad, x, y *Node) *Node {
		return b.apply(clampSlope, o.attribute, grad, x)
	})
}
