package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transposedProduct emits C += Aᵀ·B for panels of one width. Both operands are read row by row: a tile's numbers of A lie side by side.
func (t *target) transposedProduct(width int) {
	args := t.function(fmt.Sprintf("transposed%d", width), fmt.Sprintf("is C += Aᵀ·B for panels of %d registers; args points at an arguments.", width))
	l := panelLoop{args: args, left: GP64(), a: GP64(), c: GP64()}
	p := &transposedTile{target: t, panelLoop: l, width: width, lda: GP64(), ldb: GP64()}
	MOVQ(field(args, atLda), p.lda)
	MOVQ(field(args, atLdb), p.ldb)
	if t.masks {
		p.last = t.mask(args, atLast)
	}
	l.run(t.heights[width-1], func() {}, p.emit, func() {
		ADDQ(U32(width*t.bytes), field(args, atPanelB))
		ADDQ(U32(width*t.bytes), field(args, atPanelC))
	})
}

// A transposedTile is the registers of a tile of the product with a transposed left operand.
type transposedTile struct {
	*target
	panelLoop
	width    int
	lda, ldb reg.GPVirtual
	last     reg.Register // nil: loaded where it is needed
}

func (p *transposedTile) emit(rows int) {
	name := fmt.Sprintf("tile%d", rows)
	acc := p.accumulators(rows, p.width)
	from := GP64()
	MOVQ(p.c, from)
	last := p.last
	if last == nil {
		last = p.mask(p.args, atLast)
	}
	for _, row := range acc {
		for w, v := range row {
			p.loadColumn(Mem{Base: from, Disp: w * p.bytes}, w, last, v)
		}
		ADDQ(field(p.args, atLdc), from)
	}

	if p.masks {
		p.steps(acc, name+"step", func(from Mem, w int, to reg.VecVirtual) { p.loadColumn(from, w, p.last, to) })
	} else {
		CMPQ(field(p.args, atRagged), U8(0))
		JNE(LabelRef(name + "raggedstep"))
		p.steps(acc, name+"step", func(from Mem, _ int, to reg.VecVirtual) { VMOVUPS(from, to) })
		JMP(LabelRef(name + "summed"))
		// No register is left for the mask: it is loaded into the register that it is to fill.
		address := GP64()
		Label(name + "raggedstep")
		MOVQ(field(p.args, atLast), address)
		p.steps(acc, name+"raggedsteps", func(from Mem, w int, to reg.VecVirtual) {
			if w == p.width-1 {
				VMOVUPS(Mem{Base: address}, to)
			}
			p.loadColumn(from, w, to, to)
		})
		Label(name + "summed")
	}

	p.storeTile(p.panelLoop, acc, p.last, name)
	ADDQ(U8(4*rows), p.a)
}

// loadColumn reads register w of a row, the last one by its mask.
func (p *transposedTile) loadColumn(from Mem, w int, last reg.Register, to reg.VecVirtual) {
	p.load(from, onlyLast(last, w, p.width), to)
}

func (p *transposedTile) steps(acc [][]reg.VecVirtual, label string, load func(from Mem, w int, to reg.VecVirtual)) {
	a, b, steps := GP64(), GP64(), GP64()
	MOVQ(p.a, a)
	MOVQ(field(p.args, atPanelB), b)
	MOVQ(field(p.args, atK), steps)
	Label(label)
	row := p.vectors(p.width)
	for w, v := range row {
		load(Mem{Base: b, Disp: w * p.bytes}, w, v)
	}
	p.step(acc, row, func(i int) Mem { return Mem{Base: a, Disp: 4 * i} })
	ADDQ(p.lda, a)
	ADDQ(p.ldb, b)
	DECQ(steps)
	JNZ(LabelRef(label))
}
