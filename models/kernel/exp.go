package kernel

import "math"

// Exp is e^x in float64 for x ≤ 0 as softmax needs it, with a relative error below 2e-11; it works for any x whose result is a normal number.
// Below -700 it is 0, above 700 infinite; a NaN stays one.
//
// x = k·ln 2 + r with |r| ≤ ln 2 / 2, and e^r by its Taylor polynomial of degree 10.
func Exp(x float64) float64 {
	const (
		log2e = 1.44269504088896340735992468100189214
		ln2Hi = 6.93147180369123816490e-01 // ln 2 without its last bits: k·ln2Hi is exact
		ln2Lo = 1.90821492927058770002e-10
	)
	switch {
	case x == 0: // a softmax has one in each row
		return 1
	case x < -700:
		return 0
	case x > 700:
		return math.Inf(1)
	case x != x:
		return x
	}
	k := math.RoundToEven(x * log2e)
	r := x - float64(k*ln2Hi)
	r -= float64(k * ln2Lo)
	p := 1.0 / 3628800
	for _, c := range [...]float64{1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1} {
		p = float64(p*r) + c
	}
	return p * math.Float64frombits(uint64(int64(k)+1023)<<52)
}

// Log is the natural logarithm of a positive normal number, with an error below 1e-12 (absolute, or relative where the result is large).
// A NaN stays one; +Inf stays +Inf; what is not positive gives a NaN.
//
// x = 2^e·m with √½ ≤ m < √2, and log m = 2 artanh t, t = (m-1)/(m+1), by its series up to t^15.
func Log(x float64) float64 {
	const ln2 = 0.693147180559945309417232121458176568
	switch {
	case x != x || math.IsInf(x, 1):
		return x
	case x <= 0:
		return math.NaN()
	}
	bits := math.Float64bits(x)
	m, e := math.Float64frombits(bits&(1<<52-1)|1022<<52), int(bits>>52)-1022 // of a normal number, what math.Frexp gives
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	t := (m - 1) / (m + 1)
	s := t * t
	p := 1.0 / 15
	for _, c := range [...]float64{1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1} {
		p = float64(p*s) + c
	}
	return float64(2*t*p) + float64(float64(e)*ln2)
}
