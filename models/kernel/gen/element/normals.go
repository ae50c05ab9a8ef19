package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in package kernel's blocks.
const (
	atNormals = 0  // *float32
	atBlock   = 8  // the number of the first block of random numbers
	atLane    = 16 // what the upper half of all counters is: stream, lane
	atSteps   = 24 // how often a function makes as many blocks as it makes at once
	atKeys    = 32 // two for each round, in the upper half of 64 bits
)

// Constants of Philox4x32 (sweep/random).
const (
	philoxRounds = 10
	multiplier0  = 0xD2511F53
	multiplier1  = 0xCD9E8D57
)

// normals emits a function that makes normal numbers of a few registers of counters at once, step by step as sweep/random does.
//
// A counter lies in 64 bits of two registers: the first two words exchanged in x, the last two in y. So a product of 32 bits by 32 is already two words in the places of
// the next round, and a round is an exchange of halves, a product and a sum for each register. The counters are numbered so that numbers come out in order.
func (t *target) normals(name string, sets int) {
	TEXT(name+t.suffix, NOSPLIT, "func(blocks *byte)")
	Doc(name + t.suffix + " makes the normal numbers of blocks, at which blocks points.")
	Pragma("noescape")
	t.loaded, t.spare = map[uint32]value{}, t.pick([2]int{3, 0})
	args := Load(Param("blocks"), GP64()).(reg.GPVirtual)
	dst, block, steps := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: atNormals}, dst)
	MOVQ(Mem{Base: args, Disp: atBlock}, block)
	MOVQ(Mem{Base: args, Disp: atSteps}, steps)
	t.bits(multiplier0) // once, before the loop
	t.bits(multiplier1)
	var odd reg.Register
	if t.wide {
		odd = K()
		mask := GP32()
		MOVL(U32(0xaaaa), mask)
		KMOVW(mask, odd)
	}
	Label("step")
	x, y := t.counters(args, block, sets)
	for round := range philoxRounds {
		x, y = t.philoxRound(args, round, odd, x, y)
	}
	u, angle := t.pairs(odd, x, y)
	radius := t.radius(u)
	cos, sin := t.turn(angle, radius)
	for i := range sets {
		low, high := t.vector(), t.vector()
		VUNPCKLPS(sin[i], cos[i], low)
		VUNPCKHPS(sin[i], cos[i], high)
		VMOVUPS(low, Mem{Base: dst, Disp: 2 * i * t.bytes()})
		VMOVUPS(high, Mem{Base: dst, Disp: (2*i + 1) * t.bytes()})
	}
	ADDQ(U32(2*sets*t.bytes()), dst)
	ADDQ(Imm(uint64(sets*t.lanes/2)), block)
	DECQ(steps)
	JNZ(LabelRef("step"))
	VZEROUPPER()
	RET()
}

// exchange swaps the halves of 64 bits.
func (t *target) exchange(a value) value {
	return t.shift(func(ops ...Op) { VPSHUFD(ops...) }, 0xb1, a)
}

// counters are those of the blocks from one on.
func (t *target) counters(args, block reg.GPVirtual, sets int) (x, y value) {
	first := t.vector()
	low := XMM()
	MOVQ(block, low)
	VPBROADCASTQ(low, first)
	x, y = t.fresh(sets), t.fresh(sets)
	for i := range sets {
		VPADDQ(t.counterNumbers(i), first, x[i])
		VPBROADCASTQ(Mem{Base: args, Disp: atLane}, y[i])
	}
	return t.exchange(x), y
}

// philoxRound is one round: x gets the product of y's half and y that of x's.
func (t *target) philoxRound(args reg.GPVirtual, round int, odd reg.Register, x, y value) (value, value) {
	key := func(i int) Mem { return Mem{Base: args, Disp: atKeys + 8*(2*round+i)} }
	x, y = t.exchange(x), t.exchange(y)
	fromX, fromY := t.of(product, x, t.bits(multiplier0)), t.of(product, y, t.bits(multiplier1))
	for i := range x {
		if t.wide {
			VPTERNLOGD_BCST(U8(0x96), key(0).Offset(4), x[i], odd, fromY[i])
			VPTERNLOGD_BCST(U8(0x96), key(1).Offset(4), y[i], odd, fromX[i])
		}
	}
	if t.wide {
		return fromY, fromX
	}
	mix := func(words, products value, key Mem) value {
		k := t.vector()
		VPBROADCASTQ(key, k)
		words = t.xor(t.without(t.lowerHalves(), words), value{k})
		return t.xor(products, words)
	}
	return mix(x, fromY, key(0)), mix(y, fromX, key(1))
}

// pairs are the words from which two normal numbers come: first and third words, second and fourth words.
func (t *target) pairs(odd reg.Register, x, y value) (u, angle value) {
	otherX, otherY := t.exchange(x), t.exchange(y)
	for i := range x {
		if t.wide {
			VMOVDQA32(y[i], odd, otherX[i])
			VMOVDQA32(otherY[i], odd, x[i])
		} else {
			VPBLENDD(U8(0xaa), y[i], otherX[i], otherX[i])
			VPBLENDD(U8(0xaa), otherY[i], x[i], x[i])
		}
	}
	return otherX, x
}

// radius is √(-2 ln u) for the uniform number that a word makes.
func (t *target) radius(word value) value {
	u := t.toFloats(t.shift(VPSRLD, 1, word))
	t.mulAdd(u, t.register(t.float(0x1p-31)), t.float(0x1p-32))
	e := t.arithmetic(t.subInts(u, t.bits(0x3f3504f3)), 23)
	f := t.sub(t.subInts(u, t.left(e, 23)), t.float(1))
	k := t.toFloats(e)
	p := t.horner(f, t.floats(0x1.b6b07ep-5, -0x1.bf468ep-4, 0x1.efed8cp-4, -0x1.01041cp-3, 0x1.23036ep-3, -0x1.552f18p-3, 0x1.99a54p-3, -0x1.00007p-2, 0x1.555548p-2))
	square := t.mul(f, f)
	p = t.mulAdd(p, t.mul(f, square), t.mul(k, t.float(ln2Low)))
	t.subMul(p, square, t.float(0.5))
	ln := t.addMul(t.add(f, p), k, t.float(ln2High))
	return t.sqrt(t.mul(ln, t.float(-2)))
}

// turn is radius times cosine and sine of the angle that a word makes.
func (t *target) turn(word, radius value) (cos, sin value) {
	f := t.mul(t.toFloats(t.or(t.left(word, 2), t.bits(2))), t.float(0x1p-32))
	z := t.mul(f, f)
	s := t.horner(z, t.floats(-0x1.2db5cep-8, 0x1.465facp-4, -0x1.4abbbep-1, -0x1.777a5cp-25))
	s = t.mul(f, s)
	t.addMul(s, f, t.float(0x1.921fb6p+0))
	c := t.horner(z, t.floats(0x1.d46d86p-11, -0x1.55b132p-6, 0x1.03c1aep-2, -0x1.3bd3ccp+0, 1))
	next := t.left(word, 1)
	odd := t.negative(next)
	sign := t.bits(signBit)
	cos = t.mul(radius, t.choose(odd, s, c))
	sin = t.mul(radius, t.choose(odd, c, s))
	return t.xor(cos, t.and(t.xor(word, next), sign)), t.xor(sin, t.and(word, sign))
}
