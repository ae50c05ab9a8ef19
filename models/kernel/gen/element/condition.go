package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
)

// Predicates of a comparison; a NaN on either side makes the first four false, and the last three true.
const (
	lessThan       = U8(0x11)
	greaterThan    = U8(0x1e)
	equal          = U8(0x00)
	notEqual       = U8(0x0c) // ordered
	unordered      = U8(0x03)
	notLessOrEqual = U8(0x16) // greater or unordered
	differs        = U8(0x04) // not equal or unordered
)

// compare is a condition for each lane: a mask register in AVX-512, ones or zeros in a vector in AVX2.
func (t *target) compare(predicate U8, a, b value) value {
	a = t.register(a)
	d := make(value, size(a, b))
	for i := range d {
		if t.wide {
			d[i] = K()
		} else {
			d[i] = t.vector()
		}
		if _, memory := b.at(i).(Mem); memory && t.wide {
			VCMPPS_BCST(predicate, b.at(i), a.at(i), d[i])
		} else {
			VCMPPS(predicate, b.at(i), a.at(i), d[i])
		}
	}
	return d
}

// negative is the condition that the sign bit is set.
func (t *target) negative(a value) value {
	if !t.wide {
		return a // a blend looks at the sign bits only
	}
	d := make(value, len(a))
	for i := range d {
		d[i] = K()
		VPMOVD2M(a[i], d[i])
	}
	return d
}

// choose is a where the condition holds, else b.
func (t *target) choose(condition, a, b value) value {
	b = t.register(b)
	d := t.fresh(len(condition))
	for i := range d {
		if t.wide {
			// avo's own VBLENDMPS says that it reads the destination, which would keep that register from all that goes before.
			operands := []Op{a.at(i), b.at(i), condition[i], d[i]}
			blend := &ir.Instruction{Opcode: "VBLENDMPS", Operands: operands, Inputs: operands[:3], Outputs: operands[3:]}
			if _, memory := a.at(i).(Mem); memory {
				blend.Suffixes = []string{"BCST"}
			}
			Instruction(blend)
		} else {
			VBLENDVPS(condition[i], a.at(i), b.at(i), d[i])
		}
	}
	return d
}

// keep is a where the condition holds, else 0. In AVX2 the condition must come from compare.
func (t *target) keep(condition, a value) value {
	d := t.fresh(len(condition))
	for i := range d {
		_, memory := a.at(i).(Mem)
		switch {
		case !t.wide:
			VANDPS(a.at(i), condition[i], d[i])
		case memory:
			VBROADCASTSS_Z(a.at(i), condition[i], d[i])
		default:
			VMOVAPS_Z(a.at(i), condition[i], d[i])
		}
	}
	return d
}
