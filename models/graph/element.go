package graph

import "math"

// An element is a function of numbers at one place of up to three operands, and of up to two constants. Every operation of
// it is rounded to the number type; functions like exp are computed in float64 (functions.go) and rounded once.
type element uint8

// The element functions: of x, y and z with constants c and d.
const (
	elementCopy         element = iota + 1 // x
	elementNeg                             // -x
	elementScale                           // c·x
	elementShift                           // c + x
	elementSigmoid                         // 1/(1+e⁻ˣ)
	elementTanh                            // tanh x
	elementReLU                            // x ≤ 0 ? 0 : x
	elementLeakyReLU                       // x ≤ 0 ? c·x : x
	elementSoftplus                        // log(1+eˣ)
	elementExp                             // eˣ
	elementLog                             // log x; NaN below 0, -Inf at 0
	elementSqrt                            // √x; NaN below 0
	elementSquare                          // x·x
	elementAbs                             // |x|
	elementSign                            // -1, 0 or 1 with the sign of x; a NaN stays one
	elementSin                             // sin x
	elementCos                             // cos x
	elementClamp                           // x < c ? c : x > d ? d : x
	elementAdd                             // x + y
	elementSub                             // x - y
	elementMul                             // x·y
	elementDiv                             // x/y
	elementMin                             // the smaller of x and y; NaN if one is
	elementMax                             // the larger of x and y; NaN if one is
	elementLess                            // x < y ? 1 : 0
	elementSelect                          // x ≠ 0 ? y : z
	elementKeep                            // x ≠ 0 ? y : 0
	elementDrop                            // x ≠ 0 ? 0 : y
	elementSigmoidSlope                    // x·(y·(1-y)): x is the gradient, y the result
	elementTanhSlope                       // x·(1-y·y)
	elementReLUSlope                       // y ≤ 0 ? 0 : x
	elementLeakySlope                      // y ≤ 0 ? c·x : x
	elementClampSlope                      // y < c or y > d ? 0 : x; y is the operand
)

// of is the function of one place.
func of[F Float](e element, c, d, x, y, z F) F {
	switch e {
	case elementAdd:
		return x + y
	case elementSub:
		return x - y
	case elementMul:
		return x * y
	case elementDiv:
		return x / y
	case elementMin:
		return min(x, y)
	case elementMax:
		return max(x, y)
	case elementLess:
		return choose(x < y, 1, F(0))
	case elementSelect:
		return choose(x != 0, y, z)
	case elementKeep:
		return choose(x != 0, y, 0)
	case elementDrop:
		return choose(x != 0, 0, y)
	case elementSigmoidSlope:
		return x * F(y*F(1-y))
	case elementTanhSlope:
		return x * F(1-F(y*y))
	case elementReLUSlope:
		return choose(y <= 0, 0, x)
	case elementLeakySlope:
		return choose(y <= 0, F(c*x), x)
	case elementClampSlope:
		return choose(y < c || y > d, 0, x)
	}
	return ofOne(e, c, d, x)
}

func ofOne[F Float](e element, c, d, x F) F {
	switch e {
	case elementNeg:
		return -x
	case elementScale:
		return c * x
	case elementShift:
		return c + x
	case elementReLU:
		return choose(x <= 0, 0, x)
	case elementLeakyReLU:
		return choose(x <= 0, F(c*x), x)
	case elementSquare:
		return x * x
	case elementClamp:
		return choose(x < c, c, choose(x > d, d, x))
	case elementSigmoid:
		return F(sigmoid64(float64(x)))
	case elementTanh:
		return F(tanh64(float64(x)))
	case elementSoftplus:
		return F(softplus64(float64(x)))
	case elementExp:
		return F(exp64(float64(x)))
	case elementLog:
		return F(log64(float64(x)))
	case elementSqrt:
		return F(math.Sqrt(float64(x)))
	case elementAbs:
		return F(math.Abs(float64(x)))
	case elementSign:
		return choose(x > 0, 1, choose(x < 0, -1, x))
	case elementSin:
		return F(sin64(float64(x)))
	case elementCos:
		return F(cos64(float64(x)))
	}
	return x // elementCopy
}

func choose[F Float](first bool, x, y F) F {
	if first {
		return x
	}
	return y
}

// doElements computes an element-wise op. Operands with one row or one column stand for as many as the result has.
func doElements[F Float](o *op, out matrix[F], in []matrix[F]) {
	c, d := F(o.attribute[0]), F(o.attribute[1])
	var data [3][]F
	var rowStep, colStep [3]int
	for i := range data {
		if i >= len(in) {
			data[i] = []F{0}
			continue
		}
		data[i] = in[i].data
		if in[i].rows > 1 {
			rowStep[i] = in[i].cols
		}
		if in[i].cols > 1 {
			colStep[i] = 1
		}
	}
	for r := range out.rows {
		x, y, z := data[0][r*rowStep[0]:], data[1][r*rowStep[1]:], data[2][r*rowStep[2]:]
		row := out.row(r)
		for j := range row {
			row[j] = of(o.rule.element, c, d, x[j*colStep[0]], y[j*colStep[1]], z[j*colStep[2]])
		}
	}
}
