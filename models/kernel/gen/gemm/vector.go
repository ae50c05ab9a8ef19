package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// addRows emits c += each of k rows of b: panels of eight, then of one register. Only the last register of the row is masked.
func (t *target) addRows() {
	args := t.function("addRows", "adds k rows of b to the row c, whose registers are counted in panels; args points at an arguments.")
	c, b, ldb, left := GP64(), GP64(), GP64(), GP64()
	MOVQ(field(args, atC), c)
	MOVQ(field(args, atB), b)
	MOVQ(field(args, atLdb), ldb)
	MOVQ(field(args, atPanels), left)
	for _, width := range []int{8, 1} {
		name := fmt.Sprintf("by%d", width)
		Label(name)
		CMPQ(left, U8(width))
		JLE(LabelRef(name + "end")) // the very last register is the masked one
		acc := t.vectors(width)
		for w, v := range acc {
			VMOVUPS(Mem{Base: c, Disp: w * t.bytes}, v)
		}
		t.addColumns(args, b, ldb, name, func(row reg.GPVirtual) {
			for w, v := range acc {
				VADDPS(Mem{Base: row, Disp: w * t.bytes}, v, v)
			}
		})
		for w, v := range acc {
			VMOVUPS(v, Mem{Base: c, Disp: w * t.bytes})
		}
		ADDQ(U32(width*t.bytes), c)
		ADDQ(U32(width*t.bytes), b)
		SUBQ(U8(width), left)
		JMP(LabelRef(name))
		Label(name + "end")
	}
	last, sum := t.mask(args, atLast), t.vector()
	t.load(Mem{Base: c}, last, sum)
	t.addColumns(args, b, ldb, "last", func(row reg.GPVirtual) {
		v := t.vector()
		t.load(Mem{Base: row}, last, v)
		VADDPS(v, sum, sum)
	})
	t.store(sum, last, Mem{Base: c})
	VZEROUPPER()
	RET()
}

func (t *target) addColumns(args, b, ldb reg.GPVirtual, name string, add func(row reg.GPVirtual)) {
	row, steps := GP64(), GP64()
	MOVQ(b, row)
	MOVQ(field(args, atK), steps)
	Label(name + "step")
	add(row)
	ADDQ(ldb, row)
	DECQ(steps)
	JNZ(LabelRef(name + "step"))
}

// peakChains is how many independent sums the loop of the peak has: more than two units times the latency, and as many as AVX2 has registers for.
const peakChains = 12

// peak emits a loop of nothing but fused multiply-adds between registers.
func (t *target) peak() {
	args := t.function("peak", fmt.Sprintf("runs k steps of %d independent fused multiply-adds; args points at an arguments.", peakChains))
	acc, x, y := t.vectors(peakChains), t.vector(), t.vector()
	for _, v := range append(acc, x, y) {
		VXORPS(v, v, v)
	}
	steps := GP64()
	MOVQ(field(args, atK), steps)
	Label("step")
	for _, v := range acc {
		VFMADD231PS(x, y, v)
	}
	DECQ(steps)
	JNZ(LabelRef("step"))
	VZEROUPPER()
	RET()
}
