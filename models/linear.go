package models

import (
	"math"

	"neurosweep/models/graph"
	"neurosweep/sweep/random"
)

// fillUniform draws from U(-bound, bound).
func fillUniform(values []float32, bound float64, g *random.Generator) {
	scale := float32(bound)
	for i := range values {
		values[i] = scale * (2*g.Float32() - 1)
	}
}

// fillFanIn draws from U(±1/√fanIn): how PyTorch begins a Linear layer, weights (its kaiming_uniform_ with a = √5) and bias alike, and, with
// the number of units for fanIn, every array of a recurrent cell (documentation of torch.nn.Linear and torch.nn.GRUCell).
func fillFanIn(values []float32, fanIn int, g *random.Generator) {
	fillUniform(values, 1/math.Sqrt(float64(fanIn)), g)
}

// linear declares the arrays of a Linear layer: a name.in×out matrix and a bias. Unlike PyTorch's, the matrix stands as it is multiplied from the right: x·W + b.
func linear(suffix string, in, out int) []graph.Param {
	return []graph.Param{{Name: "w_" + suffix, Rows: in, Cols: out}, {Name: "b_" + suffix, Cols: out}}
}

// cellParams declares what PyTorch's recurrent cells have, in the order in which this package keeps it: input and recurrent weights of so many gates side by side, a
// bias for each of the two, and a linear readout. Matrices stand as they are multiplied from the right; PyTorch stores their transposes.
func cellParams(inputs, hidden, gates, outputs int) []graph.Param {
	params := []graph.Param{
		{Name: "w_in", Rows: inputs, Cols: gates * hidden},
		{Name: "w_rec", Rows: hidden, Cols: gates * hidden},
		{Name: "b_in", Cols: gates * hidden},
		{Name: "b_rec", Cols: gates * hidden},
	}
	return append(params, linear("out", hidden, outputs)...)
}
