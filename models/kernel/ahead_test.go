package kernel

import (
	"testing"
	"unsafe"
)

// A step's parts are whole lines around what a walk says, and the next step's lie further on.
func TestWalks(t *testing.T) {
	memory := Aligned[float32](1 << 10)
	at := func(i int) uintptr { return addressOf(memory) + uintptr(4*i) }
	var a Ahead
	a.Clear()
	Walk(&a, memory, 20, 16, 64) // from the middle of a line to the middle of the next one
	Walk(&a, memory, 512, 1, -32)
	a.Step()
	for step, want := range [][]part{{{at(16), 2}, {at(512), 1}}, {{at(80), 2}, {at(480), 1}}, {{at(144), 2}, {at(448), 1}}} {
		for i, p := range want {
			if a.parts[i] != p {
				t.Errorf("step %d, walk %d: %+v, want %+v", step, i, a.parts[i], p)
			}
		}
		if last := a.parts[len(a.parts)-1]; len(a.parts) != 3 || last != (part{}) {
			t.Errorf("step %d ends with %+v, which is part %d", step, last, len(a.parts)-1)
		}
		a.Step()
	}
	if a.Clear(); len(a.parts) != 1 || a.parts[0] != (part{}) {
		t.Errorf("after Clear there are %+v", a.parts)
	}
}

// Products bring in as many lines as their tiles have turns of the inner loop, part after part, and the next product goes on from there.
func TestProductsBringInWhatIsAhead(t *testing.T) {
	for _, isa := range ISAs()[1:] {
		s := Set32(isa)
		const m, n, k = 3, 16, 10 // in AVX-512 one tile of three rows; in AVX2 one of two registers
		a, c, packed := make([]float32, m*k), make([]float32, m*n), make([]float32, s.PackedSize(k, n))
		product := s.Product(ProductShape{N: n, K: k, Ldc: n, Lda: k})
		memory := Aligned[float32](1 << 10)
		ahead := new(Ahead).Clear()
		Walk(ahead, memory, 0, 4*16, 0)
		Walk(ahead, memory, 512, 3*16, 0)
		Walk(ahead, memory, 256, 9*16, 0)
		ahead.Step()
		begin := addressOf(memory)
		for i, want := range [][]part{
			{{begin + 4*64, 0}, {begin + 2048 + 3*64, 0}, {begin + 1024 + 3*64, 6}},
			{{begin + 4*64, 0}, {begin + 2048 + 3*64, 0}, {begin + 1024 + 9*64, 0}},
			{{begin + 4*64, 0}, {begin + 2048 + 3*64, 0}, {begin + 1024 + 9*64, 0}},
		} {
			product.Run(m, c, a, packed, nil, nil, new(Ahead)) // brings in nothing
			product.Run(m, c, a, packed, nil, nil, ahead)
			for j, p := range want {
				if ahead.parts[j] != p {
					t.Errorf("%s: after %d products part %d is %+v, want %+v", isa, i+1, j, ahead.parts[j], p)
				}
			}
			left := uintptr(2)
			if i > 0 {
				left = 3
			}
			if next := (ahead.next - addressOf(ahead.parts)) / unsafe.Sizeof(part{}); next != left {
				t.Errorf("%s: after %d products part %d is the next, want %d", isa, i+1, next, left)
			}
		}
	}
}
