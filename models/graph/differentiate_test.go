package graph

import (
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A derivation is a graph of matrices with one number each, and what its gradients are.
type derivation struct {
	name string

	// build makes outputs from inputs of the values 2, 3, 5, … and says what to differentiate by.
	build func(b *Builder, in []*Node) (outputs, wrt []*Node)
	given []float64
	want  []float64 // NaN: no gradient
}

// What Gorgonia's Backpropagate gets wrong, silently or not, when it is called bare; and what it gets right.
var derivations = []derivation{
	{"one output twice", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		y := b.Square(in[0])
		return []*Node{y, y}, in[:1]
	}, []float64{1, 10}, []float64{4 * 11}},
	{"one output three times, and another", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		y := b.Scale(2, in[0])
		return []*Node{y, b.Scale(3, in[0]), y, y}, in[:1]
	}, []float64{1, 10, 100, 1000}, []float64{2*1101 + 30}},
	{"an input twice", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{in[0], in[0], b.Mul(in[0], in[1])}, in[:2]
	}, []float64{1, 10, 100}, []float64{11 + 300, 200}},
	{"a wrt that reaches nothing", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		b.Tanh(in[1])
		return []*Node{b.Square(in[0])}, in[:2]
	}, []float64{1}, []float64{4, nan}},
	{"a wrt that only reaches what stops gradients", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{b.Add(b.Square(in[0]), b.StopGradient(in[1]))}, in[:2]
	}, []float64{1}, []float64{4, nan}},
	{"a wrt that is only a mask", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{b.Select(in[1], in[0], in[2])}, in[:3]
	}, []float64{1}, []float64{1, nan, 0}},
	{"an output that no wrt reaches", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{b.Square(in[0]), b.Tanh(in[1]), in[2]}, in[:1]
	}, []float64{1, 10, 100}, []float64{4}},
	{"nothing left", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{b.StopGradient(in[0]), in[1]}, []*Node{in[0], in[2]}
	}, []float64{1, 1}, []float64{nan, nan}},
	{"no wrt", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{b.Square(in[0])}, nil
	}, []float64{1}, nil},
	{"an output that is another's ancestor", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		h := b.Mul(in[0], in[1])
		return []*Node{b.Square(h), h}, in[:2]
	}, []float64{1, 10}, []float64{3*12 + 30, 2*12 + 20}},
	{"an input as an output alone", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		return []*Node{in[0]}, in[:1]
	}, []float64{7}, []float64{7}},
	{"one node several times in an op and in several ops", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		x := in[0]
		return []*Node{b.Add(b.Mul(x, x), b.Sub(b.Scale(3, x), b.Div(x, x)))}, in[:1]
	}, []float64{1}, []float64{2*2 + 3}},
	{"one gradient for two inputs, one of which has more", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		sum := b.Add(in[0], in[1])
		return []*Node{sum, b.Scale(100, in[0])}, in[:2]
	}, []float64{3, 1}, []float64{103, 3}},
	{"a gradient that Gorgonia adds to in place", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		hundred := b.Scale(100, in[0])
		return []*Node{b.Scale(2, b.Add(in[0], in[1])), hundred}, in[:2]
	}, []float64{3, 1}, []float64{106, 6}},
	{"a gradient that Gorgonia adds to in place, made first", func(b *Builder, in []*Node) (outputs, wrt []*Node) {
		sum := b.Scale(2, b.Add(in[0], in[1]))
		return []*Node{b.Scale(100, b.Scale(1, b.Scale(1, in[0]))), sum}, in[:2]
	}, []float64{1, 3}, []float64{106, 6}},
}

func TestDifferentiate(t *testing.T) {
	for _, d := range derivations {
		b := newBuilder(tensor.Float64, 1, 0)
		var in, outputs, given, wrt, gradients []*Node
		err := build(func() {
			for _, name := range []string{"a", "b", "c"} {
				in = append(in, b.input(name, 1, 1, weightInput))
			}
			outputs, wrt = d.build(b, in)
			for i := range outputs {
				given = append(given, b.input("given "+string(rune('a'+i)), 1, 1, givenInput))
			}
			var err error
			if gradients, err = b.differentiate(outputs, given, wrt); err != nil {
				fail("%w", err)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		tape, err := newTape[float64](b, append(given, in...), gradients)
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		for i, v := range []float64{2, 3, 5} {
			tape.inputs[in[i]][0] = v
		}
		for i, v := range d.given {
			tape.inputs[given[i]][0] = v
		}
		for range 2 { // a second run must not see what the first left
			if err := tape.run(); err != nil {
				t.Fatalf("%s: %v", d.name, err)
			}
			for i, want := range d.want {
				got := nan
				if gradients[i] != nil {
					got = tape.value(gradients[i])[0]
				}
				if !same([]float64{got}, []float64{want}) {
					t.Errorf("%s: gradient %d is %g, want %g", d.name, i, got, want)
				}
			}
		}
	}
}

func TestDifferentiateRefuses(t *testing.T) {
	for want, f := range map[string]func(b *Builder, x, y, g *Node) error{
		"can be done once": func(b *Builder, x, y, g *Node) error {
			if _, err := b.differentiate([]*Node{y}, []*Node{g}, []*Node{x}); err != nil {
				return err
			}
			_, err := b.differentiate([]*Node{y}, []*Node{g}, []*Node{x})
			return err
		},
		"the given gradient of output": func(b *Builder, x, y, g *Node) error {
			_, err := b.differentiate([]*Node{y}, []*Node{b.SumCols(g)}, []*Node{x})
			return err
		},
		"is missing": func(b *Builder, x, y, g *Node) error {
			_, err := b.differentiate([]*Node{y}, []*Node{nil}, []*Node{x})
			return err
		},
		"2 outputs with 1 gradients": func(b *Builder, x, y, g *Node) error {
			_, err := b.differentiate([]*Node{y, y}, []*Node{g}, []*Node{x})
			return err
		},
		"the gradient of input x, salt 0 is (3, 4), want (3, 2)": func(b *Builder, x, y, g *Node) error {
			wrong := wrongGradient(b, x)
			_, err := b.differentiate([]*Node{wrong}, []*Node{g}, []*Node{x})
			return err
		},
	} {
		b := newBuilder(tensor.Float64, 3, 0)
		x, g := b.input("x", 3, 2, stateInput), b.input("g", 3, 2, dataInput)
		if err := f(b, x, b.Tanh(x), g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// wrongGradient applies a rule whose gradient has a wrong shape.
func wrongGradient(b *Builder, x *Node) *Node {
	wrong := &rule{name: "wrong", shape: sameShape, element: elementCopy, diff: func(o *op, grad *Node) []*Node {
		return []*Node{o.b.Concat(grad, grad)}
	}}
	return b.apply(wrong, none, x)
}

// The wrapper would be needless if these did not go wrong any more.
func TestBareBackpropagateIsWrong(t *testing.T) {
	b := newBuilder(tensor.Float64, 1, 0)
	x, g1, g10 := b.input("x", 1, 1, stateInput), b.input("g1", 1, 1, dataInput), b.input("g10", 1, 1, dataInput)
	y := b.Scale(1, x)
	found, err := gorgonia.Backpropagate(gorgonia.Nodes{y, y}, gorgonia.Nodes{g1, g10}, gorgonia.Nodes{x})
	if err != nil {
		t.Fatal(err)
	}
	tape, err := newTape[float64](b, []*Node{x, g1, g10}, found)
	if err != nil {
		t.Fatal(err)
	}
	tape.inputs[g1][0], tape.inputs[g10][0] = 1, 10
	if err := tape.run(); err != nil {
		t.Fatal(err)
	}
	if v := tape.value(found[0])[0]; v == 11 {
		t.Errorf("the gradient of one output named twice is %g: Gorgonia adds them by now", v)
	}
}

// Gorgonia adds gradients in place, on the memory of a value that no op reads any more. Reading that value must not see it.
func TestTapesReadWhatWasComputed(t *testing.T) {
	b := newBuilder(tensor.Float64, 1, 0)
	x, g := b.input("x", 1, 2, stateInput), b.input("g", 1, 2, dataInput)
	gradients, err := b.differentiate([]*Node{b.Mul(x, x)}, []*Node{g}, []*Node{x})
	if err != nil {
		t.Fatal(err)
	}
	terms := b.ops[1:] // g·x, for the one operand and for the other
	if len(terms) != 2 {
		t.Fatalf("%d ops in the gradient, want 2", len(terms))
	}
	tape, err := newTape[float64](b, []*Node{x, g}, []*Node{gradients[0], terms[0].node, terms[1].node})
	if err != nil {
		t.Fatal(err)
	}
	copy(tape.inputs[x], []float64{3, 5})
	copy(tape.inputs[g], []float64{1, 10})
	for range 2 {
		if err := tape.run(); err != nil {
			t.Fatal(err)
		}
		for i, n := range []*Node{gradients[0], terms[0].node, terms[1].node} {
			want := []float64{3, 50}
			if i == 0 {
				want = []float64{6, 100}
			}
			if got := tape.value(n); !same(got, want) {
				t.Errorf("value %d is %v, want %v", i, got, want)
			}
		}
	}
}
