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

	c := leaky{2, 5, 3, 1}
	r := rand.New(rand.NewPCG(13, 14))
	m, err := NewReference[float32](c, CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	w := randomWeights(r, c)
	for name, spoil := range map[string]func(*Batch[float32]){
		"label 3":      func(b *Batch[float32]) { b.Labels[4] = 3 },
		"label -1":     func(b *Batch[float32]) { b.Labels[0] = -1 },
		"5 labels":     func(b *Batch[float32]) { b.Labels = b.Labels[:5] },
		"mask of 1":    func(b *Batch[float32]) { b.Mask = []float32{1} },
		"input number": func(b *Batch[float32]) { b.Inputs = b.Inputs[1:] },
		"0 steps":      func(b *Batch[float32]) { b.Steps = 0 },
	} {
		b := randomBatch(r, 3, 2, 2, 3)
		spoil(b)
		if _, err := m.Gradients(b, w, make([]float32, len(w)), make([]float32, 18)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
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
