package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// begin starts the table of constants. AVX2's begins with the numbers of the lanes of a group.
func (t *target) begin() {
	t.constants = GLOBL("constants"+t.suffix, RODATA|NOPTR)
	t.offsets = map[uint32]int{}
	if !t.wide {
		for lane := range groupVectors * t.lanes {
			DATA(4*lane, U32(lane))
		}
	}
}

// indices are the numbers of the lanes of vector i of a group.
func (t *target) indices(i int) Mem { return t.constants.Offset(i * t.bytes()) }

// constant is where the table has a constant: once in AVX-512, which can broadcast it, and for every lane in AVX2.
func (t *target) constant(b uint32) Mem {
	copies, start := 1, 0
	if !t.wide {
		copies, start = t.lanes, 4*groupVectors*t.lanes
	}
	at, known := t.offsets[b]
	if !known {
		at = start + 4*copies*len(t.offsets)
		t.offsets[b] = at
		for i := range copies {
			DATA(at+4*i, U32(b))
		}
	}
	return t.constants.Offset(at)
}
