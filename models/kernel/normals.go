package kernel

import (
	"unsafe"

	"neurosweep/sweep/random"
)

// Normals fills dst with normal numbers: those that a generator of the seed's stream and lane gives from its block number block on (four a block). The bits are the
// generator's; in float64 they are the same numbers.
func (s *Set[F]) Normals(dst []F, seed int64, stream random.Stream, lane uint32, block uint64) {
	if s.ISA != Generic && len(dst) > 0 {
		normals(s.ISA, unsafe.Slice((*float32)(address(dst)), len(dst)), seed, stream, lane, block)
		return
	}
	g := random.At(seed, stream, lane, block)
	for i := range dst {
		dst[i] = F(g.Normal())
	}
}

// A blocks is what the assembly makes normal numbers of. The generator of the assembly knows the offsets of its fields, which a test checks.
type blocks struct {
	normals unsafe.Pointer
	block   uint64 // the number of the first block
	lane    uint64 // the upper half of all counters: stream, then lane
	steps   int    // how often the assembly makes as many as it makes at once
	keys    [2 * random.Rounds]uint64
}

// callNormals is how many numbers a call of the assembly makes at most: it cannot be interrupted, and the garbage collector would wait for it.
const callNormals = 1 << 15

// normals is Normals in assembly. Of the two functions one makes as many numbers at once as two registers hold, the other some times as many in little more time; what does not fill the
// one that takes less time goes by way of the stack.
func normals(isa ISA, dst []float32, seed int64, stream random.Stream, lane uint32, block uint64) {
	b := blocks{lane: uint64(lane)<<32 | uint64(stream)}
	for round, key := range random.Keys(seed) {
		b.keys[2*round], b.keys[2*round+1] = uint64(key[0])<<32, uint64(key[1])<<32
	}
	few := 2 * isa.lanes()
	many := few * isa.lanes() / 4
	var last [2 * 16 * 4]float32
	for len(dst) > 0 {
		size := many
		if len(dst) <= few {
			size = few
		}
		n := min(len(dst), callNormals) / size * size
		b.block = block
		if n == 0 {
			b.normals, b.steps = unsafe.Pointer(&last), 1
			isa.normals(&b, size == many)
			n = copy(dst, last[:size])
		} else {
			b.normals, b.steps = address(dst), n/size
			isa.normals(&b, size == many)
		}
		dst, block = dst[n:], block+uint64(n/4)
	}
}
