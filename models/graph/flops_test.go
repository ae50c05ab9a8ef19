package graph

import "testing"

// countedCell has a product of the input, one of the state, one that needs no gradient of its operand, a readout by the transpose, and one of weights alone.
type countedCell struct{}

func (countedCell) Inputs() int   { return 3 }
func (countedCell) Outputs() int  { return 2 }
func (countedCell) States() []int { return []int{5} }
func (countedCell) Params() []Param {
	return []Param{{"w_in", 3, 5}, {"w_rec", 5, 5}, {"b", 0, 5}, {"w_out", 2, 5}, {"w_square", 5, 5}}
}

func (countedCell) Step(b *Builder, x *Node, state, p []*Node) (*Node, []*Node) {
	weights := b.MatMul(p[1], p[4]) // not counted: it has no rows of the batch
	h := b.Tanh(b.Affine(p[2], Product{x, p[0]}, Product{state[0], weights}))
	h = b.Add(h, b.MatMul(b.StopGradient(h), p[4]))
	return b.MatMulT(h, p[3]), []*Node{h}
}

func TestFlops(t *testing.T) {
	got, err := Flops(countedCell{}, 7, 11)
	if err != nil {
		t.Fatal(err)
	}
	multiplyAdds := 2*(3*5) + 3*(5*5) + 2*(5*5) + 3*(5*2) // the input and what stops the gradient have no gradient of their own
	if want := float64(2 * 7 * 11 * multiplyAdds); got != want {
		t.Errorf("%g operations, want %g", got, want)
	}
}
