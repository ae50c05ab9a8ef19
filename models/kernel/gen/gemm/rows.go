package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowAddresses are the addresses of rows: a base for each eight rows, and the odd multiples of the distance between rows.
type rowAddresses struct {
	base  []reg.GPVirtual
	times map[int]reg.GPVirtual
}

func newRowAddresses(args reg.GPVirtual, rows int) *rowAddresses {
	r := &rowAddresses{times: map[int]reg.GPVirtual{}}
	for range (rows + 7) / 8 {
		r.base = append(r.base, GP64())
	}
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
	if first != r.base[0] {
		MOVQ(first, r.base[0])
	}
	for i := 1; 8*i < rows; i++ {
		LEAQ(Mem{Base: r.base[i-1], Index: r.times[1], Scale: 8}, r.base[i])
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

// advance moves by so many numbers in each row.
func (r *rowAddresses) advance(rows, numbers int) {
	for i := 0; 8*i < rows; i++ {
		ADDQ(U8(4*numbers), r.base[i])
	}
}

// next moves the first row by so many.
func (r *rowAddresses) next(first reg.GPVirtual, rows int) {
	for range rows / 8 {
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
