package main

// The operations that are an instruction or a few. Package kernel's op.go defines what they compute.

func simple(f func(t *target, a, b value) value) func(*target) func([]value) value {
	return func(t *target) func([]value) value {
		return func(in []value) value { return f(t, in[0], in[1]) }
	}
}

func bitwise(f func(t *target, a, b value) value, constant uint32) func(*target) func([]value) value {
	return func(t *target) func([]value) value {
		c := t.bits(constant)
		return func(in []value) value { return f(t, in[0], c) }
	}
}

func fused(f func(t *target, sum, a, b value) value) func(*target) func([]value) value {
	return func(t *target) func([]value) value {
		return func(in []value) value { return f(t, in[2], in[0], in[1]) }
	}
}

// extreme is min or max: the instruction gives its second operand where one is a NaN, so that a NaN in the first is put back.
func extreme(f func(t *target, a, b value) value) func(*target) func([]value) value {
	return func(t *target) func([]value) value {
		return func(in []value) value {
			a, b := in[0], in[1]
			return t.choose(t.compare(unordered, a, a), a, f(t, a, b))
		}
	}
}

func (t *target) sign() func([]value) value {
	signBit, one, zero := t.bits(1<<31), t.float(1), t.float(0)
	return func(in []value) value {
		a := in[0]
		return t.choose(t.compare(notEqual, a, zero), t.or(t.and(a, signBit), one), a)
	}
}

func (t *target) relu() func([]value) value {
	zero := t.float(0)
	return func(in []value) value { return t.keep(t.compare(notLessOrEqual, in[0], zero), in[0]) }
}

func (t *target) dReLU() func([]value) value {
	zero := t.float(0)
	return func(in []value) value {
		a, b := in[0], in[1]
		positive := t.keep(t.compare(greaterThan, b, zero), a)
		return t.choose(t.compare(unordered, b, b), b, positive)
	}
}

func (t *target) less() func([]value) value {
	one := t.float(1)
	return func(in []value) value { return t.keep(t.compare(lessThan, in[0], in[1]), one) }
}

func (t *target) leaky() func([]value) value {
	zero := t.float(0)
	return func(in []value) value {
		return t.choose(t.compare(notLessOrEqual, in[0], zero), in[0], t.mul(in[0], in[1]))
	}
}

func (t *target) dLeaky() func([]value) value {
	zero := t.float(0)
	return func(in []value) value {
		a, b := in[0], in[1]
		y := t.choose(t.compare(greaterThan, b, zero), a, t.mul(a, in[2]))
		return t.choose(t.compare(unordered, b, b), b, y)
	}
}

func (t *target) dSigmoid() func([]value) value {
	one := t.float(1)
	return func(in []value) value {
		a, b := in[0], in[1]
		return t.mul(a, t.mul(b, t.sub(one, b)))
	}
}

func (t *target) dTanh() func([]value) value {
	one := t.float(1)
	return func(in []value) value {
		a, b := in[0], in[1]
		return t.mul(a, t.subMul(t.copies(one, len(b)), b, b))
	}
}

func (t *target) selection() func([]value) value {
	zero := t.float(0)
	return func(in []value) value { return t.choose(t.compare(differs, in[0], zero), in[1], in[2]) }
}
