package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// begin starts the table of constants: with the numbers of counters, the numbers of the lanes of a group, and ones in the lower half of 64 bits.
func (t *target) begin() {
	t.constants = GLOBL("constants"+t.suffix, RODATA|NOPTR)
	t.offsets = map[uint32]int{}
	half := t.lanes / 4 // of the counters in a register
	for set := range groupVectors {
		for pair := range half {
			t.append64(uint64(2*half*set + pair))
			t.append64(uint64(2*half*set + half + pair))
		}
	}
	for lane := range groupVectors * t.lanes / 2 {
		t.append64(uint64(2*lane) | uint64(2*lane+1)<<32)
	}
	for range t.lanes / 2 {
		t.append64(1<<32 - 1)
	}
}

func (t *target) append64(v uint64) {
	DATA(t.start, U64(v))
	t.start += 8
}

// counterNumbers are the numbers of the counters in register i, from that of the first: even lanes of 64 bits come first in a register's half of the numbers, then odd ones.
func (t *target) counterNumbers(i int) Mem { return t.constants.Offset(i * t.bytes()) }

// indices are the numbers of the lanes of vector i of a group.
func (t *target) indices(i int) Mem { return t.constants.Offset((groupVectors + i) * t.bytes()) }

// lowerHalves are ones in the lower half of 64 bits.
func (t *target) lowerHalves() value { return value{t.constants.Offset(2 * groupVectors * t.bytes())} }

// constant is where the table has a constant: once in AVX-512, which can broadcast it, and for every lane in AVX2.
func (t *target) constant(b uint32) Mem {
	copies := 1
	if !t.wide {
		copies = t.lanes
	}
	at, known := t.offsets[b]
	if !known {
		at = t.start + 4*copies*len(t.offsets)
		t.offsets[b] = at
		for i := range copies {
			DATA(at+4*i, U32(b))
		}
	}
	return t.constants.Offset(at)
}
