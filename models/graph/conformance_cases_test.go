package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// unary is a case of an op of one operand, drawn from normal numbers that f maps to its domain.
func unary(name string, op func(b *Builder, x *Node) *Node, f func(v float64) float64, own func(x *Node) (*Node, error)) opCase {
	c := opCase{name: name, shapes: [][2]int{{B, 3}}, build: func(b *Builder, in []*Node) *Node { return op(b, in[0]) }}
	if f != nil {
		c.draw = func(r *rand.Rand, _ int) float64 { return f(r.NormFloat64()) }
	}
	if own != nil {
		c.own = func(in gorgonia.Nodes) (*Node, error) { return own(in[0]) }
	}
	return c
}

// binaries are the cases of an op of two operands: of one shape, and every broadcast.
func binaries(name string, op func(b *Builder, x, y *Node) *Node, draw func(r *rand.Rand, operand int) float64, fixed []int,
	own func(x, y *Node) (*Node, error), ownBroadcast func(x, y *Node, left, right []byte) (*Node, error)) (cases []opCase) {
	for _, s := range []struct {
		name        string
		x, y        [2]int
		left, right []byte
	}{
		{"", [2]int{B, 3}, [2]int{B, 3}, nil, nil},
		{", row", [2]int{B, 3}, [2]int{1, 3}, nil, []byte{0}},
		{", column", [2]int{B, 3}, [2]int{B, 1}, nil, []byte{1}},
		{", scalar", [2]int{B, 3}, [2]int{1, 1}, nil, nil},
		{", row first", [2]int{1, 3}, [2]int{B, 3}, []byte{0}, nil},
		{", column first", [2]int{B, 1}, [2]int{B, 3}, []byte{1}, nil},
		{", scalar first", [2]int{1, 1}, [2]int{B, 3}, nil, nil},
		{", column and row", [2]int{B, 1}, [2]int{1, 3}, nil, nil},
		{", weights and row", [2]int{4, 3}, [2]int{1, 3}, nil, []byte{0}},
		{", column of weights", [2]int{4, 3}, [2]int{4, 1}, nil, []byte{1}},
		{", two columns", [2]int{B, 1}, [2]int{B, 1}, nil, nil},
		{", column and scalar", [2]int{B, 1}, [2]int{1, 1}, nil, nil},
		{", two scalars", [2]int{1, 1}, [2]int{1, 1}, nil, nil},
	} {
		c := opCase{name: name + s.name, shapes: [][2]int{s.x, s.y}, draw: draw, fixed: fixed,
			build: func(b *Builder, in []*Node) *Node { return op(b, in[0], in[1]) }}
		if own != nil && s.name == "" {
			c.own = func(in gorgonia.Nodes) (*Node, error) { return own(in[0], in[1]) }
		}
		if ownBroadcast != nil && (s.left != nil || s.right != nil) {
			c.own = func(in gorgonia.Nodes) (*Node, error) { return ownBroadcast(in[0], in[1], s.left, s.right) }
		}
		cases = append(cases, c)
	}
	return cases
}

// away keeps numbers away from 0, where some functions have a corner or a pole.
func away(v float64) float64 { return v + math.Copysign(0.1, v) }

func positive(v float64) float64 { return math.Abs(v) + 0.1 }

// apart draws operands of which no two are within a step of a difference.
func apart(r *rand.Rand, operand int) float64 { return float64(r.IntN(40))/10 + float64(operand)/20 }

func divisor(r *rand.Rand, operand int) float64 {
	if operand == 1 {
		return away(r.NormFloat64())
	}
	return r.NormFloat64()
}

// masks draws 0, 1 or -0.5 for the first operand.
func masks(r *rand.Rand, operand int) float64 {
	if operand == 0 {
		return []float64{0, 1, -0.5}[r.IntN(3)]
	}
	return r.NormFloat64()
}

// rule is a case of a rule that only occurs in gradients, none of which has a gradient itself.
func gradientOnly(r *rule, attribute [2]float64, draw func(*rand.Rand, int) float64, shapes ...[2]int) opCase {
	return gradientCase(r.name, r, attribute, draw, shapes...)
}

func gradientCase(name string, r *rule, attribute [2]float64, draw func(*rand.Rand, int) float64, shapes ...[2]int) opCase {
	c := opCase{name: name, shapes: shapes, draw: draw, build: func(b *Builder, in []*Node) *Node { return b.apply(r, attribute, in...) }}
	for i := range shapes {
		c.fixed = append(c.fixed, i)
	}
	return c
}

func opCases() []opCase {
	var cases []opCase
	cases = append(cases, binaries("add", (*Builder).Add, nil, nil, gorgonia.Add, gorgonia.BroadcastAdd)...)
	cases = append(cases, binaries("sub", (*Builder).Sub, nil, nil, gorgonia.Sub, gorgonia.BroadcastSub)...)
	cases = append(cases, binaries("mul", (*Builder).Mul, nil, nil, gorgonia.HadamardProd, gorgonia.BroadcastHadamardProd)...)
	cases = append(cases, binaries("div", (*Builder).Div, divisor, nil, gorgonia.HadamardDiv, gorgonia.BroadcastHadamardDiv)...)
	cases = append(cases, binaries("min", (*Builder).Min, apart, nil, nil, nil)...)
	cases = append(cases, binaries("max", (*Builder).Max, apart, nil, nil, nil)...)
	cases = append(cases, binaries("less", (*Builder).Less, apart, []int{0, 1}, func(x, y *Node) (*Node, error) { return gorgonia.Lt(x, y, true) }, nil)...)
	cases = append(cases, elementCases()...)
	cases = append(cases, productCases()...)
	cases = append(cases, axisCases()...)
	return append(cases, gradientCases()...)
}

func elementCases() []opCase {
	leaky := func(b *Builder, x *Node) *Node { return b.LeakyReLU(0.3, x) }
	choose := func(b *Builder, in []*Node) *Node { return b.Select(in[0], in[1], in[2]) }
	return []opCase{
		unary("scale", func(b *Builder, x *Node) *Node { return b.Scale(-0.7, x) }, nil, times(-0.7)),
		unary("shift", func(b *Builder, x *Node) *Node { return b.Shift(-0.7, x) }, nil, func(x *Node) (*Node, error) {
			return gorgonia.Add(x, gorgonia.NewConstant(-0.7))
		}),
		unary("neg", (*Builder).Neg, nil, gorgonia.Neg),
		unary("sigmoid", (*Builder).Sigmoid, nil, gorgonia.Sigmoid),
		unary("tanh", (*Builder).Tanh, nil, gorgonia.Tanh),
		unary("relu", (*Builder).ReLU, away, gorgonia.Rectify),
		unary("leaky relu", leaky, away, func(x *Node) (*Node, error) { return gorgonia.LeakyRelu(x, 0.3) }),
		unary("softplus", (*Builder).Softplus, nil, gorgonia.Softplus),
		unary("exp", (*Builder).Exp, nil, gorgonia.Exp),
		unary("log", (*Builder).Log, positive, gorgonia.Log),
		unary("sqrt", (*Builder).Sqrt, positive, gorgonia.Sqrt),
		unary("square", (*Builder).Square, nil, gorgonia.Square),
		unary("abs", (*Builder).Abs, away, gorgonia.Abs),
		unary("sin", (*Builder).Sin, nil, gorgonia.Sin),
		unary("cos", (*Builder).Cos, nil, gorgonia.Cos),
		unary("clamp", func(b *Builder, x *Node) *Node { return b.Clamp(-0.05, 0.65, x) }, func(v float64) float64 { return math.Round(10*v) / 10 }, nil),
		{name: "select", shapes: [][2]int{{B, 3}, {B, 3}, {B, 3}}, fixed: []int{0}, draw: masks, build: choose},
		{name: "select, mask of one column", shapes: [][2]int{{B, 1}, {B, 3}, {B, 3}}, fixed: []int{0}, draw: masks, build: choose},
		{name: "stop-gradient", shapes: [][2]int{{B, 3}}, fixed: []int{0}, build: func(b *Builder, in []*Node) *Node { return b.StopGradient(in[0]) }},
	}
}

// times is Gorgonia's product with a constant.
func times(c float64) func(x *Node) (*Node, error) {
	return func(x *Node) (*Node, error) { return gorgonia.Mul(x, gorgonia.NewConstant(c)) }
}

func productCases() []opCase {
	return []opCase{
		{name: "affine", shapes: [][2]int{{B, 4}, {4, 3}, {B, 3}, {3, 3}, {1, 3}},
			build: func(b *Builder, in []*Node) *Node {
				return b.Affine(in[4], Product{in[0], in[1]}, Product{in[2], in[3]})
			},
			own: func(in gorgonia.Nodes) (*Node, error) {
				sum, err := gorgonia.Add(gorgonia.Must(gorgonia.Mul(in[0], in[1])), gorgonia.Must(gorgonia.Mul(in[2], in[3])))
				if err != nil {
					return nil, err
				}
				return gorgonia.BroadcastAdd(sum, in[4], nil, []byte{0})
			}},
		{name: "affine, a product alone", shapes: [][2]int{{B, 9}, {9, 2}},
			build: func(b *Builder, in []*Node) *Node { return b.MatMul(in[0], in[1]) },
			own:   func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Mul(in[0], in[1]) }},
		{name: "affine, weights by weights", shapes: [][2]int{{3, 3}, {3, 3}},
			build: func(b *Builder, in []*Node) *Node { return b.MatMul(in[0], in[1]) },
			own:   func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Mul(in[0], in[1]) }},
		{name: "affine, single numbers", shapes: [][2]int{{B, 1}, {1, 1}, {1, 1}},
			build: func(b *Builder, in []*Node) *Node { return b.Affine(in[2], Product{in[0], in[1]}) }},
		{name: "matmul transposed", shapes: [][2]int{{B, 3}, {5, 3}},
			build: func(b *Builder, in []*Node) *Node { return b.MatMulT(in[0], in[1]) },
			own: func(in gorgonia.Nodes) (*Node, error) {
				return gorgonia.Mul(in[0], gorgonia.Must(gorgonia.Transpose(in[1], 1, 0)))
			}},
		{name: "matmul transposed, weights by weights", shapes: [][2]int{{3, 3}, {3, 3}},
			build: func(b *Builder, in []*Node) *Node { return b.MatMulT(in[0], in[1]) }},
	}
}

func axisCases() []opCase {
	index := func(r *rand.Rand, operand int) float64 {
		if operand == 1 {
			return float64(r.IntN(4))
		}
		return r.NormFloat64()
	}
	loss := func(l *rule) func(b *Builder, in []*Node) *Node {
		return func(b *Builder, in []*Node) *Node { return b.apply(l, none, in...) }
	}
	return []opCase{
		{name: "concat", shapes: [][2]int{{B, 3}, {B, 1}, {B, 3}}, build: func(b *Builder, in []*Node) *Node { return b.Concat(in...) },
			own: func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Concat(1, in...) }},
		{name: "concat, one", shapes: [][2]int{{B, 3}}, build: func(b *Builder, in []*Node) *Node { return b.Concat(in...) }},
		unary("slice", func(b *Builder, x *Node) *Node { return b.Slice(x, 1, 3) }, nil, func(x *Node) (*Node, error) {
			return gorgonia.Slice(x, nil, gorgonia.S(1, 3))
		}),
		unary("slice, last", func(b *Builder, x *Node) *Node { return b.Slice(x, 2, 3) }, nil, nil),
		unary("slice, all", func(b *Builder, x *Node) *Node { return b.Slice(x, 0, 3) }, nil, nil),
		{name: "gather", shapes: [][2]int{{4, 3}, {B, 1}}, fixed: []int{1}, draw: index,
			build: func(b *Builder, in []*Node) *Node { return b.Gather(in[0], in[1]) }, own: byIndices},
		{name: "sum columns", shapes: [][2]int{{B, 3}}, build: func(b *Builder, in []*Node) *Node { return b.SumCols(in[0]) },
			own: func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Sum(in[0], 1) }},
		{name: "sum columns, mean", shapes: [][2]int{{B, 3}}, build: func(b *Builder, in []*Node) *Node { return b.MeanCols(in[0]) },
			own: func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Mean(in[0], 1) }},
		{name: "sum rows", shapes: [][2]int{{4, 3}}, build: func(b *Builder, in []*Node) *Node { return b.SumRows(in[0]) },
			own: func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Sum(in[0], 0) }},
		{name: "sum rows, mean", shapes: [][2]int{{4, 3}}, build: func(b *Builder, in []*Node) *Node { return b.MeanRows(in[0]) },
			own: func(in gorgonia.Nodes) (*Node, error) { return gorgonia.Mean(in[0], 0) }},
		unary("softmax", (*Builder).Softmax, nil, func(x *Node) (*Node, error) { return gorgonia.SoftMax(x) }),
		{name: "cross-entropy", shapes: [][2]int{{B, 4}, {B, 1}, {B, 1}}, fixed: []int{1, 2}, build: loss(crossEntropy),
			draw: func(r *rand.Rand, operand int) float64 {
				return []float64{r.NormFloat64(), float64(r.IntN(4)), r.Float64()}[operand]
			}, own: logSoftmax},
		{name: "squared error", shapes: [][2]int{{B, 3}, {B, 3}, {B, 3}}, fixed: []int{1, 2}, build: loss(squaredError),
			own: func(in gorgonia.Nodes) (*Node, error) {
				square := gorgonia.Must(gorgonia.Square(gorgonia.Must(gorgonia.Sub(in[0], in[1]))))
				rows, cols := square.Shape()[0], square.Shape()[1] // sums as products: its own of a whole matrix is a scalar, which no matrix takes a gradient from
				sums, err := gorgonia.Mul(equal(square, 1, rows, 1), gorgonia.Must(gorgonia.HadamardProd(square, in[2])))
				if err != nil {
					return nil, err
				}
				return gorgonia.Mul(sums, equal(square, cols, 1, 1/float64(rows*cols)))
			}},
	}
}

// byIndices is Gorgonia's own gather, which takes whole numbers.
func byIndices(in gorgonia.Nodes) (*Node, error) {
	var rows []int
	for _, v := range in[1].Value().Data().([]float64) {
		rows = append(rows, int(v))
	}
	index := gorgonia.NewTensor(in[0].Graph(), tensor.Int, 1, gorgonia.WithShape(len(rows)), gorgonia.WithName("rows"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(len(rows)), tensor.WithBacking(rows))))
	return gorgonia.ByIndices(in[0], index, 0)
}

// logSoftmax is the cross-entropy by Gorgonia's softmax, logarithm and products.
func logSoftmax(in gorgonia.Nodes) (*Node, error) {
	rows, cols := in[0].Shape()[0], in[0].Shape()[1]
	mask := in[2].Value().Data().([]float64)
	weights, total := make([]float64, rows*cols), 0.0
	for i, label := range in[1].Value().Data().([]float64) {
		weights[i*cols+int(label)] = -mask[i]
		total += mask[i]
	}
	weight := gorgonia.NewMatrix(in[0].Graph(), tensor.Float64, gorgonia.WithShape(rows, cols), gorgonia.WithName("weights"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(weights))))
	logs := gorgonia.Must(gorgonia.Log(gorgonia.Must(gorgonia.SoftMax(in[0]))))
	sums, err := gorgonia.Mul(equal(in[0], 1, rows, 1), gorgonia.Must(gorgonia.HadamardProd(logs, weight)))
	if err != nil {
		return nil, err
	}
	return gorgonia.Mul(sums, equal(in[0], cols, 1, 1/total))
}

// equal is a matrix of equal numbers in the graph of like.
func equal(like *Node, rows, cols int, v float64) *Node {
	data := slices.Repeat([]float64{v}, rows*cols)
	return gorgonia.NewMatrix(like.Graph(), tensor.Float64, gorgonia.WithShape(rows, cols), gorgonia.WithName(fmt.Sprintf("%d×%d of %g", rows, cols, v)),
		gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))))
}

func gradientCases() []opCase {
	same := [2]int{B, 3}
	at := func(operand int) func(r *rand.Rand, i int) float64 {
		return func(r *rand.Rand, i int) float64 {
			if i == operand {
				return float64(r.IntN(3))
			}
			return r.NormFloat64()
		}
	}
	one := [2]int{1, 1}
	return []opCase{
		gradientOnly(keep, none, masks, same, same),
		gradientCase("keep, mask of one column", keep, none, masks, [2]int{B, 1}, same),
		gradientOnly(drop, none, masks, same, same),
		gradientOnly(sigmoidSlope, none, nil, same, same),
		gradientOnly(tanhSlope, none, nil, same, same),
		gradientOnly(reluSlope, none, nil, same, same),
		gradientOnly(leakySlope, [2]float64{0.3}, nil, same, same),
		gradientOnly(clampSlope, [2]float64{-0.5, 0.5}, nil, same, same),
		gradientOnly(sign, none, nil, same),
		gradientOnly(pad, [2]float64{1, 5}, nil, same),
		gradientOnly(scatter, none, at(1), same, [2]int{B, 1}, [2]int{3, 3}),
		gradientOnly(expand, none, nil, [2]int{B, 1}, same),
		gradientOnly(reduce, none, nil, same, [2]int{1, 3}),
		gradientCase("reduce, to one number", reduce, none, nil, same, one),
		gradientOnly(outer, none, nil, same, [2]int{B, 5}),
		gradientOnly(crossEntropySlope, none, at(2), one, same, [2]int{B, 1}, [2]int{B, 1}),
		gradientOnly(squaredErrorSlope, none, nil, one, same, same, same),
	}
}
