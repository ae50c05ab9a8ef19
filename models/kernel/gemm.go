package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Cuts of a product. gonum starts goroutines from four 64×64 blocks of the result on; one call here has at most three.
const (
	rowCut    = 64
	columnCut = 192
	narrow    = 16 // below this many columns, dot products along the inner dimension beat adding scaled rows
)

// A Gemm multiplies row-major float32 matrices and adds to the result: C += A·B in three forms. It owns scratch memory: one for each goroutine.
// For given shapes, the order in which the terms of an element are added is fixed.
//
// A zero in A skips its row of B, as in gonum: 0·Inf and 0·NaN count as 0.
type Gemm struct {
	a, b []float32
}

// NN adds A·B to C: A is m×k, B k×n, C m×n.
func (g *Gemm) NN(c, a, b []float32, m, n, k int) {
	if n >= narrow || k < narrow {
		multiply(blas.NoTrans, blas.NoTrans, c, a, b, m, n, k, k, n)
		return
	}
	g.b = transposed(g.b, b, k, n)
	multiply(blas.NoTrans, blas.Trans, c, a, g.b, m, n, k, k, k)
}

// TN adds Aᵀ·B to C: A is k×m, B k×n, C m×n.
func (g *Gemm) TN(c, a, b []float32, m, n, k int) {
	if n >= narrow || m < narrow {
		multiply(blas.Trans, blas.NoTrans, c, a, b, m, n, k, m, n)
		return
	}
	// Adding scaled rows of n numbers is slow for a small n: compute BᵀA, whose rows have m.
	g.a = resized(g.a, n*m)
	clear(g.a)
	multiply(blas.Trans, blas.NoTrans, g.a, b, a, n, m, k, n, m)
	for i := range m {
		for j := range n {
			c[i*n+j] += g.a[j*m+i]
		}
	}
}

// Transpose writes the transpose of the m×n matrix a to the n×m matrix t.
func Transpose(t, a []float32, m, n int) {
	for i := range m {
		for j, v := range a[i*n : (i+1)*n] {
			t[j*m+i] = v
		}
	}
}

func multiply(tA, tB blas.Transpose, c, a, b []float32, m, n, k, lda, ldb int) {
	for i := 0; i < m; i += rowCut {
		rows := min(rowCut, m-i)
		at := i * lda
		if tA == blas.Trans {
			at = i
		}
		for j := 0; j < n; j += columnCut {
			columns := min(columnCut, n-j)
			bt := j
			if tB == blas.Trans {
				bt = j * ldb
			}
			gonum.Implementation{}.Sgemm(tA, tB, rows, columns, k, 1, a[at:], lda, b[bt:], ldb, 1, c[i*n+j:], n)
		}
	}
}

func transposed(t, a []float32, m, n int) []float32 {
	t = resized(t, m*n)
	Transpose(t, a, m, n)
	return t
}

func resized(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
