package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestGemmAgreesWithPlainLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var g Gemm
	for _, s := range [][3]int{{1, 1, 1}, {16, 64, 64}, {16, 64, 2}, {130, 3, 64}, {64, 64, 16}, {2, 64, 160}, {64, 3, 160}, {65, 200, 33}, {3, 15, 16}, {200, 5, 17}} {
		m, n, k := s[0], s[1], s[2]
		a, at, b := numbers(r, m*k), make([]float32, m*k), numbers(r, k*n)
		Transpose(at, a, m, k)
		nn, tn := numbers(r, m*n), make([]float32, m*n)
		want := make([]float64, m*n)
		for i := range want {
			tn[i], want[i] = nn[i], float64(nn[i])
		}
		for i := range m {
			for l := range k {
				for j := range n {
					want[i*n+j] += float64(a[i*k+l]) * float64(b[l*n+j])
				}
			}
		}
		g.NN(nn, a, b, m, n, k)
		g.TN(tn, at, b, m, n, k)
		for i := range want {
			if d := math.Abs(float64(nn[i]) - want[i]); d > 2e-5 {
				t.Fatalf("NN %v: element %d is %g, want %g", s, i, nn[i], want[i])
			}
			if d := math.Abs(float64(tn[i]) - want[i]); d > 2e-5 {
				t.Fatalf("TN %v: element %d is %g, want %g", s, i, tn[i], want[i])
			}
		}
	}
}

func numbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestExpAndLog(t *testing.T) {
	for x := -699.5; x < 699; x += 0.0137 {
		if got, want := Exp(x), math.Exp(x); math.Abs(got-want) > 2e-11*want {
			t.Fatalf("Exp(%g) = %g, want %g", x, got, want)
		}
	}
	for x := 1e-12; x < 1e12; x *= 1.00371 {
		if got, want := Log(x), math.Log(x); math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
			t.Fatalf("Log(%g) = %g, want %g", x, got, want)
		}
	}
	for _, c := range []struct{ got, want float64 }{{Exp(0), 1}, {Exp(-1e9), 0}, {Exp(math.Inf(-1)), 0}, {Exp(1e9), math.Inf(1)}, {Log(1), 0}, {Log(math.Inf(1)), math.Inf(1)}} {
		if c.got != c.want {
			t.Errorf("got %g, want %g", c.got, c.want)
		}
	}
	for _, x := range []float64{Exp(math.NaN()), Log(math.NaN()), Log(-1), Log(0)} {
		if !math.IsNaN(x) {
			t.Errorf("got %g, want NaN", x)
		}
	}
}
