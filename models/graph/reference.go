package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// maxTapes bounds how many shapes a Reference keeps tapes for, in each direction.
const maxTapes = 8

// tries bounds how often a graph is built again because two hashes in it are equal; one try in some thousands needs a second.
const tries = 8

// A Reference is the machine that runs a cell on Gorgonia's TapeMachine. Gradients come from one graph with the step unrolled over
// time; outputs alone from one step's tape, run once a time step. doc.go says why, with measurements.
type Reference struct {
	cell     Cell
	size     int // of the weight buffer
	training map[[2]int]*unrolled
	forward  map[int]*stepper
}

// NewReference makes a machine for a cell. It checks that the cell's step can be built.
func NewReference(c Cell) (*Reference, error) {
	if _, err := newStep(c, probeRows, 0); err != nil {
		return nil, err
	}
	return &Reference{cell: c, size: Size(c.Params()), training: map[[2]int]*unrolled{}, forward: map[int]*stepper{}}, nil
}

// probeRows is a number of rows that no other dimension is likely to have, so that mixed-up axes become errors of shape.
const probeRows = 1009

// Check tells whether a cell's step can be built, without allocating what it computes.
func Check(c Cell) error {
	_, err := newStep(c, probeRows, 0)
	return err
}

// A tape is a compiled graph.
type tape struct{ vm gorgonia.VM }

func newTape(b *Builder) tape {
	return tape{gorgonia.NewTapeMachine(b.g)}
}

func (t tape) run() error {
	t.vm.Reset()
	return t.vm.RunAll()
}

// A stepper is one time step on a tape.
type stepper struct {
	*step
	tape
}

func newStepper(c Cell, rows int) (*stepper, error) {
	for salt := range uint32(tries) {
		s, err := newStep(c, rows, salt)
		if err != nil {
			return nil, err
		}
		if s.b.distinct() {
			return &stepper{s, newTape(s.b)}, nil
		}
	}
	return nil, fmt.Errorf("building a time step of %T: two of its nodes have one hash in %d tries", c, tries)
}

// Forward computes the outputs.
func (r *Reference) Forward(b *Batch, weights, outputs []float32) error {
	if err := r.check(b, weights, outputs); err != nil {
		return err
	}
	s := r.forward[b.Size]
	if s == nil {
		var err error
		if s, err = newStepper(r.cell, b.Size); err != nil {
			return err
		}
		if len(r.forward) >= maxTapes {
			clear(r.forward)
		}
		r.forward[b.Size] = s
	}
	copyParts(s.paramData, weights)
	for _, data := range s.stateData {
		clear(data)
	}
	in, out := b.Size*r.cell.Inputs(), b.Size*r.cell.Outputs()
	for t := range b.Steps {
		copy(s.xData, b.Inputs[t*in:])
		if err := s.run(); err != nil {
			return fmt.Errorf("time step %d: %w", t, err)
		}
		copy(outputs[t*out:(t+1)*out], values(s.y))
		next := make([][]float32, len(s.next))
		for i, n := range s.next {
			next[i] = values(n)
		}
		for i, data := range s.stateData {
			copy(data, next[i])
		}
	}
	return nil
}

// Gradients computes loss, gradients and outputs.
func (r *Reference) Gradients(b *Batch, weights, gradients, outputs []float32) (float64, error) {
	if err := r.check(b, weights, outputs); err != nil {
		return 0, err
	}
	if len(gradients) != r.size || len(b.Labels) != b.points() {
		return 0, fmt.Errorf("a buffer of %d gradients and %d labels, want %d and %d", len(gradients), len(b.Labels), r.size, b.points())
	}
	shape := [2]int{b.Steps, b.Size}
	u := r.training[shape]
	if u == nil {
		var err error
		if u, err = newUnrolled(r.cell, b.Steps, b.Size); err != nil {
			return 0, err
		}
		if len(r.training) >= maxTapes {
			clear(r.training)
		}
		r.training[shape] = u
	}
	return u.update(b, weights, gradients, outputs)
}

func (r *Reference) check(b *Batch, weights, outputs []float32) error {
	if err := b.check(r.cell); err != nil {
		return err
	}
	if len(weights) != r.size {
		return fmt.Errorf("a buffer of %d weights, want %d", len(weights), r.size)
	}
	if n := b.points() * r.cell.Outputs(); len(outputs) != n {
		return fmt.Errorf("a buffer of %d outputs, want %d", len(outputs), n)
	}
	return nil
}

// values are the numbers that a node holds after a run.
func values(n *Node) []float32 { return n.Value().Data().([]float32) }

func copyParts(parts [][]float32, flat []float32) {
	for _, p := range parts {
		flat = flat[copy(p, flat):]
	}
}

// An unrolled is a cell's training step for T steps of B sequences, on a tape.
type unrolled struct {
	tape
	x              [][]float32
	labels, weight []float32
	params         [][]float32
	loss, y        *Node
	gradients      []*Node // nil where a weight has no influence
}

func newUnrolled(c Cell, steps, size int) (*unrolled, error) {
	for salt := range uint32(tries) {
		one, err := newStep(c, size, salt)
		if err != nil {
			return nil, err
		}
		u := &unrolled{}
		b := newBuilder(salt)
		if err := build(func() { u.build(b, one, c, steps, size) }); err != nil {
			return nil, fmt.Errorf("unrolling %T over %d steps: %w", c, steps, err)
		}
		if b.distinct() {
			u.tape = newTape(b)
			return u, nil
		}
	}
	return nil, fmt.Errorf("unrolling %T over %d steps: two nodes have one hash in %d tries", c, steps, tries)
}

func (u *unrolled) build(b *Builder, one *step, c Cell, steps, size int) {
	x := make([]*Node, steps)
	u.x = make([][]float32, steps)
	for t := range x {
		x[t], u.x[t] = b.input(fmt.Sprintf("x %d", t), size, c.Inputs(), false)
	}
	state := make([]*Node, len(c.States()))
	for i, width := range c.States() {
		state[i], _ = b.input(fmt.Sprintf("state %d", i), size, width, false)
	}
	var params []*Node
	params, u.params = b.params(c)
	u.y = one.unroll(b, x, state, params)
	var labels, weight *Node
	labels, u.labels = b.input("labels", steps*size, 1, false)
	weight, u.weight = b.input("mask", steps*size, 1, false)
	u.loss = b.apply(crossEntropy, 0, u.y, labels, weight)
	grad, seed := b.input("gradient of the loss", 1, 1, false)
	seed[0] = 1
	var err error
	if u.gradients, err = b.differentiate(u.loss, grad, params); err != nil {
		fail("%w", err)
	}
}

func (u *unrolled) update(b *Batch, weights, gradients, outputs []float32) (float64, error) {
	copyParts(u.params, weights)
	copyParts(u.x, b.Inputs)
	for i, label := range b.Labels {
		u.labels[i] = float32(label)
	}
	for i := range u.weight {
		u.weight[i] = 1
		if b.Mask != nil {
			u.weight[i] = b.Mask[i]
		}
	}
	if err := u.run(); err != nil {
		return 0, err
	}
	copy(outputs, values(u.y))
	for i, p := range u.params {
		clear(gradients[:len(p)])
		if n := u.gradients[i]; n != nil {
			copy(gradients, values(n))
		}
		gradients = gradients[len(p):]
	}
	return float64(values(u.loss)[0]), nil
}
