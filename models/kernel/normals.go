package kernel

import "neurosweep/sweep/random"

// Normals fills dst with normal numbers: those that a generator of the seed's stream and lane gives from its block number block on (four a block). The bits are the
// generator's; in float64 they are the same numbers.
func (s *Set[F]) Normals(dst []F, seed int64, stream random.Stream, lane uint32, block uint64) {
	g := random.At(seed, stream, lane, block)
	for i := range dst {
		dst[i] = F(g.Normal())
	}
}
