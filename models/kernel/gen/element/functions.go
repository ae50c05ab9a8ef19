package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The functions, step by step as their plain Go twins in package kernel's functions.go, which explain them.

func bitsOf(x float32) uint32 { return math.Float32bits(x) }

const (
	signBit = 1 << 31
	oneBits = 0x3f800000

	roundShift float32 = 3 << 22
	log2E      float32 = 0x1.715476p+0
	ln2High    float32 = 0x1.62e43p-1
	ln2Low     float32 = -0x1.05c61p-29
)

// exponential has the constants of eˣ.
type exponential struct {
	shift, log2E, high, low, lowest, sign, one value
	polynomial                                 []value
}

func (t *target) exponential() exponential {
	return exponential{
		shift: t.float(roundShift), log2E: t.float(log2E), high: t.float(ln2High), low: t.float(ln2Low), lowest: t.float(-104), sign: t.bits(signBit), one: t.float(1),
		polynomial: t.floats(0x1.6a4e74p-10, 0x1.12398p-7, 0x1.5558aep-5, 0x1.555492p-3, 0x1.fffffcp-2),
	}
}

// reduce splits x, which it overwrites by the rest.
func (e *exponential) reduce(t *target, x value) (shifted, n value) {
	shifted = t.addMul(t.copies(e.shift, len(x)), x, e.log2E)
	n = t.sub(shifted, e.shift)
	t.subMul(x, n, e.high)
	t.subMul(x, n, e.low)
	return shifted, n
}

// above is the polynomial x + x²·(the quartic of the coefficients).
func (t *target) above(x value, coefficients []value) value {
	square := t.mul(x, x)
	high := t.mulAdd(t.copies(coefficients[1], len(x)), x, coefficients[2])
	t.addMul(high, square, coefficients[0])
	p := t.mulAdd(t.copies(coefficients[3], len(x)), x, coefficients[4])
	t.addMul(p, high, square)
	return t.mulAdd(p, square, x)
}

// of is eˣ for an x between the clamps, which is overwritten.
func (e *exponential) of(t *target, x value) value {
	shifted, n := e.reduce(t, x)
	return t.scale(t.add(e.one, t.above(x, e.polynomial)), shifted, n)
}

// ofNegative is e^-|x|.
func (e *exponential) ofNegative(t *target, x value) value {
	return e.of(t, t.atLeast(e.lowest, t.or(x, e.sign)))
}

// scale is p·2ⁿ.
func (t *target) scale(p, shifted, n value) value {
	if t.wide {
		return t.of(powerScaling, p, n)
	}
	one := t.bits(oneBits)
	half := t.arithmetic(shifted, 1)
	other := t.subInts(shifted, half)
	p = t.mul(p, t.addInts(t.left(half, 23), one))
	return t.mul(p, t.addInts(t.left(other, 23), one))
}

func (t *target) exp() func([]value) value {
	e, highest := t.exponential(), t.float(89)
	return func(in []value) value {
		return e.of(t, t.atMost(highest, t.atLeast(e.lowest, in[0])))
	}
}

// quotient is a/(b+low), the remainder of a/b carried; a is overwritten. inverse computes 1/b roughly from b and the quotient.
func (t *target) quotient(a, b, low value, inverse func(b, q value) value) value {
	q := t.div(a, b)
	t.subMul(a, q, b)
	t.subMul(a, q, low)
	return t.addMul(q, a, inverse(b, q))
}

// expNegative is e^-|x|, the first part of sigmoid and softplus.
func (t *target) expNegative() func([]value) value {
	e := t.exponential()
	return func(in []value) value { return e.ofNegative(t, in[0]) }
}

// sigmoidEnd is sigmoid of its first operand, the second being e^-|x|.
func (t *target) sigmoidEnd() func([]value) value {
	one, half, start := t.float(1), t.float(0.5), t.float(0x1.75p+0)
	return func(in []value) value {
		negative, e := t.negative(in[0]), in[1]
		sum := t.add(one, e)
		low := t.sub(e, t.sub(sum, one))
		return t.quotient(t.choose(negative, e, one), sum, low, func(b, _ value) value {
			return t.subMul(t.copies(start, len(b)), b, half)
		})
	}
}

// tanhHalf is (e^-2|x| - 1)/2, the first part of tanh.
func (t *target) tanhHalf() func([]value) value {
	e := exponential{shift: t.float(roundShift), log2E: t.float(2 * log2E), high: t.float(ln2High / 2), low: t.float(ln2Low / 2)}
	lowest, sign, one, half := t.float(-9.125), t.bits(signBit), t.float(1), t.float(0.5)
	polynomial := t.floats(0x1.6b9c68p-5, 0x1.12254ap-3, 0x1.5556f2p-2, 0x1.5554b4p-1, 0x1.fffffep-1)
	return func(in []value) value {
		r := t.atLeast(lowest, t.or(in[0], sign))
		shifted, _ := e.reduce(t, r)
		p := t.above(r, polynomial)
		power := t.left(shifted, 23)
		y := t.sub(t.addInts(power, half), half)
		return t.addMul(y, p, t.addInts(power, one))
	}
}

// tanhEnd is tanh of its first operand, the second being what tanhHalf is.
func (t *target) tanhEnd() func([]value) value {
	one, sign := t.float(1), t.bits(signBit)
	return func(in []value) value {
		y := in[1]
		sum := t.add(one, y)
		low := t.sub(y, t.sub(sum, one))
		q := t.quotient(y, sum, low, func(_, q value) value { return t.sub(one, q) })
		return t.copySign(q, in[0], sign)
	}
}

// copySign is the magnitude of a with the sign of b, all of whose bits but the sign it overwrites.
func (t *target) copySign(a, b, sign value) value {
	if !t.wide {
		return t.or(t.without(sign, a), t.and(b, sign))
	}
	for i := range a {
		VPTERNLOGD(U8(0xd8), t.register(sign)[0], b.at(i), a[i]) // bit by bit: sign ? b : a
	}
	return a
}

// logarithm has the constants of the logarithm.
type logarithm struct {
	polynomial      []value
	high, low, half value
}

func (t *target) logarithm() logarithm {
	return logarithm{
		polynomial: []value{
			t.float(0x1.b6b07ep-5), t.float(-0x1.bf468ep-4), t.float(0x1.efed8cp-4), t.float(-0x1.01041cp-3), t.float(0x1.23036ep-3),
			t.float(-0x1.552f18p-3), t.float(0x1.99a54p-3), t.float(-0x1.00007p-2), t.float(0x1.555548p-2),
		},
		high: t.float(ln2High), low: t.float(ln2Low), half: t.float(0.5),
	}
}

// of is ln(2ᵏ·(1+f)).
func (l *logarithm) of(t *target, f, k value) value {
	pair := func(i int) value { return t.mulAdd(t.copies(l.polynomial[i], len(f)), f, l.polynomial[i+1]) }
	square := t.mul(f, f)
	fourth := t.mul(square, square)
	high := t.addMul(pair(3), pair(1), square)
	t.addMul(high, fourth, l.polynomial[0])
	p := t.addMul(pair(7), pair(5), square)
	t.addMul(p, high, fourth)
	y := t.mul(f, square)
	t.mulAdd(y, p, t.mul(k, l.low))
	t.subMul(y, square, l.half)
	y = t.add(f, y)
	return t.addMul(y, k, l.high)
}

func (t *target) log() func([]value) value {
	l := t.logarithm()
	zero, one, smallest, largest := t.float(0), t.float(1), t.float(0x1p-126), t.float(math.MaxFloat32)
	grow, shift, root := t.float(0x1p23), t.float(23), t.bits(0x3f3504f3)
	infinity, nan := t.bits(0xff800000), t.bits(0x7fc00000)
	return func(in []value) value {
		x := in[0]
		small := t.compare(lessThan, x, smallest)
		y := t.choose(small, t.mul(x, grow), x)
		e := t.arithmetic(t.subInts(y, root), 23)
		f := t.sub(t.subInts(y, t.left(e, 23)), one)
		k := t.sub(t.toFloats(e), t.keep(small, shift))
		result := l.of(t, f, k)
		result = t.choose(t.compare(notLessOrEqual, x, largest), x, result)
		result = t.choose(t.compare(equal, x, zero), infinity, result)
		return t.choose(t.compare(lessThan, x, zero), nan, result)
	}
}

// softplusEnd is softplus of its first operand, the second being e^-|x|.
func (t *target) softplusEnd() func([]value) value {
	l := t.logarithm()
	bound, half, one, zero := t.float(0x1.a8279ap-2), t.float(0.5), t.float(1), t.float(0)
	return func(in []value) value {
		e := in[1]
		large := t.compare(greaterThan, e, bound)
		k := t.keep(large, one)
		f := t.choose(large, t.mul(half, t.sub(e, one)), e)
		return t.add(t.atLeast(zero, in[0]), l.of(t, f, k))
	}
}

// quadrant is the sine of x + plus·π/2.
func quadrant(plus uint32) func(*target) func([]value) value {
	return func(t *target) func([]value) value {
		shift, turns, parts := t.float(roundShift), t.float(0x1.45f306p-1), t.floats(0x1.921fb4p+0, 0x1.4442dp-24, 0x1.846988p-48)
		sines, cosines := t.floats(-0x1.991c26p-13, 0x1.1106c6p-7, -0x1.555544p-3), t.floats(0x1.99de6ap-16, -0x1.6c0c14p-10, 0x1.55554ap-5, -0.5, 1)
		limit, magnitude, one, two, nan := t.float(1<<17), t.bits(signBit-1), t.bits(1), t.bits(2), t.bits(0x7fc00000)
		return func(in []value) value {
			x := in[0]
			shifted := t.addMul(t.copies(shift, len(x)), x, turns)
			k := t.sub(shifted, shift)
			r := t.copy(x)
			for _, part := range parts {
				t.subMul(r, k, part)
			}
			z := t.mul(r, r)
			s := t.horner(z, sines)
			t.mulAdd(s, t.mul(z, r), r)
			c := t.horner(z, cosines)
			n := shifted
			if plus != 0 {
				n = t.addInts(n, one)
			}
			y := t.choose(t.negative(t.left(n, 31)), c, s)
			y = t.xor(y, t.left(t.and(n, two), 30))
			return t.choose(t.compare(notLessOrEqual, t.and(x, magnitude), limit), nan, y)
		}
	}
}
