package models

import (
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// Where the state of a network begins.
const (
	initialLearned = "learned"
	initialZero    = "zero"
)

// gruParams are the parameters of a GRU, which the noisy one has too.
var gruParams = []sweep.Param{
	{Name: "hidden", Type: sweep.Int, Default: int64(128), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Recurrent units."},
	{Name: "initial", Type: sweep.String, Default: initialLearned, Choices: []string{initialLearned, initialZero},
		Doc: "Where the state begins: learned is a trained vector that begins at zero."},
	{Name: "initial_noise", Type: sweep.Float, Default: 0.05, Min: bound(0),
		Doc: "Standard deviation of the normal noise added to the initial state, drawn for every sequence in training and evaluation; 0: none."},
}

func init() {
	register(sweep.Component{
		Name:     "gru",
		Revision: 1,
		Doc:      "Gated recurrent units with a linear readout; torch.nn.GRU's equations and initialisation, with a learned, noisy initial state.",
		Params:   gruParams,
	}, func(p parameters, inputs, outputs int) (Model, error) { return newGRU(p, inputs, outputs), nil })
}

// gru is the network of Cho et al. ("Learning phrase representations using RNN encoder-decoder", 2014) in the form of torch.nn.GRU, where the
// reset gate acts behind the recurrent product, and with the initial state of the CtD benchmark's GRU_RNN (docs: part 4.1 of its specification):
//
//	W, U, b, c = w_in, w_rec, b_in, b_rec, each in three parts: r, z, n
//	r  = σ(x·W_r + b_r + h·U_r + c_r)
//	z  = σ(x·W_z + b_z + h·U_z + c_z)
//	n  = tanh(x·W_n + b_n + r∘(h·U_n + c_n))
//	h' = (1-z)∘n + z∘h,  computed as n + z∘(h-n)
//	y  = h'·w_out + b_out
//	h₀ = h0 + N(0, initial_noise),  h0 trained (initial: learned) or zero
//
// Every array begins in U(±1/√hidden), h0 at 0.
type gru struct {
	inputs, hidden, outputs int
	learned                 bool
	initialNoise            float64
}

func newGRU(p parameters, inputs, outputs int) gru {
	return gru{inputs, p.int("hidden"), outputs, p.text("initial") == initialLearned, p.float("initial_noise")}
}

func (m gru) Inputs() int   { return m.inputs }
func (m gru) Outputs() int  { return m.outputs }
func (m gru) States() []int { return []int{m.hidden} }

// gruInitial is the index of the learned initial state among the arrays: the last.
const gruInitial = 6

func (m gru) Params() []graph.Param {
	params := cellParams(m.inputs, m.hidden, 3, m.outputs)
	if m.learned {
		params = append(params, graph.Param{Name: "h0", Cols: m.hidden})
	}
	return params
}

// Start is the initial state of every sequence.
func (m gru) Start(b *graph.Builder, p []*graph.Node) []*graph.Node {
	h := b.Zeros(m.hidden)
	if m.learned {
		h = b.Add(h, p[gruInitial])
	}
	return []*graph.Node{withNoise(b, m.initialNoise, m.hidden, h)}
}

// withNoise adds independent normal numbers with a standard deviation to each of a value's columns.
func withNoise(b *graph.Builder, sd float64, width int, x *graph.Node) *graph.Node {
	if sd == 0 {
		return x
	}
	return b.Add(x, b.Scale(sd, b.Noise(width)))
}

func (m gru) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	h := m.next(b, x, state[0], p)
	return m.readout(b, h, p), []*graph.Node{h}
}

// next is h'. The sums in front of r and z are one product each, over input and state together.
func (m gru) next(b *graph.Builder, x, h *graph.Node, p []*graph.Node) *graph.Node {
	wIn, wRec, bIn, bRec := p[0], p[1], p[2], p[3]
	both := func(w *graph.Node) *graph.Node { return b.Slice(w, 0, 2*m.hidden) }
	last := func(w *graph.Node) *graph.Node { return b.Slice(w, 2*m.hidden, 3*m.hidden) }
	gates := b.Sigmoid(b.Affine(b.Add(both(bIn), both(bRec)), graph.Product{X: x, W: both(wIn)}, graph.Product{X: h, W: both(wRec)}))
	r, z := b.Slice(gates, 0, m.hidden), b.Slice(gates, m.hidden, 2*m.hidden)
	recurrent := b.Affine(last(bRec), graph.Product{X: h, W: last(wRec)})
	n := b.Tanh(b.Add(b.Affine(last(bIn), graph.Product{X: x, W: last(wIn)}), b.Mul(r, recurrent)))
	return b.Add(n, b.Mul(z, b.Sub(h, n)))
}

func (m gru) readout(b *graph.Builder, h *graph.Node, p []*graph.Node) *graph.Node {
	return b.Affine(p[5], graph.Product{X: h, W: p[4]})
}

// Fill leaves the learned initial state at zero.
func (m gru) Fill(i int, values []float32, g *random.Generator) {
	if i != gruInitial {
		fillFanIn(values, m.hidden, g)
	}
}
