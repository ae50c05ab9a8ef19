package models

import (
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// What the leak of a driscoll_rnn keeps of a time step, and the state from which it is read.
const (
	leakRecurrent = "recurrent"
	leakState     = "state"
	readoutOld    = "old"
	readoutNew    = "new"
)

func init() {
	register(sweep.Component{
		Name:     "driscoll_rnn",
		Revision: 1,
		Doc:      "Leaky recurrent network with tanh units and noise on their input, as the CtD benchmark codes it; leak: state and readout: new make it the textbook's.",
		Params: []sweep.Param{
			{Name: "hidden", Type: sweep.Int, Default: int64(128), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Recurrent units."},
			{Name: "gamma", Type: sweep.Float, Default: 0.2, Above: bound(0), Max: bound(1), Doc: "How much of a unit is new after a time step: duration of the step over time constant."},
			{Name: "noise", Type: sweep.Float, Default: 0.05, Min: bound(0), Doc: "Standard deviation of the normal noise on a unit's input, in training and evaluation; 0: none."},
			{Name: "leak", Type: sweep.String, Default: leakRecurrent, Choices: []string{leakRecurrent, leakState},
				Doc: "What 1-gamma multiplies: recurrent is the recurrent input, as in the benchmark's code; state is the state, the usual leaky integration."},
			{Name: "readout", Type: sweep.String, Default: readoutOld, Choices: []string{readoutOld, readoutNew},
				Doc: "Which state the output is read from: the one before the time step, as in the benchmark's code, or the one after it."},
		},
	}, newDriscollRNN)
}

// driscollRNN is the CtD benchmark's DriscollRNN (docs: part 4.3 of its specification), named for Driscoll, Shenoy and Sussillo, "Flexible
// multitask computation in recurrent networks utilizes shared dynamical motifs", 2024:
//
//	a  = h·w_rec
//	h' = (1-γ)·a + γ·tanh(a + x·w_in + b + N(0, noise))   leak: recurrent
//	h' = (1-γ)·h + γ·tanh(a + x·w_in + b + N(0, noise))   leak: state
//	y  = h·w_out + b_out                                  readout: old; of h' with new
//
// The paper's network is leak: state. The benchmark's code leaks the recurrent product and reads the state before the time step, which
// looks like two slips; both are the defaults, because published results were made with them.
// The state begins at zero. Matrices and b_out begin in U(±1/√fan-in), b at 0.
type driscollRNN struct {
	inputs, hidden, outputs int
	gamma, noise            float64
	leak, read              string
}

func newDriscollRNN(p parameters, inputs, outputs int) (Model, error) {
	return driscollRNN{inputs, p.int("hidden"), outputs, p.float("gamma"), p.float("noise"), p.text("leak"), p.text("readout")}, nil
}

func (m driscollRNN) Inputs() int   { return m.inputs }
func (m driscollRNN) Outputs() int  { return m.outputs }
func (m driscollRNN) States() []int { return []int{m.hidden} }

func (m driscollRNN) Params() []graph.Param {
	return append([]graph.Param{
		{Name: "w_in", Rows: m.inputs, Cols: m.hidden},
		{Name: "w_rec", Rows: m.hidden, Cols: m.hidden},
		{Name: "b_rec", Cols: m.hidden},
	}, linear("out", m.hidden, m.outputs)...)
}

func (m driscollRNN) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	wIn, wRec, bRec, wOut, bOut := p[0], p[1], p[2], p[3], p[4]
	h := state[0]
	kept := h
	var drive *graph.Node
	if m.leak == leakRecurrent {
		kept = b.MatMul(h, wRec)
		drive = b.Add(kept, b.Affine(bRec, graph.Product{X: x, W: wIn}))
	} else {
		drive = b.Affine(bRec, graph.Product{X: x, W: wIn}, graph.Product{X: h, W: wRec})
	}
	next := b.Scale(m.gamma, b.Tanh(withNoise(b, m.noise, m.hidden, drive)))
	if m.gamma < 1 {
		next = b.Add(b.Scale(1-m.gamma, kept), next)
	}
	read := h
	if m.read == readoutNew {
		read = next
	}
	return b.Affine(bOut, graph.Product{X: read, W: wOut}), []*graph.Node{next}
}

// Fill leaves the bias of the units at zero.
func (m driscollRNN) Fill(i int, values []float32, g *random.Generator) {
	switch params := m.Params(); params[i].Name {
	case "b_rec":
	case "w_in":
		fillFanIn(values, m.inputs, g)
	default:
		fillFanIn(values, m.hidden, g)
	}
}
