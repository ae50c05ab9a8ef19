package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What a product may do with its elements before it stores them; package kernel has the same numbers.
const (
	thenReLU  = 1
	thenDReLU = 2
)

// Predicates of a comparison; a NaN on either side makes the first false, and the others true.
const (
	greaterThan    = U8(0x1e)
	unordered      = U8(0x03)
	notLessOrEqual = U8(0x16)
)

// then emits what follows the last multiply-add of a tile's elements: nothing, or the element-wise operations relu and drelu of gen/element, bit by bit.
func (p *productTile) then(acc [][]reg.VecVirtual, name string) {
	dReLU, end := name+"drelu", name+"then"
	CMPQ(field(p.args, atThen), U8(0))
	JEQ(LabelRef(end))
	zero := p.vector()
	VXORPS(zero, zero, zero)
	CMPQ(field(p.args, atThen), U8(thenReLU))
	JNE(LabelRef(dReLU))
	for _, row := range acc {
		for _, v := range row {
			p.keep(p.compare(notLessOrEqual, v, zero), v)
		}
	}
	JMP(LabelRef(end))
	Label(dReLU)
	y, last := GP64(), p.last
	MOVQ(field(p.args, atTileY), y)
	if last == nil {
		last = p.mask(p.args, atLast)
	}
	for _, row := range acc {
		for w, v := range row {
			b := p.vector()
			p.load(Mem{Base: y, Disp: w * p.bytes}, onlyLast(last, w, len(row)), b)
			p.keep(p.compare(greaterThan, b, zero), v)
			p.replace(p.compare(unordered, b, b), b, v)
		}
		ADDQ(field(p.args, atLdy), y)
	}
	MOVQ(y, field(p.args, atTileY))
	Label(end)
}

// compare is a condition for each lane: a mask register, or ones and zeros where there is none.
func (t *target) compare(predicate U8, a, b reg.VecVirtual) reg.Register {
	if t.masks {
		k := K()
		VCMPPS(predicate, b, a, k)
		return k
	}
	d := t.vector()
	VCMPPS(predicate, b, a, d)
	return d
}

// keep makes v 0 where the condition does not hold.
func (t *target) keep(condition reg.Register, v reg.VecVirtual) {
	if t.masks {
		VMOVAPS_Z(v, condition, v)
	} else {
		VANDPS(v, condition, v)
	}
}

// replace makes v what b is where the condition holds.
func (t *target) replace(condition reg.Register, b, v reg.VecVirtual) {
	if t.masks {
		VMOVAPS(b, condition, v)
	} else {
		VBLENDVPS(condition, b, v, v)
	}
}
