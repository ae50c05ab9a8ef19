package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowChains is how many registers of a row are summed at once: as many independent chains as hide an addition's latency.
const rowChains = 8

// addRows emits c += each of k rows of b: panels of eight registers, and then one of what is left, whose last register is masked.
func (t *target) addRows() {
	args := t.function("addRows", "adds k rows of b to the row c, whose registers are counted in panels; args points at an arguments.")
	r := rowSums{target: t, args: args, c: GP64(), b: GP64(), ldb: GP64()}
	left := GP64()
	MOVQ(field(args, atC), r.c)
	MOVQ(field(args, atB), r.b)
	MOVQ(field(args, atLdb), r.ldb)
	MOVQ(field(args, atPanels), left)
	last := t.mask(args, atLast)
	Label("panel")
	CMPQ(left, U8(rowChains))
	JLE(LabelRef("last"))
	r.panel(rowChains, nil, "whole")
	ADDQ(U32(rowChains*t.bytes), r.c)
	ADDQ(U32(rowChains*t.bytes), r.b)
	SUBQ(U8(rowChains), left)
	JMP(LabelRef("panel"))
	Label("last")
	dispatch(left, 1, rowChains)
	for width := 1; width <= rowChains; width++ {
		name := fmt.Sprintf("tile%d", width)
		Label(name)
		r.panel(width, last, name)
		JMP(LabelRef("end"))
	}
	Label("end")
	VZEROUPPER()
	RET()
}

// A rowSums is where addRows is.
type rowSums struct {
	*target
	args, c, b, ldb reg.GPVirtual
}

// panel sums so many registers of each row; the last one is masked unless the mask is nil.
func (r *rowSums) panel(width int, last reg.Register, name string) {
	acc := r.vectors(width)
	for w, v := range acc {
		r.load(Mem{Base: r.c, Disp: w * r.bytes}, onlyLast(last, w, width), v)
	}
	row, steps := GP64(), GP64()
	MOVQ(r.b, row)
	MOVQ(field(r.args, atK), steps)
	Label(name + "step")
	for w, v := range acc {
		from := Mem{Base: row, Disp: w * r.bytes}
		if mask := onlyLast(last, w, width); mask == nil {
			VADDPS(from, v, v)
		} else {
			x := r.vector()
			r.load(from, mask, x)
			VADDPS(x, v, v)
		}
	}
	ADDQ(r.ldb, row)
	DECQ(steps)
	JNZ(LabelRef(name + "step"))
	for w, v := range acc {
		r.store(v, onlyLast(last, w, width), Mem{Base: r.c, Disp: w * r.bytes})
	}
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
