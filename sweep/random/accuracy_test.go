package random

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// ulps is the distance of got from want in units of the last place of want.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	unit := float64(math.Nextafter32(w, float32(math.Inf(1)))) - float64(w)
	return math.Abs(float64(got)-want) / unit
}

func TestLogarithm(t *testing.T) {
	worst, at := 0.0, float32(0)
	try := func(u float32) {
		if e := ulps(ln(u), math.Log(float64(u))); u != 1 && e > worst {
			worst, at = e, u
		}
	}
	for b := math.Float32bits(1.0 / (1 << 32)); b <= math.Float32bits(1); b += 61 {
		try(math.Float32frombits(b))
	}
	for b := range uint32(1 << 18) {
		try(math.Float32frombits(math.Float32bits(1) - b))
	}
	t.Logf("at most %.3f ulp, at %x", worst, at)
	if worst > 1 || ln(1) != 0 {
		t.Errorf("ln(%x) is off by %.3f ulp; ln(1) = %g", at, worst, ln(1))
	}
}

func TestSineAndCosine(t *testing.T) {
	var worst [2]float64
	for i := int64(-1 << 31); i < 1<<31; i += 1021 {
		f := float32(int32(i)) * (1.0 / (1 << 32))
		s, c := quarterTurn(f)
		wantS, wantC := math.Sincos(float64(f) * math.Pi / 2)
		if f != 0 {
			worst[0] = max(worst[0], ulps(s, wantS))
		}
		worst[1] = max(worst[1], ulps(c, wantC))
	}
	t.Logf("at most %.3f and %.3f ulp", worst[0], worst[1])
	if worst[0] > 1 || worst[1] > 1 {
		t.Errorf("off by %.3f and %.3f ulp", worst[0], worst[1])
	}
}

// The whole transform against the same in float64, in all quadrants and in the tail.
func TestBoxMuller(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for i := range 1_000_000 {
		w0, w1 := r.Uint32(), r.Uint32()
		if i%4 == 0 {
			w0 >>= r.IntN(32)
		}
		u := float32(float64(float32(w0>>1))/(1<<31) + 1.0/(1<<32))
		f := float32(int32(w1<<2|2)) / (1 << 32)
		radius := math.Sqrt(-2 * math.Log(float64(u)))
		sin, cos := math.Sincos((float64(w1>>30) + float64(f)) * math.Pi / 2)
		x, y := boxMuller(w0, w1)
		if u == 1 {
			continue
		}
		// The cosine's argument is a rounded sum here, so that nothing is known about its zeros.
		if math.Abs(cos) > 1e-6 {
			worst = max(worst, ulps(x, radius*cos))
		}
		if math.Abs(sin) > 1e-6 {
			worst = max(worst, ulps(y, radius*sin))
		}
	}
	t.Logf("at most %.3f ulp", worst)
	if worst > 3 {
		t.Errorf("off by %.3f ulp", worst)
	}
	if x, _ := boxMuller(0, 0); x < 6.6 || x > 6.67 {
		t.Errorf("the largest number is %g", x)
	}
	if x, y := boxMuller(math.MaxUint32, 12345); x != 0 || y != 0 {
		t.Errorf("the smallest radius gives %g, %g", x, y)
	}
}

// FMA against exact arithmetic, on random bits of all kinds and on the cases in which rounding twice goes wrong.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	exact := func(a, b, c float32) float32 {
		p := new(big.Float).SetPrec(1000).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		s, _ := p.Add(p, big.NewFloat(float64(c))).Float32()
		return s
	}
	twice := 0
	check := func(a, b, c float32) {
		t.Helper()
		want := exact(a, b, c)
		if got := FMA(a, b, c); got != want {
			t.Fatalf("FMA(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
		if float32(math.FMA(float64(a), float64(b), float64(c))) != want {
			twice++
		}
	}
	for range 300_000 {
		a, b, c := math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32())
		if finite(a) && finite(b) && finite(c) && finite(a*b) {
			check(a, b, c)
		}
	}
	for range 100_000 {
		// A product of two 24-bit numbers a little beside a tie of c's last place.
		c := math.Float32frombits(r.Uint32()&0x007fffff | 0x3f800000)
		a := math.Float32frombits(r.Uint32()&0x7f | 0x33800000) // 2⁻²⁴ and a little
		check(a, 1-float32(r.IntN(8))*0x1p-24, c)
		check(-a, 1+float32(r.IntN(8))*0x1p-23, c)
	}
	check(0x1p-24, 1, 1)                                     // a tie, to even
	check(0x1p-24+0x1p-47, 1, 1)                             // just above it
	check(0x1p-100, 0x1p-46, 0x1.000002p-126)                // beside a number that is not normal any more
	check(0x1.000002p-75, 0x1.fffffcp-76, 0x1p-127+0x1p-149) // just below a tie of numbers that are not normal
	check(0x1.fffffep+127, 2, -0x1.fffffep+127)              // beyond the range in between, not in the end
	if twice == 0 {
		t.Error("rounding twice was never wrong: the test does not test")
	}
	if inf := float32(math.Inf(1)); FMA(inf, 1, 1) != inf || FMA(0x1p127, 4, 0) != inf || !math.IsNaN(float64(FMA(inf, 1, -inf))) {
		t.Error("infinities are wrong")
	}
}

func finite(v float32) bool { return v-v == 0 }
