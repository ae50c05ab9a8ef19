package kernel

import (
	"math"
	"unsafe"

	"neurosweep/sweep/random"
)

// functionOf is one of the functions in plain Go.
func functionOf[F Float](o Op) func(a F) F {
	var f any = doubles[o]
	if unsafe.Sizeof(F(0)) == 4 {
		f = singles[o]
	}
	return f.(func(F) F)
}

// singles are the functions in float32, to the bit what the assembly computes. The maximum errors, in units in the last place of the correct result, are those of all 2³² arguments
// (TestFunctionsExhaustively); denormal results are exact to half their unit or as stated.
//
//	exp 1.04   log 0.89   sigmoid 1.51   tanh 1.99   softplus 1.68   sin, cos 1.56
//
// The polynomials are minimax for the relative error of the function that they stand for, their coefficients rounded to float32 one after the other, lowest power first, the rest fitted again each time.
var singles = [opCount]func(float32) float32{
	OpExp: exp32, OpLog: log32, OpSigmoid: sigmoid32, OpTanh: tanh32, OpSoftplus: softplus32, OpSin: sin32, OpCos: cos32,
}

// doubles are the functions in float64, from the standard library: close to correctly rounded, but where a processor has a fused multiply-add
// it is used in some of them, so that the last bit is a processor's own. Nothing that is kept comes from these: float64 is for tests of precision.
var doubles = [opCount]func(float64) float64{
	OpExp:      math.Exp,
	OpLog:      math.Log,
	OpSigmoid:  sigmoid64,
	OpTanh:     math.Tanh,
	OpSoftplus: func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
	OpSin:      math.Sin,
	OpCos:      math.Cos,
}

func sigmoid64(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// Constants of several functions. Adding roundShift to a number below 2²² rounds it to an integer, which then stands in the last bits of the sum.
const (
	roundShift float32 = 3 << 22
	log2E      float32 = 0x1.715476p+0
	ln2High    float32 = 0x1.62e43p-1 // 20 bits: n·ln2High is exact
	ln2Low     float32 = -0x1.05c61p-29
	oneBits            = 0x3f800000
)

func fromBits(b uint32) float32 { return math.Float32frombits(b) }
func toBits(x float32) uint32   { return math.Float32bits(x) }

// reduce splits x = n·ln 2 + r, |r| ≤ ln 2/2 and a little. n is shifted by roundShift.
func reduce(x float32) (shifted, r float32) {
	shifted = random.FMA(x, log2E, roundShift)
	n := shifted - roundShift
	r = random.FMA(-n, ln2High, x)
	return shifted, random.FMA(-n, ln2Low, r)
}

// horner evaluates a polynomial, its coefficients from the highest power down.
func horner(x float32, coefficients ...float32) float32 {
	p := coefficients[0]
	for _, c := range coefficients[1:] {
		p = random.FMA(p, x, c)
	}
	return p
}

// quartic is a polynomial of degree 4 in x, its coefficients from the highest power down; square is x². Its terms are paired (Estrin's scheme): a shorter chain than Horner's.
func quartic(x, square, c4, c3, c2, c1, c0 float32) float32 {
	high := random.FMA(c4, square, random.FMA(c3, x, c2))
	return random.FMA(high, square, random.FMA(c1, x, c0))
}

// scale is p·2ⁿ, rounded once, for a shifted n: the power is the product of two, of which only the second multiplication can round.
func scale(p, shifted float32) float32 {
	n := toBits(shifted)
	half := uint32(int32(n) >> 1)
	return p * fromBits(half<<23+oneBits) * fromBits((n-half)<<23+oneBits)
}

// exp32 is eˣ = 2ⁿ·eʳ; eʳ by a polynomial of degree 6 (2⁻²⁸·²). Beyond the clamps the result is 0 or infinite.
func exp32(x float32) float32 {
	if x < -104 {
		x = -104
	}
	if x > 89 {
		x = 89
	}
	return expOf(x)
}

func expOf(x float32) float32 {
	shifted, r := reduce(x)
	square := r * r
	p := random.FMA(quartic(r, square, 0x1.6a4e74p-10, 0x1.12398p-7, 0x1.5558aep-5, 0x1.555492p-3, 0x1.fffffcp-2), square, r)
	return scale(1+p, shifted)
}

// expOfNegative is e^-|x|.
func expOfNegative(x float32) float32 {
	x = fromBits(toBits(x) | 1<<31)
	if x < -104 {
		x = -104
	}
	return expOf(x)
}

// quotient is a/(b+low) for a low that is too small to be added to b: q = a/b, and the remainder carried, which makes it nearly correctly rounded. inverse is 1/b, roughly.
func quotient(a, b, low, q, inverse float32) float32 {
	rest := random.FMA(-q, b, a)
	rest = random.FMA(-q, low, rest)
	return random.FMA(rest, inverse, q)
}

// sigmoid32 is 1/(1+e) for e = e^-|x|, and e/(1+e) for a negative x.
func sigmoid32(x float32) float32 {
	e := expOfNegative(x)
	sum := 1 + e
	low := e - (sum - 1)
	numerator := float32(1)
	if toBits(x)>>31 != 0 {
		numerator = e
	}
	return quotient(numerator, sum, low, numerator/sum, random.FMA(-0.5, sum, 0x1.75p+0))
}

// tanh32 is -t/(1+t) with the sign of x, t = (e^-2|x| - 1)/2. With -|x| = n·ln 2/2 + r, t = 2ⁿ·(e²ʳ-1)/2 + (2ⁿ-1)/2; (e²ʳ-1)/2 by a polynomial of degree 6 (2⁻²⁶·¹).
// From the clamp on the result is ±1.
func tanh32(x float32) float32 {
	const halfBits = 0x3f000000
	y := fromBits(toBits(x) | 1<<31)
	if y < -9.125 {
		y = -9.125
	}
	shifted := random.FMA(y, 2*log2E, roundShift)
	n := shifted - roundShift
	r := random.FMA(-n, ln2High/2, y)
	r = random.FMA(-n, ln2Low/2, r)
	square := r * r
	p := random.FMA(quartic(r, square, 0x1.6b9c68p-5, 0x1.12254ap-3, 0x1.5556f2p-2, 0x1.5554b4p-1, 0x1.fffffep-1), square, r)
	power := toBits(shifted) << 23
	t := random.FMA(p, fromBits(power+oneBits), fromBits(power+halfBits)-0.5)
	sum := 1 + t
	low := t - (sum - 1)
	q := t / sum
	q = quotient(t, sum, low, q, 1-q)
	return fromBits(toBits(q)&^(1<<31) | toBits(x)&(1<<31))
}

// logOf is ln(2ᵏ·(1+f)) for √½ ≤ 1+f < √2: f - f²/2 + f³·P(f) + k·ln 2, with the polynomial of sweep/random's normal numbers.
func logOf(f, k float32) float32 {
	square := f * f
	fourth := square * square
	low := random.FMA(random.FMA(-0x1.552f18p-3, f, 0x1.99a54p-3), square, random.FMA(-0x1.00007p-2, f, 0x1.555548p-2))
	high := random.FMA(random.FMA(-0x1.bf468ep-4, f, 0x1.efed8cp-4), square, random.FMA(-0x1.01041cp-3, f, 0x1.23036ep-3))
	p := random.FMA(random.FMA(0x1.b6b07ep-5, fourth, high), fourth, low)
	y := random.FMA(f*square, p, k*ln2Low)
	y = random.FMA(-0.5, square, y)
	return random.FMA(k, ln2High, f+y)
}

// log32 is ln x.
func log32(x float32) float32 {
	const sqrtHalf = 0x3f3504f3 // the bits of √½
	switch {
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	case x != x || x > math.MaxFloat32:
		return x
	}
	y, shift := x, float32(0)
	if x < 0x1p-126 {
		y, shift = x*0x1p23, 23
	}
	e := int32(toBits(y)-sqrtHalf) >> 23
	return logOf(fromBits(toBits(y)-uint32(e)<<23)-1, float32(e)-shift)
}

// softplus32 is max(x, 0) + ln(1+e), e = e^-|x|; above √2-1, 1+e is halved.
func softplus32(x float32) float32 {
	e := expOfNegative(x)
	f, k := e, float32(0)
	if e > 0x1.a8279ap-2 {
		f, k = 0.5*(e-1), 1
	}
	positive := x
	if x < 0 {
		positive = 0
	}
	return positive + logOf(f, k)
}

// turn reduces an angle to x = n·π/2 + r, π/2 being the sum of three constants, and gives sine and cosine of r and the last bits of n. The polynomials have relative errors of
// 2⁻²⁷·⁸ and 2⁻³².
func turn(x float32) (sin, cos float32, n uint32) {
	shifted := random.FMA(x, 0x1.45f306p-1, roundShift)
	k := shifted - roundShift
	r := random.FMA(-k, 0x1.921fb4p+0, x)
	r = random.FMA(-k, 0x1.4442dp-24, r)
	r = random.FMA(-k, 0x1.846988p-48, r)
	z := r * r
	sin = random.FMA(z*r, horner(z, -0x1.991c26p-13, 0x1.1106c6p-7, -0x1.555544p-3), r)
	cos = horner(z, 0x1.99de6ap-16, -0x1.6c0c14p-10, 0x1.55554ap-5, -0.5, 1)
	return sin, cos, toBits(shifted)
}

func sin32(x float32) float32 { return quadrant(x, 0) }
func cos32(x float32) float32 { return quadrant(x, 1) }

// quadrant is the sine of x + plus·π/2.
func quadrant(x float32, plus uint32) float32 {
	sin, cos, n := turn(x)
	n += plus
	y := sin
	if n&1 != 0 {
		y = cos
	}
	if !(x <= AngleLimit && x >= -AngleLimit) {
		return float32(math.NaN())
	}
	return fromBits(toBits(y) ^ n&2<<30)
}
