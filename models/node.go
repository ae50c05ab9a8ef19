package models

import (
	"strconv"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func init() {
	register(sweep.Component{
		Name:     "node",
		Revision: 1,
		Doc:      "Neural ordinary differential equation: a few latent variables moved by a multilayer perceptron, one Euler step a time step, and a linear readout.",
		Params: []sweep.Param{
			{Name: "latent", Type: sweep.Int, Default: int64(3), Min: bound(1), Max: bound(8192), Unit: "variables", Doc: "Latent variables: the network's state."},
			{Name: "hidden", Type: sweep.Int, Default: int64(64), Min: bound(1), Max: bound(8192), Unit: "units", Doc: "Units of a layer of the perceptron."},
			{Name: "layers", Type: sweep.Int, Default: int64(3), Min: bound(2), Max: bound(64), Unit: "layers", Doc: "Linear layers of the perceptron, the last one included."},
			{Name: "step", Type: sweep.Float, Default: 0.1, Above: bound(0), Doc: "Length of the Euler step."},
			{Name: "initial", Type: sweep.String, Default: initialLearned, Choices: []string{initialLearned, initialZero},
				Doc: "Where the state begins: learned is a trained vector that begins at zero."},
		},
	}, newNODE)
}

// node is the CtD benchmark's NODE (docs: part 4.2 of its specification), after Chen et al., "Neural ordinary differential equations", 2018:
//
//	h' = h + step·f([h, x]),  f: layers Linear layers with relu between them
//	y  = h'·w_out + b_out
//	h₀ = h0, trained (initial: learned) or zero (the benchmark's SparseNODE)
//
// The rows of w_1 are those of the state, then those of the input. Arrays begin in U(±1/√fan-in), h0 at 0.
type node struct {
	inputs, latent, outputs int
	hidden, layers          int
	step                    float64
	learned                 bool
}

func newNODE(p parameters, inputs, outputs int) (Model, error) {
	return node{inputs, p.int("latent"), outputs, p.int("hidden"), p.int("layers"), p.float("step"), p.text("initial") == initialLearned}, nil
}

func (m node) Inputs() int   { return m.inputs }
func (m node) Outputs() int  { return m.outputs }
func (m node) States() []int { return []int{m.latent} }

func (m node) Params() []graph.Param {
	var params []graph.Param
	in := m.latent + m.inputs
	for k := range m.layers {
		out := m.hidden
		if k == m.layers-1 {
			out = m.latent
		}
		params = append(params, linear(strconv.Itoa(k+1), in, out)...)
		in = out
	}
	params = append(params, linear("out", m.latent, m.outputs)...)
	if m.learned {
		params = append(params, graph.Param{Name: "h0", Cols: m.latent})
	}
	return params
}

// initial is the index of the learned initial state among the arrays: behind two an each layer and the readout.
func (m node) initial() int { return 2 * (m.layers + 1) }

// Start is the initial state of every sequence.
func (m node) Start(b *graph.Builder, p []*graph.Node) []*graph.Node {
	h := b.Zeros(m.latent)
	if m.learned {
		h = b.Add(h, p[m.initial()])
	}
	return []*graph.Node{h}
}

func (m node) Step(b *graph.Builder, x *graph.Node, state, p []*graph.Node) (*graph.Node, []*graph.Node) {
	h := state[0]
	v := b.Concat(h, x)
	for k := range m.layers {
		if k > 0 {
			v = b.ReLU(v)
		}
		v = b.Affine(p[2*k+1], graph.Product{X: v, W: p[2*k]})
	}
	h = b.Add(h, b.Scale(m.step, v))
	return b.Affine(p[2*m.layers+1], graph.Product{X: h, W: p[2*m.layers]}), []*graph.Node{h}
}

// Fill leaves the learned initial state at zero.
func (m node) Fill(i int, values []float32, g *random.Generator) {
	if i == m.initial() {
		return
	}
	weights := m.Params()[i&^1] // a bias has the fan-in of the matrix before it
	fillFanIn(values, weights.Rows, g)
}
