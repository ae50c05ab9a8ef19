package graph

import (
	"slices"

	"neurosweep/models/kernel"
)

// Numbers of rows that a frame keeps, for operands to count from.
const (
	rowZero   = iota
	rowBlock  // in memory of a block
	rowSaved  // in memory of all time steps, and in the states after the time step
	rowBefore // in the states before the time step
	rowCarry  // in the gradients that are carried back, as this time step leaves them
	rowCarried
	rowKinds
)

// A frame is the memory in which one worker runs a code, and where in it the code stands.
type frame[F Float] struct {
	set    *kernel.Set[F]
	code   *code[F]
	buffer [3][]F // step, block and saved memory
	states [][]F  // also those of another frame
	carry  [][]F
	sum    []F // the gradients of the leaf at hand
	shared *sharedMemory[F]
	ahead  *kernel.Ahead // what products bring into the cache meanwhile; nil: nothing

	rows [rowKinds]int // the first row at hand
}

// sharedMemory is what all workers read, and one writes, before and after their work.
type sharedMemory[F Float] struct {
	weights []F
	once    []F
	packed  []F
	total   []F
}

func newSharedMemory[F Float](m *pool[F], c *code[F]) *sharedMemory[F] {
	return &sharedMemory[F]{once: m.take(c.sizes[0]), total: m.take(c.sizes[1]), packed: m.take(c.packed)}
}

// bind lets a frame's code find its operands, where each unit of memory has so many rows. firstSum is where the sums begin that are no weight's gradient.
func (f *frame[F]) bind(step, block, saved, firstSum int) {
	rows := [3]int{step, block, saved}
	bind := func(o *operand[F]) {
		o.offset, o.row = o.base+o.column, rowZero
		switch o.memory {
		case stepMemory, blockMemory, savedMemory:
			o.buffer, o.offset = &f.buffer[o.memory], o.base*rows[o.memory]+o.column
			o.row = [3]int{rowZero, rowBlock, rowSaved}[o.memory]
		case stateMemory:
			o.buffer, o.row = &f.states[o.index], rowSaved
			if o.before {
				o.row = rowBefore
			}
		case carryMemory:
			o.buffer, o.row = &f.carry[o.index], rowCarry
			if o.before {
				o.row = rowCarried
			}
		case paramMemory:
			o.buffer = &f.shared.weights
		case onceMemory:
			o.buffer = &f.shared.once
		case totalMemory:
			o.buffer = &f.shared.total
		case sumMemory:
			o.buffer = &f.sum
			if weights := Size(f.code.params); o.base >= weights {
				o.offset += firstSum - weights
			}
		}
	}
	for _, o := range slices.Concat([]*operand[F]{f.code.x, f.code.y, f.code.dy}, f.code.noiseTo, f.code.copies) {
		if o != nil {
			bind(o)
		}
	}
	for r := range f.code.regions {
		for j := range f.code.regions[r] {
			i := &f.code.regions[r][j]
			for k := range i.operands {
				bind(&i.operands[k])
			}
			if i.start != nil {
				bind(i.start)
			}
		}
	}
}

// data is an operand's elements from the row at hand on.
func (f *frame[F]) data(o *operand[F]) []F {
	return (*o.buffer)[o.offset+f.rows[o.row]*o.stride:]
}
