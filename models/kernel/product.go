package kernel

import "unsafe"

// The assembly runs at most so many multiply-adds in one call, and over so many rows: it cannot be interrupted, and the garbage collector would wait for it.
const (
	callWork = 4 << 20
	callRows = 240
)

// panelBytes is how much of a panel is read at once by all tiles of rows: it stays in the first-level cache.
const panelBytes = 32 << 10

// rowsAtOnce is how many rows of B a transposed product reads before the next tile reads them again.
const rowsAtOnce = 256

// What the elements of a product begin with.
const (
	startZero = iota
	startC
	startRow
)

// A product is MulPacked in float32, with distances in bytes.
type product struct {
	c, a, b, row unsafe.Pointer
	ldc, lda     int
	m, n, k      int
	start        int
}

// run cuts a product into calls of the assembly: blocks of the inner dimension outermost, of which all but the first begin with C.
func (p *product) run(isa ISA) {
	runs := isa.panels(p.n)
	lanes := isa.lanes()
	heights := isa.heights()
	registers := 0
	for _, run := range runs {
		if run.count > 0 {
			p.runPanels(isa, run, registers*lanes*4, registers*lanes*4*p.k, heights[run.width])
			registers += run.width * run.count
		}
	}
}

// runPanels computes the panels of a run, whose columns begin so many bytes into C's rows and so many into the packed operand.
func (p *product) runPanels(isa ISA, run panelRun, column, packed, height int) {
	rowBytes := run.width * isa.lanes() * 4
	args := arguments{
		ldc: p.ldc, lda: p.lda, panelStride: rowBytes * p.k,
		startMask: isa.mask(isa.lanes()), startLast: isa.mask(run.last), last: isa.mask(run.last),
	}
	if run.last < isa.lanes() {
		args.ragged = 1
	}
	blocks := (rowBytes*p.k + panelBytes - 1) / panelBytes
	depth := (p.k + blocks - 1) / blocks
	for from := 0; from < p.k; from += depth {
		args.k = min(depth, p.k-from)
		for i := 0; i < p.m; i += callRows {
			rows := min(callRows, p.m-i)
			args.cut(rows, height)
			args.a = unsafe.Add(p.a, i*p.lda+from*4)
			atOnce := max(1, callWork*4/(rows*rowBytes*args.k))
			for first := 0; first < run.count; first += atOnce {
				args.panels = min(atOnce, run.count-first)
				args.b = unsafe.Add(p.b, packed+first*args.panelStride+from*rowBytes)
				args.c = unsafe.Add(p.c, i*p.ldc+column+first*rowBytes)
				p.begin(&args, isa, column+first*rowBytes, from > 0)
				isa.product(run.width, &args)
			}
		}
	}
}

// begin says what the tiles begin with. To begin with zero is to read with a mask of nothing.
func (p *product) begin(args *arguments, isa ISA, column int, resumed bool) {
	switch {
	case resumed || p.start == startC:
		args.start, args.startStride = args.c, p.ldc
		args.startMask, args.startLast = isa.mask(isa.lanes()), args.last
	case p.start == startRow:
		args.start, args.startStride = unsafe.Add(p.row, column), 0
	default:
		args.start, args.startStride = args.c, p.ldc
		args.startMask, args.startLast = isa.mask(0), isa.mask(0)
	}
}

// A transposedProduct is MulTN in float32, with distances in bytes.
type transposedProduct struct {
	c, a, b       unsafe.Pointer
	ldc, lda, ldb int
	m, n, k       int
}

// run cuts a product into calls of the assembly.
func (p *transposedProduct) run(isa ISA) {
	lanes := isa.lanes()
	heights := isa.heights()
	for from := 0; from < p.k; from += rowsAtOnce {
		args := arguments{ldc: p.ldc, lda: p.lda, ldb: p.ldb, k: min(rowsAtOnce, p.k-from)}
		column := 0
		for _, run := range isa.panels(p.n) {
			if run.count == 0 {
				continue
			}
			rowBytes := run.width * lanes * 4
			args.last, args.ragged = isa.mask(run.last), 0
			if run.last < lanes {
				args.ragged = 1
			}
			for i := 0; i < p.m; i += callRows {
				rows := min(callRows, p.m-i)
				args.cut(rows, heights[run.width])
				args.a = unsafe.Add(p.a, from*p.lda+i*4)
				atOnce := max(1, callWork*4/(rows*rowBytes*args.k))
				for first := 0; first < run.count; first += atOnce {
					args.panels = min(atOnce, run.count-first)
					args.b = unsafe.Add(p.b, from*p.ldb+column+first*rowBytes)
					args.c = unsafe.Add(p.c, i*p.ldc+column+first*rowBytes)
					isa.transposed(run.width, &args)
				}
			}
			column += run.count * rowBytes
		}
	}
}
