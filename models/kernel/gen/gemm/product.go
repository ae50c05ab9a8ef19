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

	steps := GP64()
	p.rows.begin(p.a, rows)
	MOVQ(field(p.args, atPanelB), p.b)
	MOVQ(field(p.args, atK), steps)
	Label(name + "step")
	b := p.vectors(p.width)
	for w := range b {
		VMOVUPS(Mem{Base: p.b, Disp: w * p.bytes}, b[w])
	}
	p.step(acc, b, p.rows.row)
	ADDQ(U32(p.width*p.bytes), p.b)
	p.rows.advance(rows, 1)
	DECQ(steps)
	JNZ(LabelRef(name + "step"))

	p.then(acc, name)
	p.storeTile(p.panelLoop, acc, p.last, name)
	p.rows.next(p.a, rows)
}
