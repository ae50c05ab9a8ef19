package graph

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/tensor"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// same tells whether numbers are equal; all NaNs are.
func same(got, want []float64) bool {
	if len(got) != len(want) {
		return false
	}
	for i, v := range want {
		if got[i] != v && (v == v || got[i] == got[i]) {
			return false
		}
	}
	return true
}

// What ops give, at corners above all: NaN, infinities, equal operands, the ends of an interval, rows in order.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *Builder, in []*Node) *Node
		in    [][]float64 // each one row
		want  []float64
	}{
		{"min", func(b *Builder, in []*Node) *Node { return b.Min(in[0], in[1]) }, [][]float64{{1, 2, nan, 1, -inf}, {2, 1, 1, nan, 0}}, []float64{1, 1, nan, nan, -inf}},
		{"max", func(b *Builder, in []*Node) *Node { return b.Max(in[0], in[1]) }, [][]float64{{1, 2, nan, 1, -inf}, {2, 1, 1, nan, 0}}, []float64{2, 2, nan, nan, 0}},
		{"less", func(b *Builder, in []*Node) *Node { return b.Less(in[0], in[1]) }, [][]float64{{1, 2, nan, 1, 1}, {2, 1, 1, nan, 1}}, []float64{1, 0, 0, 0, 0}},
		{"select", func(b *Builder, in []*Node) *Node { return b.Select(in[0], in[1], in[2]) },
			[][]float64{{0, 1, -0.5, nan, 0}, {1, 1, 1, 1, nan}, {2, nan, 2, 2, 2}}, []float64{2, 1, 1, 1, 2}},
		{"relu", func(b *Builder, in []*Node) *Node { return b.ReLU(in[0]) }, [][]float64{{-1, 0, 2, nan, -inf, inf}}, []float64{0, 0, 2, nan, 0, inf}},
		{"leaky relu", func(b *Builder, in []*Node) *Node { return b.LeakyReLU(0.5, in[0]) }, [][]float64{{-1, 0, 2, nan, -inf}}, []float64{-0.5, 0, 2, nan, -inf}},
		{"clamp", func(b *Builder, in []*Node) *Node { return b.Clamp(-1, 2, in[0]) }, [][]float64{{-3, -1, 0, 2, 3, nan, -inf, inf}}, []float64{-1, -1, 0, 2, 2, nan, -1, 2}},
		{"clamp to no end", func(b *Builder, in []*Node) *Node { return b.Clamp(0, inf, in[0]) }, [][]float64{{-3, 3, inf}}, []float64{0, 3, inf}},
		{"log", func(b *Builder, in []*Node) *Node { return b.Log(in[0]) }, [][]float64{{1, 0, -1, nan, inf}}, []float64{0, -inf, nan, nan, inf}},
		{"sqrt", func(b *Builder, in []*Node) *Node { return b.Sqrt(in[0]) }, [][]float64{{4, 0, -1, nan, inf}}, []float64{2, 0, nan, nan, inf}},
		{"exp", func(b *Builder, in []*Node) *Node { return b.Exp(in[0]) }, [][]float64{{0, 1000, -1000, nan, inf, -inf}}, []float64{1, inf, 0, nan, inf, 0}},
		{"sigmoid", func(b *Builder, in []*Node) *Node { return b.Sigmoid(in[0]) }, [][]float64{{0, 1000, -1000, nan, inf, -inf}}, []float64{0.5, 1, 0, nan, 1, 0}},
		{"tanh", func(b *Builder, in []*Node) *Node { return b.Tanh(in[0]) }, [][]float64{{0, 1000, -1000, nan, inf, -inf}}, []float64{0, 1, -1, nan, 1, -1}},
		{"softplus", func(b *Builder, in []*Node) *Node { return b.Softplus(in[0]) }, [][]float64{{0, 1000, -1000, nan, inf, -inf}}, []float64{math.Ln2, 1000, 0, nan, inf, 0}},
		{"sin", func(b *Builder, in []*Node) *Node { return b.Sin(in[0]) }, [][]float64{{0, nan, inf}}, []float64{0, nan, nan}},
		{"sign", func(b *Builder, in []*Node) *Node { return b.apply(sign, none, in[0]) }, [][]float64{{-3, 0, 7, nan, inf}}, []float64{-1, 0, 1, nan, 1}},
		{"shift", func(b *Builder, in []*Node) *Node { return b.Shift(0.25, in[0]) }, [][]float64{{1, nan}}, []float64{1.25, nan}},
		{"keep", func(b *Builder, in []*Node) *Node { return b.apply(keep, none, in[0], in[1]) }, [][]float64{{0, 1, nan, 0}, {5, 6, 7, nan}}, []float64{0, 6, 7, 0}},
		{"drop", func(b *Builder, in []*Node) *Node { return b.apply(drop, none, in[0], in[1]) }, [][]float64{{0, 1, nan, 1}, {5, 6, 7, nan}}, []float64{5, 0, 0, 0}},
		{"relu gradient", func(b *Builder, in []*Node) *Node { return b.apply(reluSlope, none, in[0], in[1]) }, [][]float64{{5, 6, 7, nan}, {0, 1, nan, 0}}, []float64{0, 6, 7, 0}},
		{"leaky relu gradient", func(b *Builder, in []*Node) *Node { return b.apply(leakySlope, [2]float64{0.5}, in[0], in[1]) },
			[][]float64{{5, 6, 7, 8}, {0, 1, nan, -1}}, []float64{2.5, 6, 7, 4}},
		{"clamp gradient", func(b *Builder, in []*Node) *Node { return b.apply(clampSlope, [2]float64{0, 1}, in[0], in[1]) },
			[][]float64{{5, 6, 7, 8, 9}, {0, 1, nan, -1, 2}}, []float64{5, 6, 7, 0, 0}},
		{"concat and slice", func(b *Builder, in []*Node) *Node { return b.Slice(b.Concat(in[0], in[1]), 1, 4) }, [][]float64{{1, 2, 3}, {4, 5}}, []float64{2, 3, 4}},
		{"pad", func(b *Builder, in []*Node) *Node { return b.apply(pad, [2]float64{1, 4}, in[0]) }, [][]float64{{1, 2}}, []float64{0, 1, 2, 0}},
		{"gather", func(b *Builder, in []*Node) *Node { return b.Gather(in[0], in[1]) }, [][]float64{{1, 2}, {0}}, []float64{1, 2}},
		{"0 times NaN", func(b *Builder, in []*Node) *Node { return b.MatMul(in[0], in[1]) }, [][]float64{{0}, {nan, inf, 1}}, []float64{nan, nan, 0}},
		{"0 times NaN transposed", func(b *Builder, in []*Node) *Node { return b.MatMulT(in[0], in[1]) }, [][]float64{{0, 1}, {inf, 0}}, []float64{nan}},
		{"softmax", func(b *Builder, in []*Node) *Node { return b.Softmax(in[0]) }, [][]float64{{1000, -1000}}, []float64{1, 0}},
		{"softmax of a NaN", func(b *Builder, in []*Node) *Node { return b.Softmax(in[0]) }, [][]float64{{1, nan}}, []float64{nan, nan}},
	} {
		o := opCase{name: c.name, build: c.build}
		for i, values := range c.in {
			o.shapes = append(o.shapes, [2]int{1, len(values)})
			o.fixed = append(o.fixed, i)
		}
		if e := evaluate[float64](t, o, 1, c.in); !same(e.out, c.want) {
			t.Errorf("%s is %v, want %v", c.name, e.out, c.want)
		}
		narrow := evaluate[float32](t, o, 1, c.in)
		wide := make([]float64, len(narrow.out))
		for i, v := range narrow.out {
			wide[i] = float64(v)
			c.want[i] = float64(float32(c.want[i]))
		}
		if !same(wide, c.want) {
			t.Errorf("%s in float32 is %v, want %v", c.name, wide, c.want)
		}
	}
}

// A NaN anywhere in an operand that gradients reach comes out wherever that operand has influence, and nowhere else.
func TestNaNsStay(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	const size = 3
	for _, c := range opCases() {
		if c.name == "select" || strings.HasPrefix(c.name, "select,") {
			continue // what is not selected has no influence: TestValues
		}
		in := c.numbers(r, size)
		run := compile[float64](t, c, size)
		plain := run(in).out
		for i, values := range in {
			if c.isFixed(i) {
				continue
			}
			for j, v := range values {
				influence := make([]bool, len(plain))
				for _, other := range []float64{v + 50, v - 50, nan} {
					values[j] = other
					out := run(in).out
					for k := range out {
						switch {
						case other == other:
							influence[k] = influence[k] || out[k] != plain[k]
						case (out[k] != out[k]) != (influence[k] || plain[k] != plain[k]):
							t.Errorf("%s: with a NaN at %d of operand %d, result %d is %g", c.name, j, i, k, out[k])
						}
					}
				}
				values[j] = v
			}
		}
	}
}

func (c opCase) isFixed(operand int) bool {
	for _, i := range c.fixed {
		if i == operand {
			return true
		}
	}
	return false
}

// An operand of a shape that does not fit is an error that names the op, whatever else is right.
func TestWrongShapes(t *testing.T) {
	for _, c := range opCases() {
		if len(c.shapes) < 2 {
			continue
		}
		rule, _, _ := strings.Cut(c.name, ",")
		for i := range c.shapes {
			wrong := c
			wrong.shapes = append([][2]int{}, c.shapes...)
			wrong.shapes[i] = [2]int{8, 9}
			if fits(wrong, i) {
				continue
			}
			err := build(func() {
				b := newBuilder(tensor.Float64, 5, 0)
				wrong.build(b, wrong.inputs(b, 5))
			})
			if err == nil || !strings.HasPrefix(err.Error(), rule+": ") || !strings.Contains(err.Error(), "×") {
				t.Errorf("%s: operand %d is 8×9 and the error is %v", c.name, i, err)
			}
		}
	}
}

// fits tells whether all other operands are single numbers, or the operand may have any size, or this one.
func fits(c opCase, i int) bool {
	for j, s := range c.shapes {
		if j != i && s != [2]int{1, 1} {
			return i == 0 && (c.name == "gather" || c.name == "affine, a product alone")
		}
	}
	return true
}

func TestMistakesInOps(t *testing.T) {
	for want, f := range map[string]func(b *Builder, x, w *Node) *Node{
		"slice: columns 2 to 4 of 1009×3":                      func(b *Builder, x, w *Node) *Node { return b.Slice(x, 2, 4) },
		"slice: columns 1 to 1 of":                             func(b *Builder, x, w *Node) *Node { return b.Slice(x, 1, 1) },
		"slice: columns -1 to 1 of":                            func(b *Builder, x, w *Node) *Node { return b.Slice(x, -1, 1) },
		"clamp: from 2 to 1":                                   func(b *Builder, x, w *Node) *Node { return b.Clamp(2, 1, x) },
		"leaky relu: a slope of -1":                            func(b *Builder, x, w *Node) *Node { return b.LeakyReLU(-1, x) },
		"leaky relu: a slope of NaN":                           func(b *Builder, x, w *Node) *Node { return b.LeakyReLU(nan, x) },
		"sum rows: the rows of operand 1 are those of":         func(b *Builder, x, w *Node) *Node { return b.SumRows(x) },
		"affine: the rows of operand 2 are those of the batch": func(b *Builder, x, w *Node) *Node { return b.MatMul(w, x) },
		"matmul transposed: the rows of operand 2 are":         func(b *Builder, x, w *Node) *Node { return b.MatMulT(w, x) },
		"affine: the rows of operand 3 are":                    func(b *Builder, x, w *Node) *Node { return b.Affine(x, Product{x, w}) },
		"gather: the rows of operand 1 are":                    func(b *Builder, x, w *Node) *Node { return b.Gather(x, b.SumCols(x)) },
		"gather: the index is 1009×3":                          func(b *Builder, x, w *Node) *Node { return b.Gather(w, x) },
		"tanh: operand 1 of 1 is missing":                      func(b *Builder, x, w *Node) *Node { return b.Tanh(nil) },
		"select: operand 3 of 3 is missing":                    func(b *Builder, x, w *Node) *Node { return b.Select(x, x, nil) },
		"concat: no operand":                                   func(b *Builder, x, w *Node) *Node { return b.Concat() },
		"zeros 0 is 1009×0":                                    func(b *Builder, x, w *Node) *Node { return b.Zeros(0) },
		"noise 0 is 1009×-1":                                   func(b *Builder, x, w *Node) *Node { return b.Noise(-1) },
	} {
		err := build(func() {
			b := newBuilder(tensor.Float32, probeRows, 0)
			f(b, b.input("x", probeRows, 3, dataInput), b.input("w", 3, 3, weightInput))
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// An index that is no row of the table is found while a graph runs; the error names the op.
func TestWrongIndices(t *testing.T) {
	for _, v := range []float32{-1, 3, 0.5, float32(nan), float32(inf)} {
		b := newBuilder(tensor.Float32, 1, 0)
		var table, index, out *Node
		err := build(func() {
			table, index = b.input("table", 3, 2, weightInput), b.input("index", 1, 1, dataInput)
			out = b.Gather(table, index)
		})
		if err != nil {
			t.Fatal(err)
		}
		tape, err := newTape[float32](b, []*Node{table, index}, []*Node{out})
		if err != nil {
			t.Fatal(err)
		}
		tape.inputs[index][0] = v
		if err := tape.run(); err == nil || !strings.Contains(err.Error(), "gather: row 0: ") {
			t.Errorf("index %g: error %v", v, err)
		}
	}
}

// ulp is the distance of got from want in units of the last place of want.
func ulp(got, want float64) float64 {
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), inf) - math.Abs(want))
}

// The functions against the standard library's, which are within 1 unit in the last place themselves.
func TestFunctions(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, c := range []struct {
		name      string
		got, want func(float64) float64
		scale     float64
		limit     float64
	}{
		{"exp", exp64, math.Exp, 200, 2}, {"log", func(x float64) float64 { return log64(math.Exp(x)) }, func(x float64) float64 { return math.Log(math.Exp(x)) }, 100, 2},
		{"log near 1", func(x float64) float64 { return log64(1 + x/100) }, func(x float64) float64 { return math.Log(1 + x/100) }, 1, 2},
		{"tanh", tanh64, math.Tanh, 2, 3}, {"sin", sin64, math.Sin, 3, 2}, {"cos", cos64, math.Cos, 3, 2}, {"sin of large numbers", sin64, math.Sin, 1e5, 3},
		{"sigmoid", sigmoid64, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 5, 4},
		{"softplus", softplus64, func(x float64) float64 { return math.Log1p(math.Exp(x)) }, 5, 4},
	} {
		worst, at := 0.0, 0.0
		for range 100_000 {
			x := r.NormFloat64() * c.scale
			want := c.want(x)
			if math.IsInf(want, 0) || math.Abs(want) < 1e-300 {
				continue
			}
			if e := ulp(c.got(x), want); e > worst {
				worst, at = e, x
			}
		}
		t.Logf("%s: at most %.2f ulp from the standard library's", c.name, worst)
		if worst > c.limit {
			t.Errorf("%s(%g) is off by %.2f ulp", c.name, at, worst)
		}
	}
	// Beside a multiple of π/2, where a reduction in few digits has none left.
	if got := sin64(math.Pi); got != 1.2246467991473531772e-16 {
		t.Errorf("sin π is %g", got)
	}
	for _, x := range []float64{11, 355, 52174, 1 << 19} {
		if e := ulp(sin64(x), math.Sin(x)); e > 2 {
			t.Errorf("sin %g is %g, want %g", x, sin64(x), math.Sin(x))
		}
	}
}
