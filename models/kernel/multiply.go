package kernel

// PackedSize is the number of elements that Pack writes for a right operand of k×n.
func (s *Set[F]) PackedSize(k, n int) int {
	return k * n
}

// Pack writes the right operand op(B), k×n, in the order in which MulPacked reads it: once for many products. Transposed means that b holds n×k.
// Both are row-major, with ldb elements from row to row. It is fastest to read where dst begins at a multiple of 64 bytes (see Aligned).
func (s *Set[F]) Pack(dst, b []F, k, n, ldb int, transposed bool) {
	packGeneric(dst, b, k, n, ldb, transposed)
}

// MulPacked computes C = start + A·B for A m×k (lda elements from row to row), B k×n as Pack left it, and C m×n (ldc); m, n ≥ 1, k ≥ 0.
//
// Each element is one chain of fused multiply-adds over the inner dimension, ascending, each rounded once. It begins with the element of C itself (accumulate),
// else with start[j] (n elements: a bias), else with 0 (start is nil). Elements of C's rows beyond n are neither read nor written, nor is anything of A beyond k.
func (s *Set[F]) MulPacked(c []F, ldc int, a []F, lda int, packed []F, m, n, k int, start []F, accumulate bool) {
	mulPackedGeneric(c, ldc, a, lda, packed, m, n, k, start, accumulate)
}

// MulTN computes C += Aᵀ·B for A k×m (lda elements from row to row), B k×n (ldb) and C m×n (ldc): one chain of fused multiply-adds for each element,
// ascending in k, that begins with the element of C. It is meant for gradients of weights: k ≈ 100 rows that are still in the cache.
func (s *Set[F]) MulTN(c []F, ldc int, a []F, lda int, b []F, ldb int, m, n, k int) {
	mulTNGeneric(c, ldc, a, lda, b, ldb, m, n, k)
}

// AddRows adds the k rows of b, n wide and ldb elements apart, to the row c, one after the other: gradients of biases.
func (s *Set[F]) AddRows(c, b []F, ldb, n, k int) {
	addRowsGeneric(c, b, ldb, n, k)
}
