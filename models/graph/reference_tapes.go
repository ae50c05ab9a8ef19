package graph

import (
	"fmt"
	"slices"

	"neurosweep/sweep/random"
)

// cellTapes are the tapes of a cell for one batch size. Those with gradients are built when they are first asked for.
type cellTapes[F Float] struct {
	step, stepBack   *stepTape[F]
	start, startBack *stepTape[F] // nil for a cell that is no Starter
}

// A stepTape is a step or start on a tape.
type stepTape[F Float] struct {
	*stepGraph
	*tape[F]
}

func (t *cellTapes[F]) all() (list []*stepTape[F]) {
	for _, s := range []*stepTape[F]{t.step, t.stepBack, t.start, t.startBack} {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// build builds what is missing.
func (t *cellTapes[F]) build(c Cell, size int, gradients bool) error {
	step := func(salt uint32, gradients bool) (*stepGraph, error) {
		return buildStep(c, dtype[F](), size, salt, gradients)
	}
	if err := fillTapes(&t.step, &t.stepBack, gradients, step); err != nil {
		return err
	}
	if c, ok := c.(Starter); ok {
		return fillTapes(&t.start, &t.startBack, gradients, func(salt uint32, gradients bool) (*stepGraph, error) {
			return buildStart(c, dtype[F](), size, salt, gradients)
		})
	}
	return nil
}

// fillTapes makes the tape without gradients, and that with them if it is wanted, unless they are there.
func fillTapes[F Float](plain, back **stepTape[F], gradients bool, build func(salt uint32, gradients bool) (*stepGraph, error)) (err error) {
	if *plain == nil {
		*plain, err = newStepTape[F](build, false)
	}
	if err == nil && gradients && *back == nil {
		*back, err = newStepTape[F](build, true)
	}
	return err
}

func newStepTape[F Float](build func(salt uint32, gradients bool) (*stepGraph, error), gradients bool) (*stepTape[F], error) {
	t := &stepTape[F]{}
	err := retry(func(salt uint32) (err error) {
		s, err := build(salt, gradients)
		if err != nil {
			return err
		}
		inputs := slices.Concat([]*Node{s.x, s.dy}, s.state, s.params, s.dnext, s.b.zeros)
		for _, n := range s.b.noise {
			inputs = append(inputs, n.node)
		}
		read := append([]*Node{s.y}, s.next...)
		if gradients {
			read = slices.Concat(s.dstate, s.dparams)
		}
		t.stepGraph = s
		t.tape, err = newTape[F](s.b, inputs, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// fill sets the inputs of time step number step, from 0. in is the number of input numbers of a step.
func (s *stepTape[F]) fill(t *cellTapes[F], b *Batch[F], states [][]F, step, in int) {
	copy(s.inputs[s.x], b.Inputs[step*in:])
	for i, n := range s.state {
		data := s.inputs[n]
		copy(data, states[i][step*len(data):])
	}
	s.fillNoise(t, b.Noise, step+1)
}

// addTo adds the gradients of the weights.
func (s *stepTape[F]) addTo(gradients [][]F) {
	for i, n := range s.dparams {
		if n == nil {
			continue
		}
		for j, v := range s.value(n) {
			gradients[i][j] += v
		}
	}
}

// A noise call has 2^callBits blocks; a block is four numbers.
const callBits = 24

// blocks are the blocks of noise of the start and of a step.
func (t *cellTapes[F]) blocks() (start, step uint64) {
	if t.start != nil {
		start = uint64(t.start.b.noiseWidth() / 4)
	}
	return start, uint64(t.step.b.noiseWidth() / 4)
}

func (t *cellTapes[F]) checkNoise(steps int, call uint64) error {
	start, step := t.blocks()
	if n := start + uint64(steps)*step; n > 1<<callBits {
		return fmt.Errorf("%d time steps use %d blocks of noise, at most %d are possible", steps, n, 1<<callBits)
	}
	if start+step > 0 && call >= 1<<(64-callBits) {
		return fmt.Errorf("noise call %d, want less than 2^%d", call, 64-callBits)
	}
	return nil
}

// fillNoise sets the noise of a time step: 0 is the start, steps follow from 1.
func (s *stepTape[F]) fillNoise(t *cellTapes[F], n Noise, step int) {
	if len(s.b.noise) == 0 {
		return
	}
	first := n.Call << callBits
	if step > 0 {
		start, blocks := t.blocks()
		first += start + uint64(step-1)*blocks
	}
	for _, call := range s.b.noise {
		data := s.inputs[call.node]
		rows, cols := shape(call.node)
		row := make([]float32, cols)
		for r := range rows {
			random.At(n.Seed, n.Stream, uint32(r), first+uint64(call.at/4)).Normals(row)
			for j, v := range row {
				data[r*cols+j] = F(v)
			}
		}
	}
}
