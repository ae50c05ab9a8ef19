package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A register of the narrow product holds four columns of several rows: a quarter of a register is a row's. Eight registers are a tile.
const narrowHeight = 8

// narrowProduct emits C = start + A·B for at most four columns. Four numbers of each row of A are read at once and spread over the row's columns one after the
// other, so that a register's worth of multiply-adds serves as many rows as it has quarters, where a panel of one register would serve one.
func (t *target) narrowProduct() {
	args := t.function("narrowProduct", "is C = start + A·B for a packed B of at most four columns; args points at an arguments, whose rows are registers of rows.")
	quarters := t.bytes / 16
	l := panelLoop{args: args, left: GP64(), a: GP64(), c: GP64()}
	n := &narrowTile{target: t, panelLoop: l, quarters: quarters, rows: newRowAddresses(args, narrowHeight*quarters)}
	n.rows.base[0] = l.a // there is no register for both
	if t.masks {
		n.startMask, n.last = t.mask(args, atStartLast), t.mask(args, atLast)
	}
	l.run(narrowHeight, func() {}, n.emit, func() {})
}

// A narrowTile is the registers of a tile of the narrow product.
type narrowTile struct {
	*target
	panelLoop
	quarters        int
	rows            *rowAddresses
	startMask, last reg.Register // nil: loaded where they are needed
}

func (n *narrowTile) emit(registers int) {
	name := fmt.Sprintf("tile%d", registers)
	acc := n.vectors(registers)
	start := GP64()
	MOVQ(field(n.args, atPanelStart), start)
	startMask := n.mask(n.startMask, atStartLast)
	for _, v := range acc {
		VXORPS(v, v, v)
		for q := range n.quarters {
			x := XMM()
			n.load(Mem{Base: start}, startMask, x)
			n.insert(q, x, v)
			ADDQ(field(n.args, atStartStride), start)
		}
	}
	MOVQ(start, field(n.args, atPanelStart))

	rows := registers * n.quarters
	b, steps := GP64(), GP64()
	n.rows.begin(n.a, rows)
	MOVQ(field(n.args, atPanelB), b)
	MOVQ(field(n.args, atK), steps)
	SUBQ(U8(4), steps)
	JLT(LabelRef(name + "rest"))
	Label(name + "four")
	n.four(acc, b)
	n.rows.advance(rows, 4)
	SUBQ(U8(4), steps)
	JGE(LabelRef(name + "four"))
	Label(name + "rest")
	ADDQ(U8(4), steps)
	JZ(LabelRef(name + "summed"))
	Label(name + "one")
	n.one(acc, b)
	n.rows.advance(rows, 1)
	DECQ(steps)
	JNZ(LabelRef(name + "one"))
	Label(name + "summed")

	last := n.mask(n.last, atLast)
	for _, v := range acc {
		for q := range n.quarters {
			x := XMM()
			n.extract(q, v, x)
			n.store(x, last, Mem{Base: n.c})
			ADDQ(field(n.args, atLdc), n.c)
		}
	}
	MOVQ(field(n.args, atK), steps) // back to the beginning of the row
	NEGQ(steps)
	LEAQ(Mem{Base: n.a, Index: steps, Scale: 4}, n.a)
	n.rows.next(n.a, rows)
}

// mask is a mask of a quarter's columns, loaded unless it has a register of its own.
func (n *narrowTile) mask(loaded reg.Register, offset int) reg.Register {
	if loaded != nil {
		return loaded
	}
	at, m := GP64(), XMM()
	MOVQ(field(n.args, offset), at)
	VMOVUPS(Mem{Base: at}, m)
	return m
}

// four emits four steps of the inner dimension.
func (n *narrowTile) four(acc []reg.VecVirtual, b reg.GPVirtual) {
	columns := n.vectors(4)
	for s, v := range columns {
		n.broadcast(Mem{Base: b, Disp: s * n.bytes}, v)
	}
	for i, sum := range acc {
		x := n.vector()
		n.broadcast(n.rows.row(i*n.quarters), x)
		for q := 1; q < n.quarters; q++ {
			n.insert(q, n.rows.row(i*n.quarters+q), x)
		}
		for s, column := range columns {
			spread := n.vector()
			VPERMILPS(U8(s*0x55), x, spread)
			VFMADD231PS(column, spread, sum)
		}
	}
	ADDQ(U32(4*n.bytes), b)
}

// one emits one step of the inner dimension, and reads no number beyond it.
func (n *narrowTile) one(acc []reg.VecVirtual, b reg.GPVirtual) {
	column := n.vector()
	n.broadcast(Mem{Base: b}, column)
	for i, sum := range acc {
		x := n.vector()
		VBROADCASTSS(n.rows.row(i*n.quarters), x)
		for q := 1; q < n.quarters; q++ {
			y := XMM()
			VBROADCASTSS(n.rows.row(i*n.quarters+q), y)
			n.insert(q, y, x)
		}
		VFMADD231PS(column, x, sum)
	}
	ADDQ(U32(n.bytes), b)
}

// insert fills a quarter of a register.
func (n *narrowTile) insert(quarter int, from Op, to reg.VecVirtual) {
	if n.bytes == 64 {
		VINSERTF32X4(U8(quarter), from, to, to)
	} else {
		VINSERTF128(U8(quarter), from, to, to)
	}
}

func (n *narrowTile) extract(quarter int, from, to reg.VecVirtual) {
	if n.bytes == 64 {
		VEXTRACTF32X4(U8(quarter), from, to)
	} else {
		VEXTRACTF128(U8(quarter), from, to)
	}
}

// broadcast reads four numbers into each quarter.
func (n *narrowTile) broadcast(from Mem, to reg.VecVirtual) {
	if n.bytes == 64 {
		VBROADCASTF32X4(from, to)
	} else {
		VBROADCASTF128(from, to)
	}
}
