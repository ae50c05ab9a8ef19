package graph

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"
)

func TestLossOfAnEmptyMaskIsZero(t *testing.T) {
	c := leaky{2, 5, 3, 1}
	r := rand.New(rand.NewPCG(9, 10))
	b, w := randomBatch(r, 3, 2, 2, 3), randomWeights(r, c)
	b.Mask = make([]float32, 6)
	m, err := NewReference[float32](c, CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	g, y := make([]float32, len(w)), make([]float32, 18)
	loss, err := m.Gradients(b, w, g, y)
	if err != nil || loss != 0 || slices.ContainsFunc(g, func(v float32) bool { return v != 0 }) {
		t.Errorf("loss %g, gradients %v, error %v; want zeros", loss, g, err)
	}
}

func TestNonFiniteValuesAreResults(t *testing.T) {
	c := leaky{2, 5, 3, 1}
	r := rand.New(rand.NewPCG(11, 12))
	m, err := NewReference[float32](c, CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		b, w := randomBatch(r, 3, 2, 2, 3), randomWeights(r, c)
		w[len(w)-1] = bad // a bias of the readout
		g, y := make([]float32, len(w)), make([]float32, 18)
		loss, err := m.Gradients(b, w, g, y)
		if err != nil || !math.IsNaN(loss) && !math.IsInf(loss, 0) {
			t.Errorf("with a weight of %g: loss %g, error %v", bad, loss, err)
		}
	}
}

func TestMistakesAreErrors(t *testing.T) {
	for want, step := range map[string]func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node){
		"must give 1009×4": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			return b.Affine(nil, Product{x, p[0]}, Product{s[0], p[1]}), s
		},
		"operand 2 of 2 is missing": func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return b.Add(x, nil), s },
		"operand 2 is 4×4":          func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return b.Add(x, p[0]), s },
		"the output is missing":     func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return nil, s },
		"the output is 4×4":         func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return p[0], s },
		"1 next states, want 2":     func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return x, s[:1] },
		"no product":                func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return b.Affine(p[1]), s },
		"index out of range":        func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return p[7], s },
	} {
		if err := Check(odd{4, step}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A cell's start is checked as its step is.
func TestMistakesInAStart(t *testing.T) {
	for want, start := range map[string]func(b *Builder, p []*Node) []*Node{
		"first state 0 is missing":                              func(b *Builder, p []*Node) []*Node { return []*Node{nil, b.Zeros(4)} },
		"1 first states, want 2":                                func(b *Builder, p []*Node) []*Node { return []*Node{b.Zeros(4)} },
		"first state 1 is 1009×3, want 1009×4":                  func(b *Builder, p []*Node) []*Node { return []*Node{b.Zeros(4), b.Zeros(3)} },
		"first state 0 is 1×4, want 1009×4":                     func(b *Builder, p []*Node) []*Node { return []*Node{p[1], b.Zeros(4)} },
		"add: operand 2 is 4×4":                                 func(b *Builder, p []*Node) []*Node { return []*Node{b.Add(b.Zeros(4), p[0]), b.Zeros(4)} },
		"building the start of graph.starting: add: operand 1 ": func(b *Builder, p []*Node) []*Node { return []*Node{b.Add(nil, p[0]), b.Zeros(4)} },
	} {
		c := fourWide("", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return x, s })
		c.start = start
		if err := Check(starting{c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A param with as many rows as a build has sequences is no batch value for that.
func TestWeightsAreNoOutputs(t *testing.T) {
	c := fourWide("", func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) { return p[3], s })
	c.params = append(c.params, Param{"wide", probeRows, 4})
	if err := Check(c); err == nil || !strings.Contains(err.Error(), "the output is made from weights alone") {
		t.Errorf("error %v", err)
	}
}

func TestMistakesInABatch(t *testing.T) {
	c := cells()["noise"] // 2 inputs, 2 outputs
	for _, l := range []Loss{CrossEntropy, SquaredError} {
		m, err := NewReference[float32](c, l)
		if err != nil {
			t.Fatal(err)
		}
		for want, spoil := range map[string]func(b *Batch[float32]){
			"a batch of 0 steps and 2 sequences":        func(b *Batch[float32]) { b.Steps = 0 },
			"a batch of 3 steps and -2 sequences":       func(b *Batch[float32]) { b.Size = -2 },
			"3×2 points has 11 input numbers, want 12":  func(b *Batch[float32]) { b.Inputs = b.Inputs[1:] },
			"3×2 points has a mask of 1":                func(b *Batch[float32]) { b.Mask = []float32{1} },
			"noise call 1099511627776, want less":       func(b *Batch[float32]) { b.Noise.Call = 1 << 40 },
			"label 2, want 0 to 1":                      func(b *Batch[float32]) { b.Labels[4] = 2 },
			"label -1, want 0 to 1":                     func(b *Batch[float32]) { b.Labels[0] = -1 },
			"6 points has 5 labels":                     func(b *Batch[float32]) { b.Labels = b.Labels[1:] },
			"3×2 points has 11 target numbers, want 12": func(b *Batch[float32]) { b.Targets = b.Targets[1:] },
			"gradients over -2 time steps":              func(b *Batch[float32]) { m.Truncate = -2 },
		} {
			if strings.Contains(want, "label") && l == SquaredError || strings.Contains(want, "target") && l == CrossEntropy {
				continue
			}
			b, w := sample[float32](rand.New(rand.NewPCG(13, 14)), c, 3, 2, l)
			m.Truncate = 0
			spoil(b)
			_, err := m.Gradients(b, w, make([]float32, len(w)), make([]float32, 12))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", l, err, want)
			}
		}
		m.Truncate = 0
		b, w := sample[float32](rand.New(rand.NewPCG(13, 14)), c, 3, 2, l)
		for want, f := range map[string]func() error{
			"a buffer of 1 weights, want ": func() error { return m.Forward(b, w[:1], make([]float32, 12)) },
			"a buffer of 11 outputs":       func() error { return m.Forward(b, w, make([]float32, 11)) },
			"a buffer of 2 gradients": func() error {
				_, err := m.Gradients(b, w, make([]float32, 2), make([]float32, 12))
				return err
			},
		} {
			if err := f(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
	if _, err := NewReference[float32](c, "mean"); err == nil || !strings.Contains(err.Error(), `no loss is called "mean"; there are cross_entropy and squared_error`) {
		t.Errorf("error %v", err)
	}
}

// A time step with 2²² blocks of noise and one more: four do not fit into a call.
func TestTooMuchNoise(t *testing.T) {
	steps := &cellTapes[float32]{step: &stepTape[float32]{stepGraph: &stepGraph{b: newBuilder(tensor.Float32, 1, 0)}}}
	if err := build(func() { steps.step.b.Noise(1 << 24); steps.step.b.Noise(1) }); err != nil {
		t.Fatal(err)
	}
	if err := steps.checkNoise(3, 0); err != nil {
		t.Errorf("three steps: %v", err)
	}
	if err := steps.checkNoise(4, 0); err == nil || !strings.Contains(err.Error(), "4 time steps use 16777220 blocks of noise, at most 16777216") {
		t.Errorf("four steps: error %v", err)
	}
}

// Gorgonia's compiler takes two nodes with equal hashes for one value: such a graph must be recognised. Two names with equal hashes are searched for.
func TestEqualHashesAreFound(t *testing.T) {
	b := newBuilder(tensor.Float32, 2, 0)
	x := b.input("x", 2, 2, stateInput)
	b.ReLU(b.ReLU(x))
	if !b.distinct() {
		t.Error("a good graph is refused")
	}
	seen := map[uint32]string{}
	for i := range 1 << 20 {
		name := fmt.Sprintf("%x", uint64(i)*0x9E3779B97F4A7C15)
		h := fnv.New32a()
		fmt.Fprintf(h, "%v%v%s, salt 0\x00", x.Type(), x.Shape(), name)
		if twin, ok := seen[h.Sum32()]; ok {
			m := b.input(name, 2, 2, stateInput)
			n := b.input(twin, 2, 2, stateInput)
			if m == n || m.Hashcode() != n.Hashcode() {
				t.Fatalf("%s and %s were expected to be two nodes with one hash: %d and %d", name, twin, m.Hashcode(), n.Hashcode())
			}
			if b.distinct() {
				t.Error("two nodes with one hash are taken for different")
			}
			return
		}
		seen[h.Sum32()] = name
	}
	t.Fatal("no two names with one hash")
}
