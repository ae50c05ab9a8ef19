package models

import (
	"slices"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

func init() {
	register(sweep.Component{
		Name:     "noisy_gru",
		Revision: 1,
		Doc:      "Gated recurrent units whose state gets normal noise at every time step, in training and evaluation; everything else is gru's.",
		Params: append(slices.Clone(gruParams), sweep.Param{
			Name: "noise", Type: sweep.Float, Default: 0.05, Min: bound(0), Doc: "Standard deviation of the noise added to the state after a time step; 0: none.",
		}),
	}, newNoisyGRU)
}

// noisyGRU is the CtD benchmark's NoisyGRU (docs: part 4.3 of its specification): the output is read from the new state as a gru computes it, and what
// the next time step gets is that state plus N(0, noise).
type noisyGRU struct {
	gru
	noise float64
}

func newNoisyGRU(p parameters, inputs, outputs int) (Model, error) {
	return noisyGRU{newGRU(p, inputs, outputs), p.float("noise")}, nil
}

func (m noisyGRU) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	h := m.next(b, x, state[0], p)
	return m.readout(b, h, p), []*graph.Node{withNoise(b, m.noise, m.hidden, h)}
}
