package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// A fence is memory between two pages that must not be touched: reading or writing beyond a slice that ends (or begins) there kills the test.
type fence struct{ inside []byte }

func newFence(t *testing.T, floats int) fence {
	t.Helper()
	page := syscall.Getpagesize()
	pages := (4*floats + page - 1) / page
	all, err := syscall.Mmap(-1, 0, (pages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, outside := range [][]byte{all[:page], all[(pages+1)*page:]} {
		if err := syscall.Mprotect(outside, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return fence{all[page : (pages+1)*page]}
}

// floats is n numbers at the end of the memory (or at its beginning).
func (f fence) floats(n int, atEnd bool) []float32 {
	all := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(f.inside))), len(f.inside)/4)
	if atEnd {
		return all[len(all)-n:]
	}
	return all[:n:n]
}

// nan is a NaN that no computation gives: what lies between rows, to be neither used nor changed.
var nan = math.Float32frombits(0x7fc0abcd)

// rows fills s with rows of width numbers, ld apart, and NaN between them. Special numbers are among them if wanted.
func rows(r *rand.Rand, s []float32, height, width, ld int, special bool) {
	for i := range s {
		s[i] = nan
	}
	for i := range height {
		for j := range width {
			s[i*ld+j] = number(r, special)
		}
	}
}

var specials = []float32{
	0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1p-140, 0x1p-126, math.MaxFloat32, -math.MaxFloat32, 0x1p-70,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

func number(r *rand.Rand, special bool) float32 {
	if special && r.IntN(20) == 0 {
		return specials[r.IntN(len(specials))]
	}
	return float32(r.NormFloat64())
}

// sameBits tells whether two numbers are the same: any NaN is like another, unless it is the one between the rows.
func sameBits(a, b float32) bool {
	x, y := math.Float32bits(a), math.Float32bits(b)
	fenced := math.Float32bits(nan)
	return x == y || a != a && b != b && x != fenced && y != fenced
}

// firstDifference is the index of the first pair that differs, or -1.
func firstDifference(a, b []float32) int {
	for i := range a {
		if !sameBits(a[i], b[i]) {
			return i
		}
	}
	return -1
}

func TestFirstDifference(t *testing.T) {
	a := []float32{0, float32(math.NaN()), nan, 1}
	for i, other := range []float32{float32(math.Copysign(0, -1)), nan, float32(math.NaN()), math.Nextafter32(1, 2)} {
		b := slices.Clone(a)
		if firstDifference(a, b) != -1 {
			t.Fatal("a slice differs from itself")
		}
		if b[i] = other; firstDifference(a, b) != i {
			t.Errorf("%g and %g are the same", a[i], b[i])
		}
	}
}
