package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// fractionOfPeak alternates a kernel with the loop of the peak in slices of about 200 µs for a second, and compares the fastest with the fastest.
func fractionOfPeak(b *testing.B, isa ISA, flops float64, f func()) {
	calls := 1
	for {
		begin := time.Now()
		for range calls {
			f()
		}
		if time.Since(begin) > 200*time.Microsecond {
			break
		}
		calls *= 2
	}
	fastest, peak := math.Inf(1), 0.0
	for range b.N {
		for begin := time.Now(); time.Since(begin) < time.Second; {
			slice := time.Now()
			for range calls {
				f()
			}
			fastest = min(fastest, float64(time.Since(slice).Nanoseconds())/float64(calls))
			for range 4 {
				peak = max(peak, peakSlice(isa))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(fastest, "ns/call")
	b.ReportMetric(flops/fastest, "GFLOP/s")
	b.ReportMetric(peak, "peak-GFLOP/s")
	b.ReportMetric(flops/fastest/peak, "of-peak")
}

// BenchmarkGemm prints what fraction of the peak the products reach: C += A·B as NN with m×n×k, C += Aᵀ·B as TN.
func BenchmarkGemm(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, isa := range ISAs()[1:] {
		s := Set32(isa)
		for _, z := range [][3]int{{1000, 384, 128}, {800, 384, 128}, {16, 192, 64}, {16, 64, 64}, {16, 384, 128}, {32, 384, 128}, {32, 128, 384}, {16, 128, 128}, {32, 64, 64}, {37, 87, 29}, {37, 29, 87}, {32, 3, 128}, {32, 3, 64}, {16, 3, 64}, {37, 3, 29}, {37, 2, 64}, {32, 128, 3}} {
			m, n, k := z[0], z[1], z[2]
			x, y, c := alignedNumbers(r, m*k), alignedNumbers(r, k*n), Aligned[float32](m*n)
			packed := Aligned[float32](s.PackedSize(k, n))
			s.Pack(packed, y, k, n, n, false)
			b.Run(fmt.Sprintf("%s/NN%dx%dx%d", isa, m, n, k), func(b *testing.B) {
				fractionOfPeak(b, isa, 2*float64(m*n*k), func() { s.MulPacked(c, n, x, k, packed, m, n, k, nil, false) })
			})
		}
		for _, z := range [][3]int{{128, 384, 96}, {64, 64, 96}, {64, 192, 96}, {29, 87, 111}, {3, 384, 96}, {128, 3, 96}, {64, 3, 96}, {64, 2, 96}, {64, 7, 96}, {29, 3, 111}} {
			m, n, k := z[0], z[1], z[2]
			x, y, c := alignedNumbers(r, m*k), alignedNumbers(r, k*n), Aligned[float32](m*n)
			b.Run(fmt.Sprintf("%s/TN%dx%dx%d", isa, m, n, k), func(b *testing.B) {
				fractionOfPeak(b, isa, 2*float64(m*n*k), func() { s.MulTN(c, n, x, m, y, n, m, n, k) })
			})
		}
	}
}

// alignedNumbers is n normal numbers, aligned.
func alignedNumbers(r *rand.Rand, n int) []float32 {
	x := Aligned[float32](n)
	copy(x, numbers(r, n))
	return x
}
