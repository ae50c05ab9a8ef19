package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A target is an instruction set.
type target struct {
	suffix  string // of the functions' names
	bytes   int    // of a register
	vector  func() reg.VecVirtual
	heights []int // the most rows of a tile, by its width in registers less one
	masks   bool  // mask registers: a masked load costs nothing
}

var targets = map[string]*target{
	"avx512": {suffix: "AVX512", bytes: 64, vector: ZMM, heights: []int{12, 12, 8, 6}, masks: true},
	"avx2":   {suffix: "AVX2", bytes: 32, vector: YMM, heights: []int{12, 6, 4}},
}

// vectors are n registers.
func (t *target) vectors(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = t.vector()
	}
	return v
}

// mask is the mask whose address stands in the arguments at an offset: 16 bits, or a lane of ones for each lane.
func (t *target) mask(args reg.GPVirtual, offset int) reg.Register {
	at := GP64()
	MOVQ(Mem{Base: args, Disp: offset}, at)
	if t.masks {
		k := K()
		KMOVW(Mem{Base: at}, k)
		return k
	}
	m := t.vector()
	VMOVUPS(Mem{Base: at}, m)
	return m
}

// load reads the lanes of a mask, all of them where it is nil; the others become 0 and are not touched in memory.
func (t *target) load(from Mem, mask, to reg.Register) {
	switch {
	case mask == nil:
		VMOVUPS(from, to)
	case t.masks:
		VMOVUPS_Z(from, mask, to)
	default:
		VMASKMOVPS(from, mask, to)
	}
}

// store writes the lanes of a mask, all of them where it is nil.
func (t *target) store(from reg.VecVirtual, mask reg.Register, to Mem) {
	switch {
	case mask == nil:
		VMOVUPS(from, to)
	case t.masks:
		VMOVUPS(from, mask, to)
	default:
		VMASKMOVPS(from, mask, to)
	}
}

// onlyLast is the mask of register w of a row, of which only the last has one.
func onlyLast(last reg.Register, w, width int) reg.Register {
	if w == width-1 {
		return last
	}
	return nil
}

// function begins an assembly function of one pointer to arguments.
func (t *target) function(name, doc string) reg.GPVirtual {
	TEXT(name+t.suffix, 4 /* NOSPLIT */, "func(args *byte)")
	Doc(name + t.suffix + " " + doc)
	Pragma("noescape")
	args := GP64()
	Load(Param("args"), args)
	return args
}
