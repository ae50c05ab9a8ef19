package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// product emits C = start + A·B for panels of one width, and what then is to be done with it: B is packed, and a tile's rows of A are read a number at a time.
func (t *target) product(width int) {
	args := t.function(fmt.Sprintf("product%d", width), fmt.Sprintf("is C = start + A·B for packed panels of %d registers; args points at an arguments.", width))
	l := panelLoop{args: args, left: GP64(), a: GP64(), c: GP64()}
	p := &productTile{target: t, panelLoop: l, width: width, b: GP64(), start: GP64(), rows: newRowAddresses(args, t.heights[width-1])}
	if t.masks {
		p.startMask, p.startLast, p.last = t.mask(args, atStartMask), t.mask(args, atStartLast), t.mask(args, atLast)
	}
	l.run(t.heights[width-1], func() {
		MOVQ(field(args, atPanelStart), p.start)
		y := GP64()
		MOVQ(field(args, atPanelY), y)
		MOVQ(y, field(args, atTileY))
	}, p.emit, func() {
		stride := GP64()
		MOVQ(field(args, atPanelStride), stride)
		ADDQ(stride, field(args, atPanelB))
		ADDQ(U32(width*t.bytes), field(args, atPanelC))
		ADDQ(U32(width*t.bytes), field(args, atPanelStart))
		ADDQ(U32(width*t.bytes), field(args, atPanelY))
	})
}

// A productTile is the registers of a tile of the product.
type productTile struct {
	*target
	panelLoop
	width                      int
	b, start                   reg.GPVirtual
	rows                       *rowAddresses
	startMask, startLast, last reg.Register // nil: loaded where they are needed
}

func (p *productTile) emit(rows int) {
	name := fmt.Sprintf("tile%d", rows)
	acc := p.accumulators(rows, p.width)
	startMask, startLast := p.startMask, p.startLast
	if startMask == nil {
		startMask, startLast = p.mask(p.args, atStartMask), p.mask(p.args, atStartLast)
	}
	for _, row := range acc {
		for w, v := range row {
			m := startMask
			if w == len(row)-1 {
				m = startLast
			}
			p.load(Mem{Base: p.start, Disp: w * p.bytes}, m, v)
		}
		ADDQ(field(p.args, atStartStride), p.start)
	}

	p.rows.begin(p.a, rows)
	MOVQ(field(p.args, atPanelB), p.b)
	p.ahead(acc, name)
	steps := GP64()
	MOVQ(field(p.args, atTileLeft), steps)
	p.steps(acc, steps, name+"step", func() {})
	Label(name + "summed")

	p.then(acc, name)
	p.storeTile(p.panelLoop, acc, p.last, name)
	p.rows.next(p.a, rows)
}

// ahead emits as many steps as there are lines to be brought into the second-level cache. It goes to the end of the sums if that was all, else it leaves in the arguments how many
// steps are left. There are only three registers for it.
func (p *productTile) ahead(acc [][]reg.VecVirtual, name string) {
	part, lines, from := GP64(), GP64(), GP64()
	MOVQ(field(p.args, atK), lines)
	MOVQ(lines, field(p.args, atTileLeft))
	Label(name + "part")
	MOVQ(field(p.args, atAhead), part)
	MOVQ(Mem{Base: part}, part)
	MOVQ(field(p.args, atTileLeft), lines)
	CMPQ(lines, Mem{Base: part, Disp: atLines})
	CMOVQGT(Mem{Base: part, Disp: atLines}, lines)
	TESTQ(lines, lines)
	JZ(LabelRef(name + "rest"))
	SUBQ(lines, field(p.args, atTileLeft))
	MOVQ(Mem{Base: part, Disp: atFrom}, from)
	SHLQ(U8(lineShift), lines)
	ADDQ(lines, Mem{Base: part, Disp: atFrom})
	SHRQ(U8(lineShift), lines)
	SUBQ(lines, Mem{Base: part, Disp: atLines})
	JNZ(LabelRef(name + "ahead"))
	MOVQ(field(p.args, atAhead), part)
	ADDQ(U8(partSize), Mem{Base: part})
	p.steps(acc, lines, name+"ahead", func() {
		PREFETCHT1(Mem{Base: from})
		ADDQ(U8(1<<lineShift), from)
	})
	CMPQ(field(p.args, atTileLeft), U8(0))
	JNE(LabelRef(name + "part"))
	JMP(LabelRef(name + "summed"))
	Label(name + "rest")
}

// steps emits a loop along the inner dimension, in which meanwhile happens as well.
func (p *productTile) steps(acc [][]reg.VecVirtual, count reg.GPVirtual, label string, meanwhile func()) {
	Label(label)
	b := p.vectors(p.width)
	for w := range b {
		VMOVUPS(Mem{Base: p.b, Disp: w * p.bytes}, b[w])
	}
	meanwhile()
	p.step(acc, b, p.rows.row)
	ADDQ(U32(p.width*p.bytes), p.b)
	p.rows.advance(len(acc), 1)
	DECQ(count)
	JNZ(LabelRef(label))
}
