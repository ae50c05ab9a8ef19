package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"neurosweep/models/kernel"
)

// randomCell is a step of some random operations on two states of 3 and 4 columns, with weights that are used several times and transformed. Values stay
// of the order of 1, so that two machines can be compared.
func randomCell(seed uint64) *sketch {
	return &sketch{inputs: 3, outputs: 3, states: []int{3, 4}, params: []Param{{"w", 3, 3}, {"u", 4, 3}, {"v", 0, 3}, {"m", 4, 4}, {"c", 0, 4}},
		step: func(b *Builder, x *Node, s, p []*Node) (*Node, []*Node) {
			g := randomStep{b: b, r: rand.New(rand.NewPCG(seed, 3)), batch: map[int][]*Node{3: {x, s[0]}, 4: {s[1]}}}
			g.weights = map[[2]int][]*Node{{3, 3}: {p[0]}, {4, 3}: {p[1]}, {1, 3}: {p[2]}, {4, 4}: {p[3]}, {1, 4}: {p[4]}}
			for range 4 + g.r.IntN(14) {
				g.op()
			}
			next := []*Node{g.tame(g.some(3)), g.tame(g.some(4))}
			if g.r.IntN(3) == 0 {
				next[0] = g.some(3)
			}
			return g.some(3), next
		}}
}

// A randomStep chooses operations.
type randomStep struct {
	b       *Builder
	r       *rand.Rand
	batch   map[int][]*Node    // by columns
	weights map[[2]int][]*Node // by shape
}

// some is a value of the batch, more likely a late one.
func (g *randomStep) some(cols int) *Node {
	list := g.batch[cols]
	return list[max(g.r.IntN(len(list)), g.r.IntN(len(list)))]
}

func (g *randomStep) weight(rows, cols int) *Node {
	list := g.weights[[2]int{rows, cols}]
	return list[g.r.IntN(len(list))]
}

func (g *randomStep) cols() int { return 3 + g.r.IntN(2) }

// tame is a value between -1 and 1.
func (g *randomStep) tame(x *Node) *Node {
	if g.r.IntN(2) == 0 {
		return g.b.Tanh(x)
	}
	return g.b.Sin(x)
}

func (g *randomStep) op() {
	b, n := g.b, g.cols()
	x := g.some(n)
	switch g.r.IntN(22) {
	case 0:
		x = b.Add(x, g.some(n))
	case 1:
		x = b.Sub(x, g.some(n))
	case 2:
		x = b.Mul(g.tame(x), g.some(n))
	case 3:
		x = b.Add(x, g.weight(1, n))
	case 4:
		x = b.Scale(0.5, x)
	case 5:
		x = b.Sigmoid(x)
	case 6, 7:
		x = g.tame(b.Affine(g.weight(1, 3), Product{g.some(3), g.weight(3, 3)}, Product{g.some(4), g.weight(4, 3)}))
	case 8:
		x = b.MatMulT(x, g.weight(n, n))
	case 9:
		x = g.tame(b.MatMul(g.some(4), g.weight(4, n)))
	case 10:
		x = b.MatMulT(g.some(3), g.weight(4, 3))
	case 11:
		x = b.Concat(b.Slice(x, 1, n), b.Slice(g.some(n), 0, 1))
	case 12:
		x = b.Concat(b.Slice(g.some(3), 0, 2), b.Slice(x, 1, n))
	case 13:
		x = b.Select(b.Less(g.some(n), b.Shift(0.123, x)), b.Neg(x), g.some(n))
	case 14:
		x = b.Mul(b.Slice(g.tame(g.some(4)), 2, 3), x)
	case 15:
		x = b.Sub(x, b.MeanCols(x))
	case 16:
		x = b.Softmax(x)
	case 17:
		x = b.Min(x, b.Max(g.some(n), b.Shift(-0.5, x)))
	case 18:
		x = b.Div(x, b.Shift(1, b.Square(g.some(n))))
	case 19:
		x = b.StopGradient(x)
	case 20:
		g.weights[[2]int{n, n}] = append(g.weights[[2]int{n, n}], b.Scale(0.7, b.Add(g.weight(n, n), g.weight(1, n))))
		return
	case 21:
		g.weights[[2]int{3, 3}] = append(g.weights[[2]int{3, 3}], b.Tanh(b.MatMul(g.weight(3, 3), g.weight(3, 3))))
		return
	}
	_, cols := shape(x)
	g.batch[cols] = append(g.batch[cols], x)
}

func TestScanAgreesOnRandomSteps(t *testing.T) {
	for seed := range uint64(150) {
		agreeOnRandomStep(t, seed)
	}
}

func agreeOnRandomStep(t *testing.T, seed uint64) {
	t.Run(fmt.Sprint(seed), func(t *testing.T) {
		c, r := randomCell(seed), rand.New(rand.NewPCG(seed, 4))
		l := []Loss{CrossEntropy, SquaredError}[r.IntN(2)]
		b := testBatch[float64](r, c, l, 4, 3, r.IntN(2) == 0)
		o := ScanOptions[float64]{Set: kernel.Set64(), Threads: 1, Truncate: r.IntN(4)}
		agree(t, c, l, o, b, testWeights[float64](r, c), 1e-11)
	})
}
