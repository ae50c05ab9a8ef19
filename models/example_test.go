package models_test

import (
	"fmt"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/sweep/random"
)

// integrator is a linear network that adds up its input: h' = h + x·w, y = h'·v. A file with such a type, and an init function that
// registers it (as that of leaky_rnn.go does), is a new architecture.
type integrator struct{ inputs, units, outputs int }

func (m integrator) Inputs() int   { return m.inputs }
func (m integrator) Outputs() int  { return m.outputs }
func (m integrator) States() []int { return []int{m.units} }

func (m integrator) Params() []graph.Param {
	return []graph.Param{{Name: "w", Rows: m.inputs, Cols: m.units}, {Name: "v", Rows: m.units, Cols: m.outputs}}
}

func (m integrator) Step(b *graph.Builder, x *graph.Node, state, params []*graph.Node) (*graph.Node, []*graph.Node) {
	w, v := params[0], params[1]
	h := b.Add(state[0], b.Affine(nil, graph.Product{X: x, W: w}))
	return b.Affine(nil, graph.Product{X: h, W: v}), []*graph.Node{h}
}

func (m integrator) Fill(_ int, values []float32, _ *random.Generator) {
	for i := range values {
		values[i] = 1
	}
}

// A model says how one time step is computed, which weights it has, and how they begin. Time, gradients and checkpoints follow from that.
func ExampleModel() {
	m := integrator{inputs: 1, units: 2, outputs: 1}
	machine, err := graph.NewReference[float32](m, graph.CrossEntropy)
	if err != nil {
		fmt.Println(err)
		return
	}
	batch := &graph.Batch[float32]{Steps: 4, Size: 1, Inputs: []float32{1, 2, 3, 4}}
	outputs := make([]float32, 4)
	if err := machine.Forward(batch, models.Init(m, 0), outputs); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(outputs)
	// Output: [2 6 12 20]
}
