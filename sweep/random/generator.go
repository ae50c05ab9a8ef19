package random

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// A Stream is a use of random numbers. Different streams of a seed are independent. The numbers are part of every result: they never change.
type Stream uint32

// The streams.
const (
	Init       Stream = 1 // initial weights; the lane is the number of the array
	Data       Stream = 2 // training data; the lane is the sequence of the batch
	Order      Stream = 3 // the order in which a finite data set is visited
	Noise      Stream = 4 // noise in a model or a task that has no data
	Evaluation Stream = 5 // an evaluation's data, keyed by the condition's own seed
	Space      Stream = 6 // points of a sweep's space, keyed by the sweep's own seed; the lane is the number of the draw

	EvaluationNoise Stream = 7 // noise in a model that is evaluated, keyed by the condition's own seed; the lane is the sequence of the batch
)

// A Generator draws the numbers of one lane of a stream, in order. It is not safe for concurrent use. Two with equal arguments of New
// give the same numbers for the same calls.
//
// Each block of four words goes either to the uniform methods or to the normal ones, whichever runs out first; what is left
// of a block stays for the next call of the same kind.
type Generator struct {
	key          [2]uint32
	lane, stream uint32
	block        uint64 // the next one

	words   [4]uint32
	word    int // of words: how many are used
	normals [4]float32
	normal  int // of normals: how many are used
}

// New makes the generator of a seed's stream and lane, at its beginning.
func New(seed int64, s Stream, lane uint32) *Generator {
	return &Generator{
		key:  [2]uint32{uint32(seed), uint32(uint64(seed) >> 32)},
		lane: lane, stream: uint32(s), word: 4, normal: 4,
	}
}

// At is New, but the generator begins at a block of its sequence: every block has four words, or four normal numbers.
func At(seed int64, s Stream, lane uint32, block uint64) *Generator {
	g := New(seed, s, lane)
	g.block = block
	return g
}

func (g *Generator) next() [4]uint32 {
	words := philox([4]uint32{uint32(g.block), uint32(g.block >> 32), g.lane, g.stream}, g.key)
	g.block++
	return words
}

// Uint32 draws a uniform 32-bit number.
func (g *Generator) Uint32() uint32 {
	if g.word == len(g.words) {
		g.words, g.word = g.next(), 0
	}
	g.word++
	return g.words[g.word-1]
}

// Uint64 draws a uniform 64-bit number: two words, the low one first.
func (g *Generator) Uint64() uint64 {
	low := g.Uint32()
	return uint64(g.Uint32())<<32 | uint64(low)
}

// IntN draws a uniform number from 0 to n-1, without bias (Lemire, "Fast random integer generation in an interval", 2019). Like its
// namesake in math/rand/v2, it panics if n < 1.
func (g *Generator) IntN(n int) int {
	if n < 1 {
		panic("random: IntN of a number below 1")
	}
	if uint64(n) > math.MaxUint32 {
		return g.int64N(uint64(n))
	}
	high, low := bits.Mul32(g.Uint32(), uint32(n))
	if low < uint32(n) {
		for reject := -uint32(n) % uint32(n); low < reject; {
			high, low = bits.Mul32(g.Uint32(), uint32(n))
		}
	}
	return int(high)
}

func (g *Generator) int64N(n uint64) int {
	high, low := bits.Mul64(g.Uint64(), n)
	for reject := -n % n; low < reject; {
		high, low = bits.Mul64(g.Uint64(), n)
	}
	return int(high)
}

// Float32 draws a uniform number from [0, 1): a multiple of 2⁻²⁴.
func (g *Generator) Float32() float32 { return float32(g.Uint32()>>8) * (1.0 / (1 << 24)) }

// Float64 draws a uniform number from [0, 1): a multiple of 2⁻⁵³.
func (g *Generator) Float64() float64 { return float64(g.Uint64()>>11) * (1.0 / (1 << 53)) }

// StateSize is the length of a State: block, used words and normals, words, normals.
const StateSize = 8 + 2 + 16 + 16

// State is where the generator stands, in 42 bytes. Seed, stream and lane are not part of it.
func (g *Generator) State() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, StateSize), g.block)
	b = append(b, byte(g.word), byte(g.normal))
	for i, w := range g.words {
		if i < g.word { // used words are not part of where it stands
			w = 0
		}
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	for i, n := range g.normals {
		if i < g.normal {
			n = 0
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(n))
	}
	return b
}

// Restore continues where the generator, of the same seed, stream and lane, stood when State was called. After an error nothing is changed.
func (g *Generator) Restore(state []byte) error {
	if len(state) != StateSize {
		return fmt.Errorf("restore a random generator: a state of %d bytes, want %d", len(state), StateSize)
	}
	word, normal := int(state[8]), int(state[9])
	if word > len(g.words) || normal > len(g.normals) {
		return fmt.Errorf("restore a random generator: %d used words and %d used normals, at most 4 are possible", word, normal)
	}
	g.block, g.word, g.normal = binary.LittleEndian.Uint64(state), word, normal
	for i := range g.words {
		g.words[i] = binary.LittleEndian.Uint32(state[10+4*i:])
		g.normals[i] = math.Float32frombits(binary.LittleEndian.Uint32(state[26+4*i:]))
	}
	return nil
}
