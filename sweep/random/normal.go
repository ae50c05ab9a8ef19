package random

import "math"

// Normal draws from the standard normal distribution. The largest value that it can give is 6.66.
func (g *Generator) Normal() float32 {
	if g.normal == len(g.normals) {
		g.normals, g.normal = fourNormals(g.next()), 0
	}
	g.normal++
	return g.normals[g.normal-1]
}

// Normals fills dst as repeated calls of Normal would.
func (g *Generator) Normals(dst []float32) { g.NormalsBy(Blocks, dst) }

// A Fill fills dst, whole blocks, with the normal numbers of a seed's stream and lane from a block on. Blocks is one; others give the same numbers in less time.
type Fill func(dst []float32, seed int64, s Stream, lane uint32, block uint64)

// NormalsBy is Normals, with whole blocks computed by fill.
func (g *Generator) NormalsBy(fill Fill, dst []float32) {
	for len(dst) > 0 && g.normal < len(g.normals) {
		dst[0] = g.Normal()
		dst = dst[1:]
	}
	if n := len(dst) / 4; n > 0 {
		fill(dst[:4*n], int64(uint64(g.key[1])<<32|uint64(g.key[0])), Stream(g.stream), g.lane, g.block)
		g.block += uint64(n)
		dst = dst[4*n:]
	}
	for i := range dst {
		dst[i] = g.Normal()
	}
}

// Blocks is the Fill in plain Go.
func Blocks(dst []float32, seed int64, s Stream, lane uint32, block uint64) {
	for g := At(seed, s, lane, block); len(dst) >= 4; dst = dst[4:] {
		four := fourNormals(g.next())
		copy(dst, four[:])
	}
}

// TruncatedNormal draws from the standard normal distribution between lo and hi, by drawing until a value lies there. It is meant for intervals that
// hold a good part of the distribution. It panics unless lo < hi and the two lie around, or within, (-5, 5), beyond which it might draw for ever.
func (g *Generator) TruncatedNormal(lo, hi float32) float32 {
	if !(lo < hi) || !(lo < 5) || !(hi > -5) {
		panic("random: TruncatedNormal of an interval that is empty or far out")
	}
	for {
		if v := g.Normal(); lo <= v && v <= hi {
			return v
		}
	}
}

// fourNormals turns the words of a block into four normal numbers, two from each pair.
func fourNormals(w [4]uint32) (n [4]float32) {
	n[0], n[1] = boxMuller(w[0], w[1])
	n[2], n[3] = boxMuller(w[2], w[3])
	return n
}

// boxMuller turns two words into two independent normal numbers, √(-2 ln u)·cos a and √(-2 ln u)·sin a, with an error below 3 units in the last place.
//
// u = (⌊w0/2⌋ + ½)/2³¹, rounded, lies in [2⁻³², 1]: the tails are finest. The two top bits of w1 are the quadrant of the angle, the other
// thirty its place in it, symmetrical about the middle: a = (quadrant + f)·π/2 with |f| < ½. Conversions are of signed numbers because
// processors without AVX-512 have no others.
func boxMuller(w0, w1 uint32) (float32, float32) {
	u := FMA(float32(int32(w0>>1)), 1.0/(1<<31), 1.0/(1<<32))
	radius := float32(math.Sqrt(float64(-2 * ln(u)))) // rounding a float64 root is rounding the root: 53 ≥ 2·24+2 bits
	f := float32(int32(w1<<2|2)) * (1.0 / (1 << 32))
	s, c := quarterTurn(f)
	switch w1 >> 30 {
	case 0:
		return radius * c, radius * s
	case 1:
		return radius * -s, radius * c
	case 2:
		return radius * -c, radius * -s
	default:
		return radius * s, radius * -c
	}
}

// ln 2 as the sum of two float32.
const (
	ln2High float32 = 0x1.62e43p-1
	ln2Low  float32 = -0x1.05c61p-29
)

// ln is the natural logarithm of a positive normal number, with an error below 1 unit in the last place for numbers up to 1.
//
// u = 2^e·(1+f) with √½ ≤ 1+f < √2, and ln(1+f) = f - f²/2 + f³·P(f); P is the minimax polynomial for the relative error
// of the whole (2⁻²⁷·⁵), its coefficients rounded one after the other, the rest fitted again each time.
func ln(u float32) float32 {
	const sqrtHalf = 0x3f3504f3 // the bits of √½
	bits := math.Float32bits(u)
	e := int32(bits-sqrtHalf) >> 23
	f := math.Float32frombits(bits-uint32(e)<<23) - 1
	k := float32(e)
	p := float32(0.05355095490813255)
	for _, c := range [...]float32{-0.10919814556837082, 0.12107615172863007, -0.12549611926078796, 0.1420963853597641,
		-0.1665937304496765, 0.20002222061157227, -0.2500016689300537, 0.3333331346511841} {
		p = FMA(p, f, c)
	}
	square := float32(f * f)
	y := float32(f * square)
	y = FMA(y, p, float32(k*ln2Low))
	y = FMA(-0.5, square, y)
	return FMA(k, ln2High, f+y)
}

// π/2 as the sum of two float32.
const (
	halfPiHigh float32 = 0x1.921fb6p+0
	halfPiLow  float32 = -0x1.777a5cp-25
)

// quarterTurn is the sine and cosine of f·π/2 for |f| ≤ ½, each with an error below 1 unit in the last place. The polynomials in f² are minimax for the
// relative error, fitted as that of ln: 2⁻²⁷·⁹ for the sine, 2⁻³¹ for the cosine.
func quarterTurn(f float32) (sin, cos float32) {
	z := float32(f * f)
	s := float32(-0.004603731911629438)
	for _, c := range [...]float32{0.07968108355998993, -0.6459636092185974, halfPiLow} {
		s = FMA(s, z, c)
	}
	sin = FMA(f, halfPiHigh, float32(f*s))
	cos = float32(0.0008934551733545959)
	for _, c := range [...]float32{-0.020855234935879707, 0.25366851687431335, -1.2337005138397217, 1} {
		cos = FMA(cos, z, c)
	}
	return sin, cos
}
