package models

import (
	"fmt"
	"math"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func init() {
	register(sweep.Component{
		Name:     "leaky_rnn",
		Revision: 1,
		Doc:      "Leaky recurrent network with rectified-linear units and a linear readout.",
		Params: []sweep.Param{
			{Name: "hidden", Type: sweep.Int, Default: int64(64), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Recurrent units."},
			{Name: "tau", Type: sweep.Float, Default: 100.0, Above: bound(0), Unit: "ms", Doc: "Time constant of a unit; at least dt."},
			{Name: "dt", Type: sweep.Float, Default: 100.0, Above: bound(0), Unit: "ms", Doc: "Duration of a time step."},
		},
	}, newLeakyRNN)
}

// leakyRNN is the network of the DelayComparison notebook (docs: part C5 of its specification):
//
//	h' = relu((1-α)·h + α·(x·w_in + h·w_rec + b_rec)),  α = dt/tau
//	y  = h'·w_out + b_out
//
// With tau = dt, the default, it has no leak.
type leakyRNN struct {
	inputs, hidden, outputs int
	alpha                   float64
}

func newLeakyRNN(p parameters, inputs, outputs int) (Model, error) {
	tau, dt := p.float("tau"), p.float("dt")
	if dt > tau {
		return nil, fmt.Errorf("dt (%g ms) is more than tau (%g ms): a time step may not be longer than the time constant", dt, tau)
	}
	return leakyRNN{inputs, p.int("hidden"), outputs, dt / tau}, nil
}

func (m leakyRNN) Inputs() int   { return m.inputs }
func (m leakyRNN) Outputs() int  { return m.outputs }
func (m leakyRNN) States() []int { return []int{m.hidden} }

func (m leakyRNN) Params() []graph.Param {
	return []graph.Param{
		{Name: "w_in", Rows: m.inputs, Cols: m.hidden},
		{Name: "w_rec", Rows: m.hidden, Cols: m.hidden},
		{Name: "b_rec", Cols: m.hidden},
		{Name: "w_out", Rows: m.hidden, Cols: m.outputs},
		{Name: "b_out", Cols: m.outputs},
	}
}

func (m leakyRNN) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	wIn, wRec, bRec, wOut, bOut := p[0], p[1], p[2], p[3], p[4]
	h := state[0]
	drive := b.Affine(bRec, graph.Product{X: x, W: wIn}, graph.Product{X: h, W: wRec})
	if m.alpha != 1 {
		drive = b.Add(b.Scale(1-m.alpha, h), b.Scale(m.alpha, drive))
	}
	h = b.ReLU(drive)
	return b.Affine(bOut, graph.Product{X: h, W: wOut}), []*graph.Node{h}
}

// Fill draws matrices from a normal distribution truncated at two standard deviations and scaled to the variance 1/fan-in
// (brainpy's KaimingNormal with scale 1), and biases from U(-1/8, 1/8).
func (m leakyRNN) Fill(i int, values []float32, g *random.Generator) {
	p := m.Params()[i]
	if p.Rows == 0 {
		for k := range values {
			values[k] = (g.Float32() - 0.5) * 0.25
		}
		return
	}
	fillKaimingNormal(values, p.Rows, g)
}

// truncatedSD is the standard deviation of a standard normal variable truncated to (-2, 2).
const truncatedSD = 0.87962566103423978

// fillKaimingNormal draws from a normal distribution truncated at two standard deviations, scaled so that the result has the variance 1/fanIn.
func fillKaimingNormal(values []float32, fanIn int, g *random.Generator) {
	scale := float32(math.Sqrt(1/float64(fanIn)) / truncatedSD)
	for k := range values {
		values[k] = scale * g.TruncatedNormal(-2, 2)
	}
}
