package random

import "math"

// FMA is a·b + c in float32, rounded once: what a processor's fused multiply-add gives, on any processor.
//
// float32(math.FMA(…)) would round twice, to float64 and then to float32, and be wrong for about one argument in 10⁷. Here the product is exact in
// float64 (a compiler may fuse it with the sum), so that only the sum is rounded twice, which is wrong only where the first rounding ends halfway between two float32 numbers: their last 29 bits
// are then a one and zeros, or the number is too small to have all its bits. Those take the slow path. The bits of a NaN are not specified.
func FMA(a, b, c float32) float32 {
	sum := float64(a)*float64(b) + float64(c)
	if bits := math.Float64bits(sum); bits&0x1fffffff != 0x10000000 && bits<<1 >= 0x381<<53 {
		return float32(sum)
	}
	return roundToOdd(a, b, c)
}

// roundToOdd is FMA for all numbers. The sum is first rounded to odd (Boldo & Melquiond, "Emulation of FMA and correctly rounded sums", 2008), so that the
// second rounding sees on which side of a tie it lies.
func roundToOdd(a, b, c float32) float32 {
	product, z := float64(a)*float64(b), float64(c)
	sum := product + z
	v := sum - product
	rest := (product - (sum - v)) + (z - v) // sum + rest is exact (Knuth's two-sum)
	if bits := math.Float64bits(sum); rest != 0 && rest == rest && bits&1 == 0 && !math.IsInf(sum, 0) {
		if rest > 0 == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}
