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
	start     int              // of those that are looked up, in the table
	offsets   map[uint32]int   // in the table
	loaded    map[uint32]value // into registers, in the function at hand
	spare     int              // registers that the function at hand has for constants
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

// bits is a constant of 32 bits in every lane: a register for as many as the function at hand can spare, in the order in which it asks, else an operand in memory.
func (t *target) bits(b uint32) value {
	m := t.constant(b)
	if v, loaded := t.loaded[b]; loaded {
		return v
	}
	if len(t.loaded) >= t.spare {
		return value{m}
	}
	r := t.vector()
	if t.wide {
		VBROADCASTSS(m, r)
	} else {
		VMOVUPS(m, r)
	}
	t.loaded[b] = value{r}
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
	_, memory := v[0].(Mem)
	for i := range d {
		if memory && t.wide {
			VBROADCASTSS(v.at(i), d[i])
		} else {
			VMOVUPS(v.at(i), d[i])
		}
	}
	return d
}

// An instruction has three operands, in the order of the assembler: second source, first source, destination. In AVX-512 there is a form of its own that broadcasts a number
// in memory to all lanes of the second source.
type instruction struct{ plain, broadcast func(ops ...Op) }

// emit chooses the form. A number in memory is one for all lanes in AVX-512, and a whole register of equal ones in AVX2.
func (t *target) emit(f instruction, second, first, to Op) {
	if _, memory := second.(Mem); memory && t.wide {
		f.broadcast(second, first, to)
	} else {
		f.plain(second, first, to)
	}
}

// of applies an instruction to a and b, in this order.
func (t *target) of(f instruction, a, b value) value {
	a = t.register(a)
	d := t.fresh(size(a, b))
	for i := range d {
		t.emit(f, b.at(i), a.at(i), d[i])
	}
	return d
}

var (
	addition       = instruction{VADDPS, VADDPS_BCST}
	subtraction    = instruction{VSUBPS, VSUBPS_BCST}
	multiplication = instruction{VMULPS, VMULPS_BCST}
	division       = instruction{VDIVPS, VDIVPS_BCST}
	conjunction    = instruction{VANDPS, VANDPS_BCST}
	disjunction    = instruction{VORPS, VORPS_BCST}
	exclusion      = instruction{VXORPS, VXORPS_BCST}
	withoutBits    = instruction{VANDNPS, VANDNPS_BCST}
	maximum        = instruction{VMAXPS, VMAXPS_BCST}
	minimum        = instruction{VMINPS, VMINPS_BCST}
	intAddition    = instruction{VPADDD, VPADDD_BCST}
	intSubtraction = instruction{VPSUBD, VPSUBD_BCST}
	product        = instruction{VPMULUDQ, VPMULUDQ_BCST}
	powerScaling   = instruction{VSCALEFPS, VSCALEFPS_BCST}
	fusedAddition  = instruction{VFMADD231PS, VFMADD231PS_BCST}
	fusedRemainder = instruction{VFNMADD231PS, VFNMADD231PS_BCST}
	fusedStep      = instruction{VFMADD213PS, VFMADD213PS_BCST}
)

func (t *target) add(a, b value) value     { return t.of(addition, a, b) }
func (t *target) sub(a, b value) value     { return t.of(subtraction, a, b) }
func (t *target) mul(a, b value) value     { return t.of(multiplication, a, b) }
func (t *target) div(a, b value) value     { return t.of(division, a, b) }
func (t *target) and(a, b value) value     { return t.of(conjunction, a, b) }
func (t *target) or(a, b value) value      { return t.of(disjunction, a, b) }
func (t *target) xor(a, b value) value     { return t.of(exclusion, a, b) }
func (t *target) addInts(a, b value) value { return t.of(intAddition, a, b) }
func (t *target) subInts(a, b value) value { return t.of(intSubtraction, a, b) }

// without is b where the bits of a are clear.
func (t *target) without(a, b value) value { return t.of(withoutBits, a, b) }

// atLeast and atMost are max and min of a constant and x; a NaN in x stays, and of two zeros x's.
func (t *target) atLeast(constant, x value) value { return t.of(maximum, constant, x) }
func (t *target) atMost(constant, x value) value  { return t.of(minimum, constant, x) }

// shift applies a shift by a constant.
func (t *target) shift(f func(ops ...Op), by int, a value) value {
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
func (t *target) addMul(sum, a, b value) value { return t.overwrite(fusedAddition, sum, a, b) }
func (t *target) subMul(sum, a, b value) value { return t.overwrite(fusedRemainder, sum, a, b) }
func (t *target) mulAdd(p, a, b value) value   { return t.overwrite(fusedStep, p, a, b) }

func (t *target) overwrite(f instruction, d, a, b value) value {
	for i := range d {
		t.emit(f, b.at(i), a.at(i), d[i])
	}
	return d
}

// horner evaluates a polynomial in x, its coefficients from the highest power down.
func (t *target) horner(x value, coefficients []value) value {
	p := t.copies(coefficients[0], len(x))
	for _, c := range coefficients[1:] {
		t.mulAdd(p, x, c)
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
