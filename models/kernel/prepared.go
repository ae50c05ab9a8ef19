package kernel

import "unsafe"

// A Product is MulPacked of one width, depth and layout, again and again. How it is cut into calls of the assembly is worked out once for a number of rows, which for small
// matrices takes as long as the multiplying. It is not safe for concurrent use.
type Product[F Float] struct {
	ProductShape
	set   *Set[F]
	rows  int // that the calls are for
	calls []preparedCall
}

// A ProductShape is what stays the same from one MulPackedThen to the next.
type ProductShape struct {
	N, K       int  // columns of C, and of A
	Ldc, Lda   int  // elements from row to row
	Start      bool // the sums begin with a row…
	Accumulate bool // …or with C
	Then       Then // what is done with each element at the end
	Ldy        int  // of ThenDReLU's operand: elements from row to row
}

// A preparedCall is one call of the assembly: its arguments, and how far from the beginning of the operands those of them are that change from run to run, in bytes.
type preparedCall struct {
	args              arguments
	width             int // 0: the narrow product
	c, a, b, start, y int
	fromRow           bool // start counts from the row of the start, not from C
}

// usualCalls is how many calls there is room for from the beginning: a small product is one, or as many as it has widths of panels.
const usualCalls = 8

// Product prepares a product.
func (s *Set[F]) Product(shape ProductShape) *Product[F] {
	return &Product[F]{ProductShape: shape, set: s, calls: make([]preparedCall, 0, usualCalls)}
}

// Clone is the same product for another goroutine.
func (p *Product[F]) Clone() *Product[F] { return p.set.Product(p.ProductShape) }

// Run computes C = start + A·B for m rows as MulPacked does, and then does what the shape says. A start and a y (ThenDReLU's operand, which may not overlap with C) are read only
// where the shape has them. Meanwhile it brings what is ahead into the cache (nil: nothing).
func (p *Product[F]) Run(m int, c, a, packed, start, y []F, ahead *Ahead) {
	if p.set.ISA == Generic || p.K == 0 || p.N <= narrowColumns && p.Then != ThenNothing {
		if !p.Start {
			start = nil
		}
		p.set.MulPacked(c, p.Ldc, a, p.Lda, packed, m, p.N, p.K, start, p.Accumulate)
		then(p.Then, c, p.Ldc, y, p.Ldy, m, p.N)
		return
	}
	_, _, _ = c[(m-1)*p.Ldc+p.N-1], a[(m-1)*p.Lda+p.K-1], packed[p.N*p.K-1]
	if p.Start {
		_ = start[p.N-1]
	}
	if p.Then == ThenDReLU {
		_ = y[(m-1)*p.Ldy+p.N-1]
	} else {
		y = c
	}
	if m != p.rows {
		p.cut(m, operands{address(c), address(a), address(packed), address(start), address(y)})
	}
	for i := range p.calls {
		call := &p.calls[i]
		call.args.c, call.args.a, call.args.b = unsafe.Add(address(c), call.c), unsafe.Add(address(a), call.a), unsafe.Add(address(packed), call.b)
		call.args.start, call.args.y, call.args.ahead = unsafe.Add(address(c), call.start), unsafe.Add(address(y), call.y), ahead.list()
		if call.fromRow {
			call.args.start = unsafe.Add(address(start), call.start)
		}
		p.set.ISA.multiply(call.width, &call.args)
	}
}

// operands are where the matrices of a product begin.
type operands struct{ c, a, b, row, y unsafe.Pointer }

// cut works out the calls for m rows.
func (p *Product[F]) cut(m int, q operands) {
	p.rows, p.calls = m, p.calls[:0]
	r := p.product(m, q)
	r.record, r.base = &p.calls, q
	r.multiply(p.set.ISA)
}

// product is the product of m rows, to be run once.
func (s ProductShape) product(m int, q operands) product {
	p := product{
		c: q.c, a: q.a, b: q.b, row: q.row, y: q.c, ldc: 4 * s.Ldc, lda: 4 * s.Lda, ldy: 4 * s.Ldc, m: m, n: s.N, k: s.K,
		start: startZero, then: s.Then,
	}
	switch {
	case s.Accumulate:
		p.start = startC
	case s.Start:
		p.start = startRow
	}
	if s.Then == ThenDReLU { // else an operand that is not read
		p.y, p.ldy = q.y, 4*s.Ldy
	}
	return p
}

// prepare is a call that is to be made later. It keeps no address of an operand, which may be on a stack.
func (p *product) prepare(isa ISA, width int, args *arguments) preparedCall {
	from := func(x, base unsafe.Pointer) int { return int(uintptr(x) - uintptr(base)) }
	q := preparedCall{
		width: width, c: from(args.c, p.base.c), a: from(args.a, p.base.a), b: from(args.b, p.base.b), start: from(args.start, p.base.c), fromRow: args.startStride == 0,
	}
	if q.fromRow {
		q.start = from(args.start, p.base.row)
	}
	masks := isa.masks()
	q.args.sizes = args.sizes
	q.args.startLast, q.args.last = unsafe.Add(masks, from(args.startLast, masks)), unsafe.Add(masks, from(args.last, masks))
	if width > 0 { // what the narrow product does not have
		q.y, q.args.startMask = from(args.y, p.base.y), unsafe.Add(masks, from(args.startMask, masks))
	}
	return q
}
