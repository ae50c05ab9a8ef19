package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// groupVectors is the number of registers that an operation works on at once, in lockstep or in two halves.
const groupVectors = 4

// A target is an instruction set.
type target struct {
	suffix string // of the functions' names
	lanes  int    // of a register
	vector func() reg.VecVirtual
	wide   bool // AVX-512: 32 registers, and masks of their own

	constants Mem              // the table of constants
	offsets   map[uint32]int   // in the table
	loaded    map[uint32]value // into registers, in the function at hand
	again     func() value     // loads the first operand of the operation at hand once more, for want of registers to keep it
}

var targets = map[string]*target{
	"avx512": {suffix: "AVX512", lanes: 16, vector: ZMM, wide: true},
	"avx2":   {suffix: "AVX2", lanes: 8, vector: YMM},
}

func (t *target) bytes() int { return 4 * t.lanes }

// A value is registers in lockstep; one operand stands for as many equal ones.
type value []Op

func (v value) at(i int) Op { return v[i%len(v)] }

func size(values ...value) int {
	n := 0
	for _, v := range values {
		n = max(n, len(v))
	}
	return n
}

// fresh is n new registers.
func (t *target) fresh(n int) value {
	v := make(value, n)
	for i := range v {
		v[i] = t.vector()
	}
	return v
}

// bits is a constant of 32 bits in every lane: in AVX-512 a register, which is loaded where bits is first called in a function, in AVX2 an operand in memory.
func (t *target) bits(b uint32) value {
	m := t.constant(b)
	if !t.wide {
		return value{m}
	}
	if _, loaded := t.loaded[b]; !loaded {
		r := t.vector()
		VBROADCASTSS(m, r)
		t.loaded[b] = value{r}
	}
	return t.loaded[b]
}

func (t *target) float(x float32) value { return t.bits(bitsOf(x)) }

// register is a value in registers whatever it was, so that it may be a first operand.
func (t *target) register(v value) value {
	if _, memory := v[0].(Mem); !memory {
		return v
	}
	return t.copy(v)
}

// copy is v in registers that may be overwritten.
func (t *target) copy(v value) value { return t.copies(v, len(v)) }

// copies is v in n registers that may be overwritten.
func (t *target) copies(v value, n int) value {
	d := t.fresh(n)
	for i := range d {
		VMOVUPS(v.at(i), d[i])
	}
	return d
}

// An instruction of three operands, in the order of the assembler: second source, first source, destination.
type instruction func(ops ...Op)

// of applies an instruction to a and b, in this order.
func (t *target) of(f instruction, a, b value) value {
	if len(a) == 1 {
		a = t.register(a)
	}
	d := t.fresh(size(a, b))
	for i := range d {
		f(b.at(i), a.at(i), d[i])
	}
	return d
}

func (t *target) add(a, b value) value { return t.of(VADDPS, a, b) }
func (t *target) sub(a, b value) value { return t.of(VSUBPS, a, b) }
func (t *target) mul(a, b value) value { return t.of(VMULPS, a, b) }
func (t *target) div(a, b value) value { return t.of(VDIVPS, a, b) }
func (t *target) and(a, b value) value { return t.of(VANDPS, a, b) }
func (t *target) or(a, b value) value  { return t.of(VORPS, a, b) }
func (t *target) xor(a, b value) value { return t.of(VXORPS, a, b) }

// without is b where the bits of a are clear.
func (t *target) without(a, b value) value { return t.of(VANDNPS, a, b) }

// atLeast and atMost are max and min of a constant and x; a NaN in x stays, and of two zeros x's.
func (t *target) atLeast(constant, x value) value { return t.of(VMAXPS, constant, x) }
func (t *target) atMost(constant, x value) value  { return t.of(VMINPS, constant, x) }

func (t *target) addInts(a, b value) value {
	return t.of(func(ops ...Op) { VPADDD(ops...) }, a, b)
}

func (t *target) subInts(a, b value) value {
	return t.of(func(ops ...Op) { VPSUBD(ops...) }, a, b)
}

func (t *target) andInts(a, b value) value {
	if t.wide {
		return t.of(VPANDD, a, b)
	}
	return t.of(func(ops ...Op) { VPAND(ops[0], ops[1], ops[2]) }, a, b)
}

// shift applies a shift by a constant.
func (t *target) shift(f instruction, by int, a value) value {
	d := t.fresh(len(a))
	for i := range d {
		f(U8(by), a[i], d[i])
	}
	return d
}

func (t *target) left(a value, by int) value       { return t.shift(VPSLLD, by, a) }
func (t *target) arithmetic(a value, by int) value { return t.shift(VPSRAD, by, a) }

func (t *target) sqrt(a value) value {
	d := t.fresh(len(a))
	for i := range d {
		VSQRTPS(a[i], d[i])
	}
	return d
}

// toFloats converts integers.
func (t *target) toFloats(a value) value {
	d := t.fresh(len(a))
	for i := range d {
		VCVTDQ2PS(a[i], d[i])
	}
	return d
}

// The fused forms overwrite what they are named for: addMul is sum += a·b, subMul sum -= a·b, mulAdd p = p·a + b.
func (t *target) addMul(sum, a, b value) value { return overwrite(VFMADD231PS, sum, a, b) }
func (t *target) subMul(sum, a, b value) value { return overwrite(VFNMADD231PS, sum, a, b) }
func (t *target) mulAdd(p, a, b value) value   { return overwrite(VFMADD213PS, p, a, b) }

func overwrite(f instruction, d, a, b value) value {
	for i := range d {
		f(b.at(i), a.at(i), d[i])
	}
	return d
}

// horner evaluates a polynomial in x, its coefficients from the highest power down.
func (t *target) horner(x value, coefficients []value) value {
	step := instruction(VFMADD213PS)
	p := t.fresh(len(x))
	_, memory := coefficients[0][0].(Mem)
	for i := range p {
		if memory && t.wide {
			VBROADCASTSS(coefficients[0][0], p[i])
		} else {
			VMOVUPS(coefficients[0][0], p[i])
		}
	}
	if memory && t.wide {
		step = VFMADD213PS_BCST
	}
	for _, c := range coefficients[1:] {
		overwrite(step, p, x, c)
	}
	return p
}

// floats are constants.
func (t *target) floats(x ...float32) []value {
	v := make([]value, len(x))
	for i := range v {
		v[i] = t.float(x[i])
	}
	return v
}

// inMemory are constants that stay in memory, for want of registers. Only horner takes them.
func (t *target) inMemory(x ...float32) []value {
	v := make([]value, len(x))
	for i := range v {
		v[i] = value{t.constant(bitsOf(x[i]))}
	}
	return v
}
