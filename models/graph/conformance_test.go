package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// B stands for the number of sequences in the shapes of an opCase: such an operand is a batch value.
const B = -1

// An opCase is one use of an op. All tests of this file run on every one, and every rule has one.
type opCase struct {
	name   string // begins with that of the rule
	shapes [][2]int
	build  func(b *Builder, in []*Node) *Node

	fixed []int                                   // operands that have no gradient
	draw  func(r *rand.Rand, operand int) float64 // nil: normal numbers
	own   func(in gorgonia.Nodes) (*Node, error)  // the same with Gorgonia's own ops; nil where it has none, or none that works
}

// An evaluation is what a graph of one op gives: Σ out·given is differentiated.
type evaluation[F Float] struct {
	out       []F
	gradients [][]F // nil where zero
}

// evaluate runs a case on a tape.
func evaluate[F Float](t *testing.T, c opCase, size int, in [][]float64) evaluation[F] {
	t.Helper()
	return compile[F](t, c, size)(in)
}

// compile gives a function that runs a case.
func compile[F Float](t *testing.T, c opCase, size int) func(in [][]float64) evaluation[F] {
	t.Helper()
	b := newBuilder(dtype[F](), size, 0)
	var operands, gradients []*Node
	var out, grad *Node
	err := build(func() {
		operands = c.inputs(b, size)
		out = c.build(b, operands)
		rows, cols := shape(out)
		grad = b.input("given", rows, cols, dataInput)
		var err error
		if gradients, err = b.differentiate([]*Node{out}, []*Node{grad}, operands); err != nil {
			fail("%w", err)
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	tape, err := newTape[F](b, append(slices.Clone(operands), grad), append([]*Node{out}, gradients...))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	for i := range tape.inputs[grad] {
		tape.inputs[grad][i] = F(given(i))
	}
	return func(in [][]float64) evaluation[F] {
		for i, n := range operands {
			for j, v := range in[i] {
				tape.inputs[n][j] = F(v)
			}
		}
		if err := tape.run(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		e := evaluation[F]{gradients: make([][]F, len(operands)), out: slices.Clone(tape.value(out))}
		for i, n := range gradients {
			if n != nil {
				e.gradients[i] = slices.Clone(tape.value(n))
			}
		}
		return e
	}
}

func (c opCase) inputs(b *Builder, size int) (nodes []*Node) {
	for i := range c.shapes {
		s := c.shape(i, size)
		nodes = append(nodes, b.input(fmt.Sprintf("operand %d", i), s[0], s[1], inputKind{batch: c.shapes[i][0] == B, needs: true}))
	}
	return nodes
}

func (c opCase) shape(i, size int) [2]int {
	s := c.shapes[i]
	if s[0] == B {
		s[0] = size
	}
	return s
}

func (c opCase) numbers(r *rand.Rand, size int) (in [][]float64) {
	for i := range c.shapes {
		s := c.shape(i, size)
		values := make([]float64, s[0]*s[1])
		for j := range values {
			if values[j] = r.NormFloat64(); c.draw != nil {
				values[j] = c.draw(r, i)
			}
		}
		in = append(in, values)
	}
	return in
}

// given is some gradient of a result, other in each element.
func given(i int) float64 { return math.Sin(float64(3*i + 1)) }

// differences are the derivatives of Σ out·given with respect to one operand, from central differences.
func differences(run func(in [][]float64) evaluation[float64], in [][]float64, operand int) []float64 {
	const h = 1.0 / (1 << 18)
	values := in[operand]
	d := make([]float64, len(values))
	for j, v := range values {
		at := func(x float64) (sum float64) {
			values[j] = x
			for i, y := range run(in).out {
				sum += y * given(i)
			}
			return sum
		}
		d[j] = (at(v+h) - at(v-h)) / (2 * h)
		values[j] = v
	}
	return d
}

// sizes are the numbers of sequences of the tests: one, some, and as many as several operands have columns.
var sizes = []int{1, 3, 5}

func TestEveryRuleHasACase(t *testing.T) {
	for _, r := range rules {
		if !slices.ContainsFunc(opCases(), func(c opCase) bool { return c.name == r.name || strings.HasPrefix(c.name, r.name+",") }) {
			t.Errorf("the rule %q has no case", r.name)
		}
	}
}

// checkDifferences holds a case's gradients against differences, for all operands that have one.
func checkDifferences(t *testing.T, c opCase, size int, in [][]float64) {
	t.Helper()
	run := compile[float64](t, c, size)
	e := run(in)
	for i := range in {
		if slices.Contains(c.fixed, i) {
			if e.gradients[i] != nil {
				t.Errorf("%s, %d rows: operand %d has a gradient", c.name, size, i)
			}
			continue
		}
		want := differences(run, in, i)
		got := e.gradients[i]
		if got == nil {
			got = make([]float64, len(want))
		}
		for j := range want {
			if math.Abs(got[j]-want[j]) > 2e-8*(1+math.Abs(want[j])) {
				t.Errorf("%s, %d rows: gradient %d of operand %d is %g, differences say %g", c.name, size, j, i, got[j], want[j])
			}
		}
	}
}

func TestGradientsAreThoseOfDifferences(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range opCases() {
		for _, size := range sizes {
			checkDifferences(t, c, size, c.numbers(r, size))
		}
	}
}

// Each operand is used by two ops, and the first result by a third.
func TestSecondUse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range opCases() {
		once := c.build
		c.build = func(b *Builder, in []*Node) *Node {
			x := once(b, in)
			return b.Add(b.Mul(x, b.Scale(0.5, once(b, in))), x)
		}
		c.name += ", used twice"
		for _, size := range []int{1, 3} {
			checkDifferences(t, c, size, c.numbers(r, size))
		}
	}
}

// One node is two operands of one op, wherever two have one shape.
func TestOneNodeForTwoOperands(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range opCases() {
		for i := range c.shapes {
			for j := range i {
				if c.shapes[i] != c.shapes[j] || slices.Contains(c.fixed, i) != slices.Contains(c.fixed, j) {
					continue
				}
				twice := c
				twice.name += fmt.Sprintf(", operand %d also as %d", j, i)
				twice.build = func(b *Builder, in []*Node) *Node {
					in = slices.Clone(in)
					in[i] = in[j]
					return c.build(b, in)
				}
				checkDifferences(t, twice, 3, c.numbers(r, 3))
			}
		}
	}
}

func TestFloat32AgreesWithFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range opCases() {
		for _, size := range sizes {
			in := c.numbers(r, size)
			for _, values := range in {
				for j, v := range values {
					values[j] = float64(float32(v))
				}
			}
			wide, narrow := evaluate[float64](t, c, size, in), evaluate[float32](t, c, size, in)
			near(t, fmt.Sprintf("%s, %d rows", c.name, size), narrow.out, wide.out, 2e-6)
			for i, g := range wide.gradients {
				near(t, fmt.Sprintf("%s, %d rows, gradient of operand %d", c.name, size, i), narrow.gradients[i], g, 2e-6)
			}
		}
	}
}

// near holds numbers against others, relative to 1 or the largest of these.
func near[F Float](t *testing.T, what string, got []F, want []float64, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= limit*scale) {
			t.Errorf("%s: number %d is %g, want %g", what, i, got[i], v)
		}
	}
}

// Gorgonia's own ops, its own gradients: where it has them.
func TestAgreesWithGorgonia(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, c := range opCases() {
		if c.own == nil {
			continue
		}
		in := c.numbers(r, 5)
		e := evaluate[float64](t, c, 5, in)
		g := gorgonia.NewGraph()
		var nodes, wrt gorgonia.Nodes
		for i, values := range in {
			s := c.shape(i, 5)
			value := tensor.New(tensor.WithShape(s[0], s[1]), tensor.WithBacking(slices.Clone(values)))
			nodes = append(nodes, gorgonia.NewMatrix(g, tensor.Float64, gorgonia.WithShape(s[0], s[1]), gorgonia.WithName(fmt.Sprint("in ", i)), gorgonia.WithValue(value)))
			if !slices.Contains(c.fixed, i) {
				wrt = append(wrt, nodes[i])
			}
		}
		out, grads, err := ownGradients(c, g, nodes, wrt, e)
		if err != nil {
			t.Errorf("%s with Gorgonia's ops: %v", c.name, err)
			continue
		}
		near(t, c.name+" against Gorgonia's", e.out, out, 1e-13)
		for i, n := range wrt {
			near(t, fmt.Sprintf("%s against Gorgonia's, gradient of operand %d", c.name, slices.Index(nodes, n)), e.gradients[slices.Index(nodes, n)], grads[i], 1e-13)
		}
	}
}

func ownGradients(c opCase, g *gorgonia.ExprGraph, nodes, wrt gorgonia.Nodes, e evaluation[float64]) (out []float64, grads [][]float64, err error) {
	n, err := c.own(nodes)
	if err != nil {
		return nil, nil, err
	}
	var read gorgonia.Value
	gorgonia.Read(n, &read)
	weights := make([]float64, len(e.out))
	for i := range weights {
		weights[i] = given(i)
	}
	weight := gorgonia.NewTensor(g, tensor.Float64, n.Shape().Dims(), gorgonia.WithShape(n.Shape().Clone()...), gorgonia.WithName("given"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(n.Shape().Clone()...), tensor.WithBacking(weights))))
	product, err := gorgonia.HadamardProd(n, weight)
	if err != nil {
		return nil, nil, err
	}
	sum, err := gorgonia.Sum(product)
	if err != nil {
		return nil, nil, err
	}
	if len(wrt) > 0 {
		if _, err := gorgonia.Grad(sum, wrt...); err != nil {
			return nil, nil, err
		}
	}
	vm := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(wrt...))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return nil, nil, err
	}
	for _, n := range wrt {
		d, err := n.Grad()
		if err != nil {
			return nil, nil, err
		}
		grads = append(grads, slices.Clone(d.Data().([]float64)))
	}
	return slices.Clone(read.Data().([]float64)), grads, nil
}
