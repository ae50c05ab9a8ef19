package models

import (
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func init() {
	register(sweep.Component{
		Name:     "lstm",
		Revision: 1,
		Doc:      "Long short-term memory with a linear readout; torch.nn.LSTM's equations and initialisation.",
		Params: []sweep.Param{
			{Name: "hidden", Type: sweep.Int, Default: int64(128), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Memory cells."},
		},
	}, newLSTM)
}

// lstm is the network of Hochreiter and Schmidhuber (1997) with forget gates (Gers, Schmidhuber and Cummins, 2000), in the form of torch.nn.LSTM:
//
//	i, f, g, o = the four parts of x·w_in + b_in + h·w_rec + b_rec, in this order
//	c' = σ(f)∘c + σ(i)∘tanh(g)
//	h' = σ(o)∘tanh(c')
//	y  = h'·w_out + b_out
//
// Its states, h and c, begin at zero. Every array begins in U(±1/√hidden).
type lstm struct{ inputs, hidden, outputs int }

func newLSTM(p parameters, inputs, outputs int) (Model, error) {
	return lstm{inputs, p.int("hidden"), outputs}, nil
}

func (m lstm) Inputs() int   { return m.inputs }
func (m lstm) Outputs() int  { return m.outputs }
func (m lstm) States() []int { return []int{m.hidden, m.hidden} }

func (m lstm) Params() []graph.Param { return cellParams(m.inputs, m.hidden, 4, m.outputs) }

func (m lstm) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	wIn, wRec, bIn, bRec, wOut, bOut := p[0], p[1], p[2], p[3], p[4], p[5]
	h, c := state[0], state[1]
	gates := b.Affine(b.Add(bIn, bRec), graph.Product{X: x, W: wIn}, graph.Product{X: h, W: wRec})
	part := func(k int) *graph.Node { return b.Slice(gates, k*m.hidden, (k+1)*m.hidden) }
	input, forget, candidate, output := b.Sigmoid(part(0)), b.Sigmoid(part(1)), b.Tanh(part(2)), b.Sigmoid(part(3))
	c = b.Add(b.Mul(forget, c), b.Mul(input, candidate))
	h = b.Mul(output, b.Tanh(c))
	return b.Affine(bOut, graph.Product{X: h, W: wOut}), []*graph.Node{h, c}
}

func (m lstm) Fill(_ int, values []float32, g *random.Generator) { fillFanIn(values, m.hidden, g) }
