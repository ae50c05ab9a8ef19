package kernel

import (
	"math"
	"unsafe"
)

// functionOf is one of the functions in plain Go.
func functionOf[F Float](o Op) func(a F) F {
	var f any = doubles[o]
	if unsafe.Sizeof(F(0)) == 4 {
		f = singles[o]
	}
	return f.(func(F) F)
}

// singles are the functions in float32.
var singles = [opCount]func(float32) float32{
	OpExp:      func(x float32) float32 { return float32(doubles[OpExp](float64(x))) },
	OpLog:      func(x float32) float32 { return float32(doubles[OpLog](float64(x))) },
	OpSigmoid:  func(x float32) float32 { return float32(doubles[OpSigmoid](float64(x))) },
	OpTanh:     func(x float32) float32 { return float32(doubles[OpTanh](float64(x))) },
	OpSoftplus: func(x float32) float32 { return float32(doubles[OpSoftplus](float64(x))) },
	OpSin:      func(x float32) float32 { return float32(doubles[OpSin](float64(x))) },
	OpCos:      func(x float32) float32 { return float32(doubles[OpCos](float64(x))) },
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
