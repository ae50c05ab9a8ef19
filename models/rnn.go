package models

import (
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// The nonlinearities of a vanilla recurrent network.
const (
	tanhName = "tanh"
	reluName = "relu"
)

func init() {
	register(sweep.Component{
		Name:     "rnn",
		Revision: 1,
		Doc:      "Vanilla (Elman) recurrent network with a linear readout; torch.nn.RNN's equations and initialisation.",
		Params: []sweep.Param{
			{Name: "hidden", Type: sweep.Int, Default: int64(128), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Recurrent units."},
			{Name: "nonlinearity", Type: sweep.String, Default: tanhName, Choices: []string{tanhName, reluName}, Doc: "What a unit does with its input."},
		},
	}, newRNN)
}

// vanillaRNN is Elman's network (Elman, "Finding structure in time", 1990) in the form of torch.nn.RNN, which has two biases:
//
//	h' = f(x·w_in + b_in + h·w_rec + b_rec),  f = tanh or relu
//	y  = h'·w_out + b_out
//
// Its state begins at zero. Every array of the cell begins in U(±1/√hidden), the readout likewise: hidden is its fan-in.
type vanillaRNN struct {
	inputs, hidden, outputs int
	nonlinearity            string
}

func newRNN(p parameters, inputs, outputs int) (Model, error) {
	return vanillaRNN{inputs, p.int("hidden"), outputs, p.text("nonlinearity")}, nil
}

func (m vanillaRNN) Inputs() int   { return m.inputs }
func (m vanillaRNN) Outputs() int  { return m.outputs }
func (m vanillaRNN) States() []int { return []int{m.hidden} }

func (m vanillaRNN) Params() []graph.Param { return cellParams(m.inputs, m.hidden, 1, m.outputs) }

func (m vanillaRNN) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	wIn, wRec, bIn, bRec, wOut, bOut := p[0], p[1], p[2], p[3], p[4], p[5]
	h := b.Affine(b.Add(bIn, bRec), graph.Product{X: x, W: wIn}, graph.Product{X: state[0], W: wRec})
	if m.nonlinearity == reluName {
		h = b.ReLU(h)
	} else {
		h = b.Tanh(h)
	}
	return b.Affine(bOut, graph.Product{X: h, W: wOut}), []*graph.Node{h}
}

func (m vanillaRNN) Fill(_ int, values []float32, g *random.Generator) {
	fillFanIn(values, m.hidden, g)
}
