package kernel

import (
	"math"
	"unsafe"

	"neurosweep/sweep/random"
)

// fma is a·b + c, rounded once.
func fma[F Float](a, b, c F) F {
	if unsafe.Sizeof(c) == 4 { // known when the function is compiled for a type
		return F(random.FMA(float32(a), float32(b), float32(c)))
	}
	return F(math.FMA(float64(a), float64(b), float64(c)))
}

// addScaled computes y += x·row by fused multiply-adds.
func addScaled[F Float](y []F, x F, row []F) {
	for j, b := range row {
		y[j] = fma(x, b, y[j])
	}
}

func mulPackedGeneric[F Float](c []F, ldc int, a []F, lda int, packed []F, m, n, k int, start []F, accumulate bool) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		switch {
		case accumulate:
		case start != nil:
			copy(row, start[:n])
		default:
			clear(row)
		}
		for l := range k {
			addScaled(row, a[i*lda+l], packed[l*n:(l+1)*n])
		}
	}
}

func mulTNGeneric[F Float](c []F, ldc int, a []F, lda int, b []F, ldb int, m, n, k int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		for l := range k {
			addScaled(row, a[l*lda+i], b[l*ldb:l*ldb+n])
		}
	}
}

func addRowsGeneric[F Float](c, b []F, ldb, n, k int) {
	for l := range k {
		for j, v := range b[l*ldb : l*ldb+n] {
			c[j] += v
		}
	}
}
