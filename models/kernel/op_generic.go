package kernel

import "math"

// unaryOf is an operation of one operand in plain Go.
func unaryOf[F Float](o Op) func(a F) F {
	switch o {
	case OpCopy:
		return func(a F) F { return a }
	case OpNeg:
		return func(a F) F { return -a }
	case OpAbs:
		return func(a F) F { return F(math.Abs(float64(a))) }
	case OpSign:
		return sign[F]
	case OpSqrt:
		// Rounding a float64 root is rounding the root: 53 ≥ 2·24+2 bits.
		return func(a F) F { return F(math.Sqrt(float64(a))) }
	case OpReLU:
		return func(a F) F { return dReLU(a, a) }
	}
	return functionOf[F](o)
}

// binaryOf is an operation of two operands in plain Go.
func binaryOf[F Float](o Op) func(a, b F) F {
	switch o {
	case OpAdd:
		return func(a, b F) F { return a + b }
	case OpSub:
		return func(a, b F) F { return a - b }
	case OpMul:
		return func(a, b F) F { return a * b }
	case OpDiv:
		return func(a, b F) F { return a / b }
	case OpMin:
		return func(a, b F) F {
			if a < b || a != a {
				return a
			}
			return b
		}
	case OpMax:
		return larger[F]
	case OpLess:
		return func(a, b F) F {
			if a < b {
				return 1
			}
			return 0
		}
	case OpLeaky:
		return func(a, b F) F { return dLeaky(a, a, b) }
	case OpDSigmoid:
		return func(a, b F) F { return a * F(b*F(1-b)) }
	case OpDTanh:
		return func(a, b F) F { return a * fma(-b, b, 1) }
	case OpDReLU:
		return dReLU[F]
	}
	panic("kernel: no plain Go twin of " + o.String())
}

// ternaryOf is an operation of three operands in plain Go.
func ternaryOf[F Float](o Op) func(a, b, c F) F {
	switch o {
	case OpFMA:
		return fma[F]
	case OpFNMA:
		return func(a, b, c F) F { return fma(-a, b, c) }
	case OpSelect:
		return func(a, b, c F) F {
			if a != 0 {
				return b
			}
			return c
		}
	case OpDLeaky:
		return dLeaky[F]
	}
	panic("kernel: no plain Go twin of " + o.String())
}

func larger[F Float](a, b F) F {
	if a > b || a != a {
		return a
	}
	return b
}

func sign[F Float](a F) F {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return a
}

// dReLU is a where b > 0, 0 where b ≤ 0, and NaN where b is.
func dReLU[F Float](a, b F) F {
	switch {
	case b > 0:
		return a
	case b <= 0:
		return 0
	}
	return b
}

// dLeaky is a where b > 0, a·slope where b ≤ 0, and NaN where b is.
func dLeaky[F Float](a, b, slope F) F {
	switch {
	case b > 0:
		return a
	case b <= 0:
		return a * slope
	}
	return b
}
