package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"neurosweep/sweep/random"
)

// Every set gives a generator's numbers, from any block on, across the carry between its words, for any number of them and no further.
func TestNormals(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	memory := newFence(t, 3000)
	for trial := range 200 {
		n := r.IntN([]int{3, 70, 3000}[r.IntN(3)])
		dst := memory.floats(n, trial%2 == 0)
		seed, stream, lane := int64(r.Uint64()), random.Stream(1+r.IntN(6)), r.Uint32()
		block := r.Uint64() >> r.IntN(64)
		if trial%3 == 0 {
			block = 1<<32 - uint64(r.IntN(40))
		}
		for _, isa := range ISAs() {
			g := random.At(seed, stream, lane, block)
			clear(dst)
			Set32(isa).Normals(dst, seed, stream, lane, block)
			for i, v := range dst {
				if want := g.Normal(); math.Float32bits(v) != math.Float32bits(want) {
					t.Fatalf("%s: number %d of %d from block %d is %x, want %x", isa, i, n, block, v, want)
				}
			}
		}
	}
	wide, narrow := make([]float64, 9), make([]float32, 9)
	Set64().Normals(wide, 1, random.Noise, 2, 3)
	Set32(Generic).Normals(narrow, 1, random.Noise, 2, 3)
	for i := range wide {
		if wide[i] != float64(narrow[i]) {
			t.Errorf("number %d is %g in float64 and %g in float32", i, wide[i], narrow[i])
		}
	}
}

// A million numbers, in which all quadrants and the tails occur, longer than a call of the assembly.
func TestManyNormals(t *testing.T) {
	want, got := make([]float32, 1_000_003), make([]float32, 1_000_003)
	Set32(Generic).Normals(want, 3, random.Data, 1, 0)
	for _, isa := range fast() {
		Set32(isa).Normals(got, 3, random.Data, 1, 0)
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("%s: number %d is %x, want %x", isa, i, got[i], want[i])
		}
	}
}

func TestNormalsDoNotAllocate(t *testing.T) {
	dst := make([]float32, 333)
	for _, isa := range ISAs() {
		s := Set32(isa)
		if n := testing.AllocsPerRun(20, func() { s.Normals(dst, 1, random.Noise, 2, 3) }); n != 0 {
			t.Errorf("%s: %v allocations", isa, n)
		}
	}
}

// The generator of the assembly writes these numbers down for itself.
func TestBlocksLayout(t *testing.T) {
	var b blocks
	for i, offset := range []uintptr{
		unsafe.Offsetof(b.normals), unsafe.Offsetof(b.block), unsafe.Offsetof(b.lane), unsafe.Offsetof(b.steps), unsafe.Offsetof(b.keys),
	} {
		if offset != uintptr(8*i) {
			t.Errorf("field %d of blocks is at %d", i, offset)
		}
	}
}
