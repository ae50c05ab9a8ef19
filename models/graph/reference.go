package graph

import (
	"fmt"
)

// maxTapes bounds how many shapes a Reference keeps tapes for.
const maxTapes = 8

// A Reference is the machine that runs a cell on Gorgonia's TapeMachine, slowly: a time step's graph once a time step, then a graph
// of the step with its gradients once a time step, backwards.
type Reference[F Float] struct {
	// Truncate is the number of time steps that gradients go back: they do not pass from step n·Truncate, counted from 0, to the one before. 0: all steps. The
	// first states are before step 0, so that the gradient of what Start makes comes from the first Truncate steps.
	Truncate int

	cell   Cell
	loss   Loss
	tapes  map[int]*cellTapes[F] // by batch size
	losses map[int]*lossTape[F]  // by points
	states [][]F                 // scratch: the states before each time step, one after the other
}

// NewReference makes a machine for a cell and a loss. It checks that the cell's step can be built.
func NewReference[F Float](c Cell, l Loss) (*Reference[F], error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := Check(c); err != nil {
		return nil, err
	}
	return &Reference[F]{cell: c, loss: l, tapes: map[int]*cellTapes[F]{}, losses: map[int]*lossTape[F]{}}, nil
}

// Forward computes the outputs.
func (r *Reference[F]) Forward(b *Batch[F], weights, outputs []F) error {
	if err := b.check(r.cell, weights, outputs); err != nil {
		return err
	}
	tapes, err := r.prepare(b, weights, false)
	if err != nil {
		return err
	}
	return r.forward(tapes, b, outputs)
}

// Gradients computes loss, gradients and outputs.
func (r *Reference[F]) Gradients(b *Batch[F], weights, gradients, outputs []F) (float64, error) {
	if err := b.check(r.cell, weights, outputs); err != nil {
		return 0, err
	}
	if err := b.checkLoss(r.cell, r.loss, gradients); err != nil {
		return 0, err
	}
	if r.Truncate < 0 {
		return 0, fmt.Errorf("gradients over %d time steps: want at least 1, or 0 for all", r.Truncate)
	}
	tapes, err := r.prepare(b, weights, true)
	if err != nil {
		return 0, err
	}
	if err := r.forward(tapes, b, outputs); err != nil {
		return 0, err
	}
	points := b.points()
	if r.losses[points] == nil {
		t, err := newLossTape[F](r.loss, points, r.cell.Outputs())
		if err != nil {
			return 0, err
		}
		if len(r.losses) >= maxTapes {
			clear(r.losses)
		}
		r.losses[points] = t
	}
	loss, slope, err := r.losses[points].compute(r.loss, b, outputs)
	if err != nil {
		return 0, err
	}
	clear(gradients)
	return float64(loss), r.backward(tapes, b, slope, Split(r.cell.Params(), gradients))
}

// prepare gives the tapes for a batch, filled with the weights.
func (r *Reference[F]) prepare(b *Batch[F], weights []F, gradients bool) (*cellTapes[F], error) {
	t := r.tapes[b.Size]
	if t == nil {
		if len(r.tapes) >= maxTapes {
			clear(r.tapes)
		}
		t = &cellTapes[F]{}
		r.tapes[b.Size] = t
	}
	if err := t.build(r.cell, b.Size, gradients); err != nil {
		return nil, err
	}
	for _, s := range t.all() {
		for i, part := range Split(r.cell.Params(), weights) {
			copy(s.inputs[s.params[i]], part)
		}
	}
	return t, t.checkNoise(b.Steps, b.Noise.Call)
}

// forward runs all time steps, and keeps the states before each.
func (r *Reference[F]) forward(t *cellTapes[F], b *Batch[F], outputs []F) error {
	widths := r.cell.States()
	r.states = make([][]F, len(widths))
	for i, width := range widths {
		r.states[i] = make([]F, (b.Steps+1)*b.Size*width)
	}
	if t.start != nil {
		t.start.fillNoise(t, b.Noise, 0)
		if err := t.start.run(); err != nil {
			return fmt.Errorf("the first states: %w", err)
		}
		for i, n := range t.start.next {
			copy(r.states[i], t.start.value(n))
		}
	}
	in, out := b.Size*r.cell.Inputs(), b.Size*r.cell.Outputs()
	for step := range b.Steps {
		s := t.step
		s.fill(t, b, r.states, step, in)
		if err := s.run(); err != nil {
			return fmt.Errorf("time step %d: %w", step, err)
		}
		copy(outputs[step*out:(step+1)*out], s.value(s.y))
		for i, n := range s.next {
			copy(r.states[i][(step+1)*b.Size*widths[i]:], s.value(n))
		}
	}
	return nil
}

// backward runs the gradients of all time steps in reverse, and adds them up in that order.
func (r *Reference[F]) backward(t *cellTapes[F], b *Batch[F], slope []F, gradients [][]F) error {
	s := t.stepBack
	for _, n := range s.dnext {
		clear(s.inputs[n])
	}
	in, out := b.Size*r.cell.Inputs(), b.Size*r.cell.Outputs()
	for step := b.Steps - 1; step >= 0; step-- {
		s.fill(t, b, r.states, step, in)
		copy(s.inputs[s.dy], slope[step*out:(step+1)*out])
		if err := s.run(); err != nil {
			return fmt.Errorf("the gradients of time step %d: %w", step, err)
		}
		s.addTo(gradients)
		for i, n := range s.dnext {
			if d := s.dstate[i]; d == nil || step > 0 && r.Truncate > 0 && step%r.Truncate == 0 {
				clear(s.inputs[n])
			} else {
				copy(s.inputs[n], s.value(d))
			}
		}
	}
	first := t.startBack
	if first == nil {
		return nil
	}
	first.fillNoise(t, b.Noise, 0)
	for i, n := range first.dnext {
		copy(first.inputs[n], s.inputs[s.dnext[i]])
	}
	if err := first.run(); err != nil {
		return fmt.Errorf("the gradients of the first states: %w", err)
	}
	first.addTo(gradients)
	return nil
}
