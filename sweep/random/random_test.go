package random

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// The known answers that the authors of Philox distribute with Random123 (kat_vectors, philox4x32 10).
func TestPublishedVectors(t *testing.T) {
	const all = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{all, all, all, all}, [2]uint32{all, all}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// Seed, block, lane and stream each have their place in key and counter.
func TestWhereANumberComesFrom(t *testing.T) {
	seed := int64(-0x123456789abcdef)
	g := New(seed, Data, 7)
	var got [8]uint32
	for i := range got {
		got[i] = g.Uint32()
	}
	key := [2]uint32{uint32(uint64(seed) & 0xffffffff), uint32(uint64(seed) >> 32)}
	first, second := philox([4]uint32{0, 0, 7, 2}, key), philox([4]uint32{1, 0, 7, 2}, key)
	if want := append(first[:], second[:]...); !slices.Equal(got[:], want) {
		t.Errorf("got %x, want %x", got, want)
	}
	g.block = 1<<32 + 5
	if want := philox([4]uint32{5, 1, 7, 2}, key)[0]; g.Uint32() != want {
		t.Error("the block counter has not 64 bits")
	}
}

// The first numbers of a seed. They are part of every stored result: a change here is a new revision of everything.
func TestGolden(t *testing.T) {
	var text strings.Builder
	g := New(2026, Init, 3)
	fmt.Fprintf(&text, "%08x %016x %d %d %x %x\n", g.Uint32(), g.Uint64(), g.IntN(1000), g.IntN(1<<40), g.Float32(), g.Float64())
	for range 8 {
		fmt.Fprintf(&text, "%08x ", math.Float32bits(g.Normal()))
	}
	fmt.Fprintf(&text, "%08x", math.Float32bits(g.TruncatedNormal(-2, 2)))
	const want = "47641434 4639d6b2a50a9caf 947 471727571244 0x1.94f31cp-02 0x1.8feca03f1be02p-01\n" +
		"bd31792f 3fb41616 3f86d988 3f10e482 bf237d26 3f039478 402ae6db 3f83bdb3 bf3810ef"
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &text, want)
	}

	// A hundred thousand more, as one digest (FNV-1a).
	sum := uint64(14695981039346656037)
	buffer := make([]float32, 1000)
	for range 100 {
		g.Normals(buffer)
		for _, v := range buffer {
			sum = (sum ^ uint64(math.Float32bits(v))) * 1099511628211
		}
	}
	if sum != 0xf86678ac58587fd3 {
		t.Errorf("the digest of 100,000 normal numbers is %#x", sum)
	}
}

func TestNormalsIsRepeatedNormal(t *testing.T) {
	one, many := New(5, Noise, 0), New(5, Noise, 0)
	for n := range 23 {
		dst := make([]float32, n)
		many.Normals(dst)
		for i, v := range dst {
			if w := one.Normal(); v != w {
				t.Fatalf("number %d of %d is %g, want %g", i, n, v, w)
			}
		}
		if one.Uint32() != many.Uint32() {
			t.Fatal("the words between differ")
		}
	}
}

// Put aside after any number of words and normals, a generator goes on with the same numbers.
func TestStateAndRestore(t *testing.T) {
	for words := range 6 {
		for normals := range 6 {
			g := New(11, Data, 1)
			for range words {
				g.Uint32()
			}
			for range normals {
				g.Normal()
			}
			state := g.State()
			h := New(11, Data, 1)
			if err := h.Restore(state); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(h.State(), state) {
				t.Fatalf("after %d words and %d normals, another state comes back", words, normals)
			}
			for range 9 {
				if g.Uint32() != h.Uint32() || g.Normal() != h.Normal() {
					t.Fatalf("after %d words and %d normals, other numbers follow", words, normals)
				}
			}
		}
	}
	g := New(11, Data, 1)
	before := g.State()
	for _, bad := range [][]byte{nil, before[1:], append(slices.Clone(before), 0), append(bytes.Repeat([]byte{9}, 10), before[10:]...)} {
		if g.Restore(bad) == nil {
			t.Errorf("a state of %d bytes is accepted", len(bad))
		}
	}
	if !bytes.Equal(g.State(), before) {
		t.Error("a bad state changed the generator")
	}
}

func TestNoAllocations(t *testing.T) {
	g := New(1, Data, 0)
	dst := make([]float32, 10)
	if n := testing.AllocsPerRun(10, func() { g.Normals(dst); g.IntN(7); g.Float64(); g.TruncatedNormal(-1, 1) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkNormals(b *testing.B) {
	g := New(1, Data, 0)
	dst := make([]float32, 1024)
	b.SetBytes(1024)
	for b.Loop() {
		g.Normals(dst)
	}
}
