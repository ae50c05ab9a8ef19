package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A panelLoop is what the two forms of the product share: for each panel, the first tiles and then those of one row less.
type panelLoop struct {
	args reg.GPVirtual
	left reg.GPVirtual // tiles of this height
	a, c reg.GPVirtual // the tile's first row of A (or, for a transposed A, column) and of C
}

func field(args reg.GPVirtual, offset int) Mem { return Mem{Base: args, Disp: offset} }

// run emits the loops. Begin is what a panel begins with, tile a tile with its number of rows (it leaves a and c at the next tile), and end what moves on to the next panel.
func (l panelLoop) run(heights int, begin func(), tile func(rows int), end func()) {
	rows := GP64()
	for _, copied := range [][2]int{{atPanels, atPanelsLeft}, {atC, atPanelC}, {atB, atPanelB}, {atStart, atPanelStart}, {atY, atPanelY}} {
		MOVQ(field(l.args, copied[0]), rows)
		MOVQ(rows, field(l.args, copied[1]))
	}
	Label("panel")
	MOVQ(field(l.args, atA), l.a)
	MOVQ(field(l.args, atPanelC), l.c)
	begin()
	MOVQ(field(l.args, atLowTiles), l.left)
	MOVQ(l.left, field(l.args, atPending))
	MOVQ(field(l.args, atTiles), l.left)
	MOVQ(field(l.args, atRows), rows)
	dispatch(rows, 1, heights)
	for height := 1; height <= heights; height++ {
		Label(fmt.Sprintf("tile%d", height))
		tile(height)
		DECQ(l.left)
		JNZ(LabelRef(fmt.Sprintf("tile%d", height)))
		if height == 1 {
			JMP(LabelRef("next")) // there is no lower tile
			continue
		}
		MOVQ(field(l.args, atPending), l.left)
		MOVQ(U32(0), field(l.args, atPending))
		TESTQ(l.left, l.left)
		JNZ(LabelRef(fmt.Sprintf("tile%d", height-1)))
		JMP(LabelRef("next"))
	}
	Label("next")
	end()
	DECQ(field(l.args, atPanelsLeft))
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// dispatch jumps to the tile of so many rows, from low to high, by halving.
func dispatch(rows reg.GPVirtual, low, high int) {
	if low == high {
		JMP(LabelRef(fmt.Sprintf("tile%d", low)))
		return
	}
	middle := (low + high + 1) / 2
	upper := fmt.Sprintf("rows%dto%d", middle, high)
	CMPQ(rows, U8(middle))
	JGE(LabelRef(upper))
	dispatch(rows, low, middle-1)
	Label(upper)
	dispatch(rows, middle, high)
}

// accumulators are a tile's elements: rows of registers.
func (t *target) accumulators(rows, width int) [][]reg.VecVirtual {
	acc := make([][]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = t.vectors(width)
	}
	return acc
}

// step emits acc += a·b for one index of the inner dimension: b is a row of registers, a(i) the number in memory for a tile's row i.
func (t *target) step(acc [][]reg.VecVirtual, b []reg.VecVirtual, a func(row int) Mem) {
	for i, row := range acc {
		x := t.vector()
		VBROADCASTSS(a(i), x)
		for w := range row {
			VFMADD231PS(b[w], x, row[w])
		}
	}
}

// storeTile writes a tile to C, whose rows are the arguments' distance apart, and leaves c at the row after it.
func (t *target) storeTile(l panelLoop, acc [][]reg.VecVirtual, last reg.Register, name string) {
	ragged, done := name+"ragged", name+"stored"
	CMPQ(field(l.args, atRagged), U8(0))
	JNE(LabelRef(ragged))
	t.storeRows(l, acc, nil)
	JMP(LabelRef(done))
	Label(ragged)
	if last == nil {
		last = t.mask(l.args, atLast)
	}
	t.storeRows(l, acc, last)
	Label(done)
}

func (t *target) storeRows(l panelLoop, acc [][]reg.VecVirtual, last reg.Register) {
	for _, row := range acc {
		for w, v := range row {
			t.store(v, onlyLast(last, w, len(row)), Mem{Base: l.c, Disp: w * t.bytes})
		}
		ADDQ(field(l.args, atLdc), l.c)
	}
}
