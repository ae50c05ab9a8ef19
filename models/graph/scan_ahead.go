package graph

import "neurosweep/models/kernel"

// What a leaf saves outgrows every cache but the last, which other programs use too, and nearly every line of it would be waited for twice: where the forward pass writes it, and where
// the backward pass reads it. So the products of each time step bring in what the next ones need: see kernel.Ahead.

// leastAhead is the size of what a leaf saves, in bytes, from which on that pays: less stays in the second-level cache.
const leastAhead = 512 << 10

// A series is memory in which every slot has rows of its own, one slot after the other.
type series[F Float] struct {
	memory            []F
	stride            int // from row to row
	forward, backward int // how many time steps before it is needed it is brought in, in either pass
}

// savedSeries are all that the forward pass writes for the backward pass, in a worker's memory for so many rows and slots; none if that is little.
func (w *worker[F]) savedSeries(rows, slots int) []series[F] {
	block := w.e.shape.BlockSteps
	before := func(early bool) int {
		if early {
			return block
		}
		return 1
	}
	var all []series[F]
	for _, v := range w.step.code.saved {
		all = append(all, series[F]{w.step.buffer[savedMemory][v.base*rows*slots:], v.stride, before(v.writtenEarly), before(v.readEarly)})
	}
	for i, width := range w.e.cell.States() { // outputs are computed from the states for a block at once, and a time step reads those before it
		all = append(all, series[F]{w.step.states[i], strideOf(width), 1, block + 1})
	}
	bytes := 0
	for _, v := range all {
		bytes += 4 * v.stride * rows * slots
	}
	if bytes < leastAhead {
		return nil
	}
	return all
}

// lookAhead begins a pass over slots whose first is s.
func (w *worker[F]) lookAhead(s int, backward bool) {
	w.step.ahead.Clear()
	if len(w.saved) == 0 {
		return
	}
	w.batchAhead(s, backward)
	for _, v := range w.saved {
		n := w.rows * v.stride
		if backward {
			kernel.Walk(w.step.ahead, v.memory, (s-w.segment0+v.backward)*n, n, n)
		} else {
			kernel.Walk(w.step.ahead, v.memory, (s-w.segment0-v.forward)*n, n, -n)
		}
	}
}

// batchAhead looks a block of time steps ahead into the batch, where a leaf's rows are a line or two in each of many pages.
func (w *worker[F]) batchAhead(s int, backward bool) {
	b, outputs := w.e.job.batch, w.e.cell.Outputs()
	if w.step.code.x != nil {
		walkBatch(w, b.Inputs, w.e.cell.Inputs(), s, backward)
	}
	if !backward {
		return
	}
	walkBatch(w, w.e.job.outputs, outputs, s, true)
	if w.e.loss == CrossEntropy {
		walkBatch(w, b.Labels, 1, s, true)
		outputs = 1
	} else {
		walkBatch(w, b.Targets, outputs, s, true)
	}
	if b.Mask != nil {
		walkBatch(w, b.Mask, outputs, s, true)
	}
}

// walkBatch walks through an array that is T×B×width, in which later slots are earlier time steps.
func walkBatch[F Float, T any](w *worker[F], array []T, width, s int, backward bool) {
	by, ahead := w.e.job.batch.Size*width, -w.e.shape.BlockSteps
	if backward {
		by, ahead = -by, -ahead
	}
	kernel.Walk(w.step.ahead, array, w.slotAt(width, s+ahead), w.rows*width, by)
}

// slotAt is where a leaf's rows of a slot begin in such an array, slotOf the rows.
func (w *worker[F]) slotAt(width, s int) int {
	b := w.e.job.batch
	return ((b.Steps-1-s)*b.Size + w.first) * width
}

func slotOf[F Float, T any](w *worker[F], array []T, width, s int) []T {
	return array[w.slotAt(width, s):][:w.rows*width]
}
