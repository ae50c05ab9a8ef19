package train

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The sum of squares against exact arithmetic, at all lengths around the leaves of its tree, and its order against the tree written out.
func TestSumSquares(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, 5*leaf+3)
	for i := range x {
		x[i] = float32(r.NormFloat64() * math.Exp(10*r.NormFloat64()))
	}
	for _, n := range []int{0, 1, 7, 8, 9, leaf - 1, leaf, leaf + 1, 2 * leaf, 2*leaf + 1, 3*leaf - 5, len(x)} {
		exact := new(big.Float).SetPrec(500)
		for _, v := range x[:n] {
			f := new(big.Float).SetPrec(500).SetFloat64(float64(v))
			exact.Add(exact, f.Mul(f, f))
		}
		want, _ := exact.Float64()
		if got := sumSquares(x[:n]); math.Abs(got-want) > 1e-14*want {
			t.Errorf("%d numbers: %.17g, want %.17g", n, got, want)
		}
	}
	a, b, c := sumSquares(x[:leaf]), sumSquares(x[leaf:2*leaf]), sumSquares(x[2*leaf:3*leaf])
	d, e := sumSquares(x[3*leaf:4*leaf]), sumSquares(x[4*leaf:5*leaf])
	if got, want := sumSquares(x[:5*leaf]), ((a+b)+(c+d))+e; got != want {
		t.Errorf("five leaves give %.17g, joined as a tree %.17g", got, want)
	}
}

func TestClipFactor(t *testing.T) {
	for _, c := range []struct {
		limit float64
		x     []float32
		want  float64
	}{
		{10, []float32{3, 4}, 1}, {1, []float32{3, 4}, 1 / (5 + 1e-6)}, {1, []float32{0, 0}, 1}, {1, nil, 1}, {2, []float32{float32(math.Inf(1))}, 0},
		{5, []float32{3, 4}, 5 / (5 + 1e-6)},
	} {
		if got := clipFactor(c.limit, c.x); got != c.want {
			t.Errorf("limit %g on %v: %g, want %g", c.limit, c.x, got, c.want)
		}
	}
	if got := clipFactor(1, []float32{float32(math.NaN())}); got == got {
		t.Errorf("a NaN gives %g", got)
	}
}
