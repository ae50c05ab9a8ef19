package graph

import "math"

// Elementary functions in float64 for the reference machine: within 2 units in the last place, the same bits on every processor (the standard library's exponential has a
// path of its own where there is FMA, and a compiler may fuse a product and a sum unless the product is converted). They share nothing with the kernels, which
// are held against them.

// exp64 is eˣ: x = k·ln 2 + r with |r| ≤ ln 2 / 2, and eʳ = 1 + 2r/(R(r²) - r). R's coefficients are those of fdlibm's e_exp.c (Sun Microsystems, 1993), which
// states an error below 1 ulp.
func exp64(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	}
	k := math.RoundToEven(x * (1 / math.Ln2))
	hi := x - float64(k*ln2High)
	lo := float64(k * ln2Low)
	r := hi - lo
	t := float64(r * r)
	c := 4.13813679705723846039e-08
	for _, p := range [...]float64{-1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666019037e-01} {
		c = p + float64(t*c)
	}
	c = r - float64(t*c)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return math.Ldexp(y, int(k))
}

// ln 2 without its last bits, so that k·ln2High is exact for the k of an exponent, and the rest (fdlibm).
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// log64 is the natural logarithm: x = 2ᵏ·(1+f) with √½ ≤ 1+f < √2, s = f/(2+f), log(1+f) = f - f²/2 + s·(f²/2 + R(s²)). R's coefficients are those of
// fdlibm's e_log.c, which states an error below 1 ulp.
func log64(x float64) float64 {
	switch {
	case x != x || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	f, k := m-1, float64(e)
	s := f / (2 + f)
	z := float64(s * s)
	r := 1.479819860511658591e-01
	for _, p := range [...]float64{1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01, 2.857142874366239149e-01,
		3.999999999940941908e-01, 6.666666666666735130e-01} {
		r = p + float64(z*r)
	}
	r = float64(z * r)
	half := float64(float64(0.5*f) * f)
	return float64(k*ln2High) - ((half - (float64(s*(half+r)) + float64(k*ln2Low))) - f)
}

// log1p64 is log(1+x) for x ≥ 0: the rounding of 1+x is undone by a factor (Kahan, in the HP-15C Advanced Functions Handbook, 1982).
func log1p64(x float64) float64 {
	u := 1 + x
	if u == 1 || math.IsInf(u, 1) {
		return x
	}
	return float64(log64(u)*x) / (u - 1)
}

func sigmoid64(x float64) float64 {
	if x < 0 { // so that small results are exact to the last place
		e := exp64(x)
		return e / (1 + e)
	}
	return 1 / (1 + exp64(-x))
}

func softplus64(x float64) float64 {
	if x != x {
		return x
	}
	return max(x, 0) + log1p64(exp64(-math.Abs(x)))
}

// tanh64 is tanh x. Below 0.625 it is x + x³·P(x²)/Q(x²) with the coefficients of Cephes' tanh.c (Moshier, 1989), above 1 - 2/(e²ˣ+1).
func tanh64(x float64) float64 {
	z := math.Abs(x)
	if z >= 0.625 {
		y := 1 - 2/(exp64(2*z)+1)
		return math.Copysign(y, x)
	}
	s := float64(x * x)
	p := -9.64399179425052238628e-1
	for _, c := range [...]float64{-9.92877231001918586564e1, -1.61468768441708447952e3} {
		p = float64(p*s) + c
	}
	q := 1.0
	for _, c := range [...]float64{1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3} {
		q = float64(q*s) + c
	}
	return x + float64(x*float64(s*(p/q)))
}

func sin64(x float64) float64 {
	sin, _ := sincos64(x)
	return sin
}

func cos64(x float64) float64 {
	_, cos := sincos64(x)
	return cos
}

// sincos64 is sine and cosine: x = k·π/2 + r, with π/2 in three parts of 33 bits (fdlibm's e_rem_pio2.c), and Taylor's polynomials for |r| ≤ π/4. Beyond 2²⁰
// the standard library takes over, whose reduction is good for any number.
func sincos64(x float64) (sin, cos float64) {
	if !(math.Abs(x) < 1<<20) {
		return math.Sin(x), math.Cos(x)
	}
	k := math.RoundToEven(x * (2 / math.Pi))
	a := x - float64(k*1.57079632673412561417e+00)
	w := float64(k * 6.07710050630396597660e-11)
	b := a - w
	low := ((a - b) - w) - float64(k*2.02226624879595063154e-21)
	r := b + low
	low -= r - b // r + low is exact to some 90 bits
	z := float64(r * r)
	s := 0.0
	for i := 19; i > 1; i -= 2 { // r¹⁹/19! is the last term
		s = float64(z*(s+1)) / float64(-i*(i-1))
	}
	c := 0.0
	for i := 20; i > 2; i -= 2 {
		c = float64(z*(c+1)) / float64(-i*(i-1))
	}
	half := float64(0.5 * z)
	sin = r + (float64(r*s) + float64(low*(1-half)))
	cos = 1 - (half - (float64(float64(z*-0.5)*c) - float64(r*low)))
	switch int64(k) & 3 {
	case 0:
		return sin, cos
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	}
	return -cos, sin
}
