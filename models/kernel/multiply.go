package kernel

import "unsafe"

// PackedSize is the number of elements that Pack writes for a right operand of k×n.
func (s *Set[F]) PackedSize(k, n int) int {
	if s.ISA == Generic {
		return k * n
	}
	lanes := s.ISA.lanes()
	return k * ((n + lanes - 1) &^ (lanes - 1))
}

// Pack writes the right operand op(B), k×n, in the order in which MulPacked reads it: once for many products. Transposed means that b holds n×k.
// Both are row-major, with ldb elements from row to row. It is fastest to read where dst begins at a multiple of 64 bytes (see Aligned).
func (s *Set[F]) Pack(dst, b []F, k, n, ldb int, transposed bool) {
	if s.ISA == Generic {
		packPanel(dst, b, k, n, ldb, n, transposed)
		return
	}
	for column := 0; column < n; {
		p := s.ISA.panels(n - column)
		width := p.width * s.ISA.lanes()
		for range p.count {
			from := b[column:]
			if transposed {
				from = b[column*ldb:]
			}
			columns := min(width, n-column)
			packPanel(dst[:k*width], from, k, columns, ldb, width, transposed)
			dst = dst[k*width:]
			column += columns
		}
	}
}

// MulPacked computes C = start + A·B for A m×k (lda elements from row to row), B k×n as Pack left it, and C m×n (ldc); m, n ≥ 1, k ≥ 0.
//
// Each element is one chain of fused multiply-adds over the inner dimension, ascending, each rounded once. It begins with the element of C itself (accumulate),
// else with start[j] (n elements: a bias), else with 0 (start is nil). Elements of C's rows beyond n are neither read nor written, nor is anything of A beyond k.
func (s *Set[F]) MulPacked(c []F, ldc int, a []F, lda int, packed []F, m, n, k int, start []F, accumulate bool) {
	if s.ISA == Generic || k == 0 {
		mulPackedGeneric(c, ldc, a, lda, packed, m, n, k, start, accumulate)
		return
	}
	_, _, _ = c[(m-1)*ldc+n-1], a[(m-1)*lda+k-1], packed[s.PackedSize(k, n)-1]
	shape := ProductShape{N: n, K: k, Ldc: ldc, Lda: lda, Start: start != nil, Accumulate: accumulate}
	q := operands{c: address(c), a: address(a), b: address(packed)}
	if start != nil {
		q.row = unsafe.Pointer(&start[:n][0])
	}
	p := shape.product(m, q)
	p.multiply(s.ISA)
}

// MulTN computes C += Aᵀ·B for A k×m (lda elements from row to row), B k×n (ldb) and C m×n (ldc): one chain of fused multiply-adds for each element,
// ascending in k, that begins with the element of C. It is meant for gradients of weights: k ≈ 100 rows that are still in the cache.
func (s *Set[F]) MulTN(c []F, ldc int, a []F, lda int, b []F, ldb int, m, n, k int) {
	if s.ISA == Generic || k == 0 {
		mulTNGeneric(c, ldc, a, lda, b, ldb, m, n, k)
		return
	}
	_, _, _ = c[(m-1)*ldc+n-1], a[(k-1)*lda+m-1], b[(k-1)*ldb+n-1]
	p := product{
		c: address(c), a: address(a), b: address(b), ldc: 4 * ldc, lda: 4 * lda, ldb: 4 * ldb, m: m, n: n, k: k,
		start: startC, transposed: true,
	}
	if n <= s.ISA.lanes()/2 && m > 2*n {
		p.turned(s.ISA)
		return
	}
	p.run(s.ISA)
}

// AddRows adds the k rows of b, n wide and ldb elements apart, to the row c, one after the other: gradients of biases.
func (s *Set[F]) AddRows(c, b []F, ldb, n, k int) {
	if s.ISA == Generic || k == 0 {
		addRowsGeneric(c, b, ldb, n, k)
		return
	}
	_, _ = c[n-1], b[(k-1)*ldb+n-1]
	lanes := s.ISA.lanes()
	registers := (n + lanes - 1) / lanes
	args := arguments{c: address(c), b: address(b), last: s.ISA.mask(n - (registers-1)*lanes), sizes: sizes{ldb: 4 * ldb, k: k, panels: registers}}
	s.ISA.addRows(&args)
}

// address is where a slice begins. The assembly computes in float32 only: a set of another type is generic.
func address[F Float](s []F) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }
