package kernel

import "unsafe"

// narrowColumns is the widest right operand that has a product of its own: four columns fill a quarter of a register.
const narrowColumns = 4

// narrowHeight is how many registers of rows a tile of the narrow product has at most; the generator has the same number.
const narrowHeight = 8

// narrow computes the rows of a product of at most four columns that fill registers, four rows in each (AVX2: two), and says how many these are.
func (p *product) narrow(isa ISA) (rows int) {
	quarters := isa.lanes() / 4
	args := arguments{
		a: p.a, b: p.b, c: p.c, start: p.c, startLast: isa.mask(p.n), last: isa.mask(p.n),
		sizes: sizes{ldc: p.ldc, lda: p.lda, startStride: p.ldc, k: p.k, panels: 1},
	}
	switch p.start {
	case startRow:
		args.start, args.startStride = p.row, 0
	case startZero:
		args.startLast = isa.mask(0)
	}
	for registers := p.m / quarters; registers > 0; {
		block := min(registers, callRows/quarters)
		args.cut(block, narrowHeight)
		p.do(isa, 0, &args)
		rows += block * quarters
		if registers -= block; registers > 0 {
			args.a = unsafe.Add(args.a, block*quarters*p.lda)
			args.c = unsafe.Add(args.c, block*quarters*p.ldc)
			args.start = unsafe.Add(args.start, block*quarters*args.startStride)
		}
	}
	return rows
}

// The largest part of C that is computed the other way round at once.
const (
	turnedRows    = 64
	turnedColumns = 8
)

// turned computes C += Aᵀ·B of few columns as Cᵀ += Bᵀ·A: C's few columns would leave most of a register empty, its rows fill some.
// The chains are the same.
func (p *product) turned(isa ISA) {
	distance := p.ldc / 4
	var buffer [turnedColumns * turnedRows]float32
	for i := 0; i < p.m; i += turnedRows {
		rows := min(turnedRows, p.m-i)
		block := unsafe.Slice((*float32)(unsafe.Add(p.c, i*p.ldc)), (rows-1)*distance+p.n)
		for j := range p.n {
			column, at := buffer[j*turnedRows:][:rows], j
			for l := range column {
				column[l] = block[at]
				at += distance
			}
		}
		q := product{
			c: unsafe.Pointer(&buffer), a: p.b, b: unsafe.Add(p.a, i*4), ldc: turnedRows * 4, lda: p.ldb, ldb: p.lda,
			m: p.n, n: rows, k: p.k, start: startC, transposed: true,
		}
		q.run(isa)
		for j := range p.n {
			at := j
			for _, v := range buffer[j*turnedRows:][:rows] {
				block[at] = v
				at += distance
			}
		}
	}
}
