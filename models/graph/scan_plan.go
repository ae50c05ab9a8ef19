package graph

import (
	"fmt"
	"unsafe"
)

// What follows from shapes alone, because the order in which numbers are added depends on it. These numbers are part of every result: they never change.
const (
	leafRows  = 16 // sequences that go through all time steps together; state and weights then stay in the second-level cache
	rowUnit   = 8  // leaves have a multiple of the rows of a product's tile, except the last
	blockRows = 96 // rows of a block of time steps: weight gradients are added up in blocks that are still in the cache
)

// A Plan is how a batch of some shape is computed, and in how much memory.
type Plan struct {
	Leaves     int   // sub-batches, each of which goes through all time steps on one thread
	LeafRows   int   // sequences in each but the last
	BlockSteps int   // time steps whose weight gradients are added up at once
	Segment    int   // time steps whose intermediate values are kept; fewer than all: the forward pass of a segment is computed twice
	Threads    int   // leaves that are computed at the same time
	Bytes      int64 // memory of the machine for this shape: weights, gradients, outputs and the batch itself not counted
}

// Recompute tells whether the forward pass is computed twice, because one leaf does not fit otherwise.
func (p Plan) Recompute(steps int) bool { return p.Segment < steps }

// String prints a plan.
func (p Plan) String() string {
	return fmt.Sprintf("%d leaves of up to %d sequences on %d threads, blocks of %d time steps, %d kept, %.1f MB", p.Leaves, p.LeafRows, p.Threads, p.BlockSteps,
		p.Segment, float64(p.Bytes)/1e6)
}

// planShape is the part of a plan that follows from the shape.
func planShape(steps, size int) Plan {
	leaves := (size + leafRows - 1) / leafRows
	rows := (size + leaves - 1) / leaves
	rows = min(size, (rows+rowUnit-1)/rowUnit*rowUnit)
	return Plan{
		Leaves: (size + rows - 1) / rows, LeafRows: rows,
		BlockSteps: min(steps, max(1, blockRows/rows)),
	}
}

// plan completes a plan: as many threads as memory allows, and only if one leaf does not fit, segments.
func (e *engine[F]) plan(steps, size int) Plan {
	p := planShape(steps, size)
	from, to := e.own(p.Leaves)
	p.Threads = max(min(e.options.Threads, to-from), 1)
	p.Segment = steps
	if !e.training {
		p.Segment = p.BlockSteps
	}
	limit := e.options.Memory
	for p.Bytes = e.bytes(p, steps); limit > 0 && p.Bytes > limit; p.Bytes = e.bytes(p, steps) {
		switch {
		case p.Threads > 1:
			p.Threads--
		case e.training && p.Segment > p.BlockSteps:
			// Half as many time steps, rounded up to whole blocks: memory of the states at the borders grows as that of a segment falls.
			blocks := (p.Segment + p.BlockSteps - 1) / p.BlockSteps
			p.Segment = (blocks + 1) / 2 * p.BlockSteps
		default:
			return p // it needs what it needs
		}
	}
	return p
}

// workerSizes are the elements of a worker's memory.
type workerSizes struct {
	step, block, saved, states, carry, border, loss, noise, start int
}

func (e *engine[F]) sizes(p Plan, steps int) workerSizes {
	m, k, l := p.LeafRows, p.BlockSteps, p.Segment
	c := e.step
	var s workerSizes
	s.step, s.block, s.saved = m*c.widths[stepMemory], m*k*c.widths[blockMemory], m*l*c.widths[savedMemory]
	width, strides := 0, 0
	for _, w := range e.cell.States() {
		width, strides = width+w, strides+strideOf(w)
	}
	s.states = m * (l + 1) * strides
	if e.training {
		s.carry = 2 * m * width
		s.loss = m * k * e.cell.Outputs() * 4 // gradients of the output, targets, masks, errors
		if segments := (steps + l - 1) / l; segments > 1 {
			s.border = segments * m * strides
		}
	}
	s.noise = k * noiseColumns(c.noise)
	if e.start != nil {
		s.start = m * (e.start.widths[stepMemory] + e.start.widths[blockMemory] + e.start.widths[savedMemory])
		s.noise = max(s.noise, noiseColumns(e.start.noise))
	}
	return s
}

// pooled is what of it comes from the pool: all but the loss's.
func (s workerSizes) pooled() int {
	return s.step + s.block + s.saved + s.states + s.carry + s.border + s.noise + s.start
}

// pooled is how many elements a plan takes from the pool, at most.
func (e *engine[F]) pooled(p Plan, steps int) int {
	n, pieces := p.Threads*e.sizes(p, steps).pooled(), p.Threads*(8+2*len(e.cell.States()))
	for _, c := range []*code[F]{e.step, e.start} {
		if c != nil {
			n, pieces = n+c.sizes[0]+c.sizes[1]+c.packed, pieces+3
		}
	}
	if e.training {
		from, to := e.own(p.Leaves)
		buffers := joinBuffers(max(to-from, 1), p.Threads)
		n, pieces = n+buffers*e.sums(), pieces+buffers
	}
	return n + pieces*paged(1)
}

// bytes is the memory of a plan.
func (e *engine[F]) bytes(p Plan, steps int) int64 {
	n := e.pooled(p, steps) + p.Threads*e.sizes(p, steps).loss
	if e.training {
		n += p.Leaves * steps / p.BlockSteps
	}
	var zero F
	return int64(n) * int64(unsafe.Sizeof(zero))
}

// sums is the number of elements of a leaf's gradients: of the step and of the start.
func (e *engine[F]) sums() int {
	n := e.step.sums
	if e.start != nil {
		n += e.start.sums - Size(e.cell.Params())
	}
	return n
}

// noiseColumns is how many columns of noise a time step uses, each use padded to a multiple of 4.
func noiseColumns(uses []noise) int {
	if len(uses) == 0 {
		return 0
	}
	last := uses[len(uses)-1]
	return last.at + (last.width+3)/4*4
}
