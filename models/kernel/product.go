package kernel

import "unsafe"

// The assembly runs at most so many multiply-adds in one call, and over so many rows: it cannot be interrupted, and the garbage collector would wait for it.
const (
	callWork = 4 << 20
	callRows = 240
)

// panelBytes is how much of a panel of B all tiles of rows read before they come to the next part: it stays in a first-level cache of 32 KiB.
const panelBytes = 24 << 10

// What the elements of a product begin with.
const (
	startZero = iota
	startC
	startRow
)

// A product is MulPacked or MulTN in float32: C and A·B or Aᵀ·B, cut into what the assembly does in one call. All distances are in bytes.
type product struct {
	c, a, b, row unsafe.Pointer
	ldc, lda     int
	ldb          int // where A is transposed; a packed B has none
	m, n, k      int
	start        int
	transposed   bool // A
	then         Then
	y            unsafe.Pointer
	ldy          int

	record *[]preparedCall // nil: calls are made; else they are put here, with distances from the base
	base   operands
}

// multiply computes a product whose A is not transposed.
func (p *product) multiply(isa ISA) {
	if p.n <= narrowColumns {
		rows := p.narrow(isa)
		if p.m -= rows; p.m == 0 {
			return
		}
		p.c, p.a = unsafe.Add(p.c, rows*p.ldc), unsafe.Add(p.a, rows*p.lda)
	}
	p.run(isa)
}

// do makes a call of the assembly, or puts it down; width 0 is the narrow product.
func (p *product) do(isa ISA, width int, args *arguments) {
	switch {
	case p.record != nil:
		*p.record = append(*p.record, p.prepare(isa, width, args))
	case p.transposed:
		isa.multiplyTransposed(width, args)
	default:
		args.ahead = unsafe.Pointer(nothingAhead)
		isa.multiply(width, args)
	}
}

// run computes panels of columns, one width after the other.
func (p *product) run(isa ISA) {
	for column := 0; column < p.n; {
		panels := isa.panels(p.n - column)
		p.panels(isa, panels, column)
		column += panels.columns
	}
}

// arguments are what the assembly needs for panels of one width that begin at a column.
func (p *product) arguments(isa ISA, panels panels, column int) arguments {
	lanes := isa.lanes()
	args := arguments{c: unsafe.Add(p.c, column*4), last: isa.mask(panels.last)}
	args.ldc, args.lda, args.startStride = p.ldc, p.lda, p.ldc
	if panels.last < lanes {
		args.ragged = 1
	}
	args.ldb = panels.width * lanes * 4
	if p.transposed {
		args.b, args.panelStride, args.ldb = unsafe.Add(p.b, column*4), args.ldb, p.ldb
	} else {
		args.b, args.panelStride = unsafe.Add(p.b, column*4*p.k), args.ldb*p.k // all panels before these are full
	}
	args.start, args.startMask, args.startLast = args.c, isa.mask(lanes), args.last
	switch p.start {
	case startRow:
		args.start, args.startStride = unsafe.Add(p.row, column*4), 0
	case startZero: // what is read under a mask of nothing
		args.startMask, args.startLast = isa.mask(0), isa.mask(0)
	}
	return args
}

// panels computes panels of one width in blocks of the inner dimension, of which all but the first begin with C, and in these by blocks of rows.
func (p *product) panels(isa ISA, panels panels, column int) {
	depth := p.k
	if bytes := panels.width * isa.lanes() * 4 * p.k; bytes > panelBytes {
		blocks := (bytes + panelBytes - 1) / panelBytes
		depth = (p.k + blocks - 1) / blocks
	}
	nextRow, nextStep := p.lda, 4 // in A
	if p.transposed {
		nextRow, nextStep = 4, p.lda
	}
	args := p.arguments(isa, panels, column)
	for from := 0; from < p.k; from += depth {
		args.k = min(depth, p.k-from)
		if from+depth >= p.k && !p.transposed {
			args.then, args.y, args.ldy = p.then, unsafe.Add(p.y, column*4), p.ldy
		}
		if from > 0 {
			args.b = unsafe.Add(args.b, depth*args.ldb)
			args.start, args.startStride, args.startMask, args.startLast = args.c, p.ldc, isa.mask(isa.lanes()), args.last
		}
		args.a = unsafe.Add(p.a, from*nextStep)
		if p.m <= callRows {
			p.call(isa, panels, &args, p.m)
			continue
		}
		block := args
		for i := 0; i < p.m; i += callRows {
			p.call(isa, panels, &block, min(callRows, p.m-i))
			if i+callRows < p.m {
				block.a = unsafe.Add(block.a, callRows*nextRow)
				block.c = unsafe.Add(block.c, callRows*p.ldc)
				block.start = unsafe.Add(block.start, callRows*block.startStride)
				if block.y != nil {
					block.y = unsafe.Add(block.y, callRows*block.ldy)
				}
			}
		}
	}
}

// call computes so many rows of panels: in one call of the assembly unless that takes too long.
func (p *product) call(isa ISA, panels panels, args *arguments, rows int) {
	args.cut(rows, isa.height(panels.width))
	args.panels = panels.count
	width := panels.width * isa.lanes()
	work := rows * args.k * width
	if work*panels.count <= callWork {
		p.do(isa, panels.width, args)
		return
	}
	part := *args
	part.panels = max(1, callWork/work)
	for left := panels.count; ; {
		p.do(isa, panels.width, &part)
		if left -= part.panels; left == 0 {
			return
		}
		part.b = unsafe.Add(part.b, part.panels*part.panelStride)
		part.c = unsafe.Add(part.c, part.panels*width*4)
		part.start = unsafe.Add(part.start, part.panels*width*4)
		if part.y != nil {
			part.y = unsafe.Add(part.y, part.panels*width*4)
		}
		part.panels = min(part.panels, left)
	}
}
