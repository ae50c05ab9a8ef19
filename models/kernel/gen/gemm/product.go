package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// product emits C = start + A·B for panels of one width: B is packed, and a tile's rows of A are read a number at a time.
func (t *target) product(width int) {
	args := t.function(fmt.Sprintf("product%d", width), fmt.Sprintf("is C = start + A·B for packed panels of %d registers; args points at an arguments.", width))
	l := panelLoop{args: args, left: GP64(), a: GP64(), c: GP64()}
	p := &productTile{target: t, panelLoop: l, width: width, b: GP64(), start: GP64(), rows: newRowAddresses(args, t.heights[width-1])}
	if t.masks {
		p.startMask, p.startLast, p.last = t.mask(args, atStartMask), t.mask(args, atStartLast), t.mask(args, atLast)
	}
	l.run(t.heights[width-1], func() {
		MOVQ(field(args, atPanelStart), p.start)
	}, p.emit, func() {
		stride := GP64()
		MOVQ(field(args, atPanelStride), stride)
		ADDQ(stride, field(args, atPanelB))
		ADDQ(U32(width*t.bytes), field(args, atPanelC))
		ADDQ(U32(width*t.bytes), field(args, atPanelStart))
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
	p.rows.advance(rows)
	DECQ(steps)
	JNZ(LabelRef(name + "step"))

	p.storeTile(p.panelLoop, acc, p.last, name)
	p.rows.next(p.a, rows)
}

// rowAddresses are the addresses of up to 16 rows: two bases of eight rows, and the odd multiples of the distance between rows.
type rowAddresses struct {
	base  [2]reg.GPVirtual
	times map[int]reg.GPVirtual
}

func newRowAddresses(args reg.GPVirtual, rows int) *rowAddresses {
	r := &rowAddresses{base: [2]reg.GPVirtual{GP64(), GP64()}, times: map[int]reg.GPVirtual{}}
	one := GP64()
	r.times[1] = one
	MOVQ(field(args, atLda), one)
	for _, odd := range []int{3, 5, 7} {
		if odd < rows {
			v := GP64()
			if odd == 7 {
				LEAQ(Mem{Base: r.times[3], Index: one, Scale: 4}, v)
			} else {
				LEAQ(Mem{Base: one, Index: one, Scale: uint8(odd - 1)}, v)
			}
			r.times[odd] = v
		}
	}
	return r
}

// begin sets the bases to the first number of a tile's rows.
func (r *rowAddresses) begin(first reg.GPVirtual, rows int) {
	MOVQ(first, r.base[0])
	if rows > 8 {
		LEAQ(Mem{Base: first, Index: r.times[1], Scale: 8}, r.base[1])
	}
}

// row is the current number of row i.
func (r *rowAddresses) row(i int) Mem {
	base := r.base[i/8]
	switch n := i % 8; n {
	case 0:
		return Mem{Base: base}
	case 6:
		return Mem{Base: base, Index: r.times[3], Scale: 2}
	case 2, 4:
		return Mem{Base: base, Index: r.times[1], Scale: uint8(n)}
	default:
		return Mem{Base: base, Index: r.times[n], Scale: 1}
	}
}

// advance moves to the next number of each row.
func (r *rowAddresses) advance(rows int) {
	ADDQ(U8(4), r.base[0])
	if rows > 8 {
		ADDQ(U8(4), r.base[1])
	}
}

// next moves the first row by so many.
func (r *rowAddresses) next(first reg.GPVirtual, rows int) {
	if rows >= 8 {
		LEAQ(Mem{Base: first, Index: r.times[1], Scale: 8}, first)
	}
	switch n := rows % 8; n {
	case 0:
	case 6:
		LEAQ(Mem{Base: first, Index: r.times[3], Scale: 2}, first)
	case 2, 4:
		LEAQ(Mem{Base: first, Index: r.times[1], Scale: uint8(n)}, first)
	default:
		ADDQ(r.times[n], first)
	}
}
