package kernel

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// The chain of one element, rounded once a step, in exact arithmetic.
func exactChain(start float32, a, b []float32) float32 {
	sum := start
	for l := range a {
		p := new(big.Float).SetPrec(1000).Mul(big.NewFloat(float64(a[l])), big.NewFloat(float64(b[l])))
		sum, _ = p.Add(p, big.NewFloat(float64(sum))).Float32()
	}
	return sum
}

// Every set against exact arithmetic, with the product that two roundings get wrong (2⁻¹²(1+2⁻²³) · 2⁻¹²(1−2⁻²³) + 1+2⁻²³).
func TestProductsAreChainsRoundedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const m, n, k = 7, 21, 9
	a, at, b, start := numbers(r, m*k), make([]float32, k*m), numbers(r, k*n), numbers(r, n)
	a[k-1], b[(k-1)*n+3] = 0x1.000002p-12, 0x1.fffffcp-13
	for l := range k - 1 {
		a[l] = 0
	}
	start[3] = 0x1.000002p0
	Transpose(at, a, m, k)
	for _, isa := range ISAs() {
		s := Set32(isa)
		packed, c, tn := make([]float32, s.PackedSize(k, n)), make([]float32, m*n), make([]float32, m*n)
		s.Pack(packed, b, k, n, n, false)
		s.MulPacked(c, n, a, k, packed, m, n, k, start, false)
		for i := range m {
			copy(tn[i*n:], start)
		}
		s.MulTN(tn, n, at, m, b, n, m, n, k)
		for i := range m {
			for j := range n {
				column := make([]float32, k)
				for l := range k {
					column[l] = b[l*n+j]
				}
				want := exactChain(start[j], a[i*k:(i+1)*k], column)
				if c[i*n+j] != want || tn[i*n+j] != want {
					t.Errorf("%s: element %d,%d is %x by MulPacked and %x by MulTN, want %x", isa, i, j, c[i*n+j], tn[i*n+j], want)
				}
			}
		}
		if c[3] != 0x1.000002p0 {
			t.Errorf("%s: the sum that two roundings get wrong is %x", isa, c[3])
		}
	}
}
