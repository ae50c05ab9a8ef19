package graph

import "neurosweep/models/kernel"

// A worker computes leaves, one after the other, in memory of its own.
type worker[F Float] struct {
	e     *engine[F]
	step  frame[F]
	start *frame[F] // nil if the states begin at zero
	loss  lossMemory[F]

	saved []series[F] // nil: what it saves stays in the cache

	border []F // the states before each segment
	noise  []F

	rows     int // sequences of the leaf at hand
	first    int // its first sequence
	carried  int // which half of the carried gradients the next time step reads
	segment0 int // the first slot of the segment at hand
}

// Time steps have slots in memory, in the order in which the backward pass meets them: the last time step is slot 0.

func newWorker[F Float](e *engine[F], p Plan, steps int) *worker[F] {
	s := e.sizes(p, steps)
	w := &worker[F]{e: e, border: e.memory.take(s.border), noise: e.memory.take(s.noise)}
	m, k := p.LeafRows, p.BlockSteps
	w.step = frame[F]{set: e.set, code: e.step.clone(), shared: e.shared, ahead: new(kernel.Ahead)}
	w.step.buffer = [3][]F{e.memory.take(s.step), e.memory.take(s.block), e.memory.take(s.saved)}
	for _, width := range e.cell.States() {
		w.step.states = append(w.step.states, e.memory.take(m*(p.Segment+1)*strideOf(width)))
		if e.training {
			w.step.carry = append(w.step.carry, e.memory.take(2*m*width))
		}
	}
	weights := Size(e.cell.Params())
	w.step.bind(m, m*k, m*p.Segment, weights)
	if e.training {
		w.saved = w.savedSeries(m, p.Segment)
	}
	if e.start != nil {
		c := e.start.clone()
		f := &frame[F]{set: e.set, code: c, shared: e.startShared, states: make([][]F, len(w.step.states)), carry: w.step.carry}
		for i := range f.buffer {
			f.buffer[i] = e.memory.take(m * c.widths[i])
		}
		f.bind(m, m, m, e.step.sums)
		w.start = f
	}
	if e.training {
		w.loss = newLossMemory(e, m*k)
	}
	return w
}

// A job is one call of Forward or Gradients.
type job[F Float] struct {
	batch   *Batch[F]
	outputs []F
	scale   F         // of the loss's gradient
	losses  []float64 // of training: by leaf and block
	blocks  int       // blocks of a leaf
}

// forwardLeaf computes a leaf's outputs.
func (w *worker[F]) forwardLeaf(leaf int) error {
	w.take(leaf)
	if err := w.begin(); err != nil {
		return err
	}
	return w.forward(0, w.e.job.batch.Steps)
}

// trainLeaf computes a leaf's outputs, losses and gradients; the gradients are left in sum.
func (w *worker[F]) trainLeaf(leaf int, sum []F) error {
	w.take(leaf)
	steps, segment := w.e.job.batch.Steps, w.e.shape.Segment
	clear(sum)
	w.step.sum = sum
	if w.start != nil {
		w.start.sum = sum
	}
	if err := w.begin(); err != nil {
		return err
	}
	segments := (steps + segment - 1) / segment
	for s := segments - 1; s >= 0; s-- {
		from, to := s*segment, min((s+1)*segment, steps)
		w.moveStates(to-from, s, false)
		if err := w.forward(from, to); err != nil {
			return err
		}
		if s > 0 {
			w.passStates(segment)
		}
	}
	for i := range w.step.carry {
		clear(w.step.carry[i])
	}
	for s := range segments {
		from, to := s*segment, min((s+1)*segment, steps)
		if s > 0 {
			w.moveStates(to-from, s, true)
			if err := w.forward(from, to); err != nil {
				return err
			}
		}
		w.segment0 = from
		if err := w.backward(leaf, from, to); err != nil {
			return err
		}
	}
	return w.finish()
}

// take sets the rows of a leaf.
func (w *worker[F]) take(leaf int) {
	w.first = leaf * w.e.shape.LeafRows
	w.rows = min(w.e.shape.LeafRows, w.e.job.batch.Size-w.first)
	w.carried = 0
}

// begin makes the states before the first time step.
func (w *worker[F]) begin() error {
	steps := w.e.job.batch.Steps
	slot := steps - (steps-1)/w.e.shape.Segment*w.e.shape.Segment // of the segment that comes first in time
	if w.start == nil {
		for i, width := range w.e.cell.States() {
			n := w.rows * strideOf(width)
			clear(w.step.states[i][slot*n:][:n])
		}
		return nil
	}
	w.start.rows = [rowKinds]int{}
	w.startNoise()
	return w.runStart(slot)
}

// runStart runs the forward part of the start. Its results are the states after its only step, which lies in a slot of the step's states.
func (w *worker[F]) runStart(slot int) error {
	f := w.start
	for i, width := range w.e.cell.States() {
		f.states[i] = w.step.states[i][slot*w.rows*strideOf(width):]
	}
	for _, r := range []region{inForwardBlock, inForwardLoop} {
		if err := f.run(r, w.rows); err != nil {
			return err
		}
	}
	if !w.e.training {
		return f.run(inOutputBlock, w.rows)
	}
	return nil
}

// finish adds the gradients that go through the start.
func (w *worker[F]) finish() error {
	if w.start == nil {
		return nil
	}
	w.start.rows[rowCarried] = w.carried * w.rows
	for r := inOutputBlock; r <= inSumBlock; r++ {
		if err := w.start.run(r, w.rows); err != nil {
			return err
		}
	}
	return nil
}

// forward computes slots from to-1 down to from, which lie at the beginning of the segment's memory.
func (w *worker[F]) forward(from, to int) error {
	f, block := &w.step, w.e.shape.BlockSteps
	w.segment0 = from
	w.lookAhead(to-1, false)
	for hi := to; hi > from; {
		lo := (hi - 1) / block * block // blocks begin at multiples, so that they are the same in any segment
		if !w.e.training && hi < to {
			w.passStates(hi - lo)
		}
		if !w.e.training {
			w.segment0 = lo
		}
		w.block(lo)
		w.gather(lo, hi)
		w.stepNoise(lo, hi)
		if err := f.run(inForwardBlock, (hi-lo)*w.rows); err != nil {
			return err
		}
		for s := hi - 1; s >= lo; s-- {
			w.slot(s, lo)
			f.ahead.Step()
			if err := f.run(inForwardLoop, w.rows); err != nil {
				return err
			}
		}
		if !w.e.training {
			w.block(lo)
			if err := f.run(inOutputBlock, (hi-lo)*w.rows); err != nil {
				return err
			}
			w.writeOutputs(lo, hi)
		}
		hi = lo
	}
	return nil
}

// backward goes the other way, and adds gradients.
func (w *worker[F]) backward(leaf, from, to int) error {
	f, block := &w.step, w.e.shape.BlockSteps
	w.lookAhead(from, true)
	for lo := from; lo < to; {
		hi := min(lo+block, to)
		rows := (hi - lo) * w.rows
		w.block(lo)
		w.gather(lo, hi)
		if err := f.run(inOutputBlock, rows); err != nil {
			return err
		}
		w.writeOutputs(lo, hi)
		w.e.job.losses[leaf*w.e.job.blocks+lo/block] = w.lossBlock(lo, hi)
		if err := f.run(inGradientBlock, rows); err != nil {
			return err
		}
		for s := lo; s < hi; s++ {
			w.slot(s, lo)
			f.ahead.Step()
			if err := f.run(inGradientLoop, w.rows); err != nil {
				return err
			}
			w.carry(s)
		}
		w.block(lo)
		for r := inAfterBlock; r <= inSumBlock; r++ {
			if err := f.run(r, rows); err != nil {
				return err
			}
		}
		lo = hi
	}
	return nil
}
