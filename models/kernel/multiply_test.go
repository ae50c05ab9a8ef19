package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// The chain of one element, rounded once a step, in exact arithmetic.
func exactChain(start float32, a, b []float32) float32 {
	sum := start
	for l := range a {
		p := new(big.Float).SetPrec(1000).Mul(big.NewFloat(float64(a[l])), big.NewFloat(float64(b[l])))
		sum, _ = p.Add(p, big.NewFloat(float64(sum))).Float32()
	}
	return sum
}

// Every set against exact arithmetic, with the product that two roundings get wrong (2⁻¹²(1+2⁻²³) · 2⁻¹²(1−2⁻²³) + 1+2⁻²³).
func TestProductsAreChainsRoundedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const m, n, k = 7, 21, 9
	a, at, b, start := numbers(r, m*k), make([]float32, k*m), numbers(r, k*n), numbers(r, n)
	a[k-1], b[(k-1)*n+3] = 0x1.000002p-12, 0x1.fffffcp-13
	for l := range k - 1 {
		a[l] = 0
	}
	start[3] = 0x1.000002p0
	transpose(at, a, m, k)
	for _, isa := range ISAs() {
		s := Set32(isa)
		packed, c, tn := make([]float32, s.PackedSize(k, n)), make([]float32, m*n), make([]float32, m*n)
		s.Pack(packed, b, k, n, n, false)
		s.MulPacked(c, n, a, k, packed, m, n, k, start, false)
		for i := range m {
			copy(tn[i*n:], start)
		}
		s.MulTN(tn, n, at, m, b, n, m, n, k)
		for i := range m {
			for j := range n {
				column := make([]float32, k)
				for l := range k {
					column[l] = b[l*n+j]
				}
				want := exactChain(start[j], a[i*k:(i+1)*k], column)
				if c[i*n+j] != want || tn[i*n+j] != want {
					t.Errorf("%s: element %d,%d is %x by MulPacked and %x by MulTN, want %x", isa, i, j, c[i*n+j], tn[i*n+j], want)
				}
			}
		}
		if c[3] != 0x1.000002p0 {
			t.Errorf("%s: the sum that two roundings get wrong is %x", isa, c[3])
		}
	}
}

// A trial of the products: one shape, in fenced memory, on all instruction sets.
type multiplication struct {
	m, n, k, lda, ldb, ldc       int
	special, transposed, packEnd bool
	start                        int // startZero, startC or startRow
	then                         Then
}

// memory is where the operands of multiplications lie.
type memory struct{ a, b, c, packed, start, y fence }

func newMemory(t *testing.T, floats int) memory {
	return memory{newFence(t, floats), newFence(t, floats), newFence(t, floats), newFence(t, floats), newFence(t, floats), newFence(t, floats)}
}

// packed computes MulPacked with a set and returns C with what lies between its rows.
func (x multiplication) packed(t *testing.T, s *Set[float32], f memory, seed uint64) []float32 {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	a := f.a.floats((x.m-1)*x.lda+x.k, true)
	rows(r, a, x.m, x.k, x.lda, x.special)
	height, width := x.k, x.n
	if x.transposed {
		height, width = x.n, x.k
	}
	b := f.b.floats((height-1)*(x.ldb+width)+width, x.packEnd)
	rows(r, b, height, width, x.ldb+width, x.special)
	c := f.c.floats((x.m-1)*x.ldc+x.n, true)
	rows(r, c, x.m, x.n, x.ldc, x.special)
	var start []float32
	if x.start == startRow {
		start = f.start.floats(x.n, true)
		rows(r, start, 1, x.n, x.n, x.special)
	}
	packed := f.packed.floats(s.PackedSize(x.k, x.n), true)
	for i := range packed {
		packed[i] = nan
	}
	s.Pack(packed, b, x.k, x.n, x.ldb+width, x.transposed)
	if i := slices.IndexFunc(packed, func(v float32) bool { return math.Float32bits(v) == math.Float32bits(nan) }); i >= 0 {
		t.Fatalf("%s: Pack of %+v left element %d as it was, or took it from between the rows", s.ISA, x, i)
	}
	shape := ProductShape{N: x.n, K: x.k, Ldc: x.ldc, Lda: x.lda, Start: x.start == startRow, Accumulate: x.start == startC, Then: x.then, Ldy: x.n + x.ldb}
	y := f.y.floats((x.m-1)*shape.Ldy+x.n, true)
	rows(r, y, x.m, x.n, shape.Ldy, x.special)
	again := slices.Clone(c)
	p := s.Product(shape)
	p.Run(x.m, c, a, packed, start, y, nil)
	first := slices.Clone(c)
	copy(c, again)
	p.Run(x.m, c, a, packed, start, y, anythingAhead(r))
	if i := firstDifference(c, first); i >= 0 {
		t.Fatalf("%s: %+v gives %x for element %d, and when it runs again %x", s.ISA, x, first[i], i, c[i])
	}
	if x.then == ThenNothing {
		copy(c, again)
		if s.MulPacked(c, x.ldc, a, x.lda, packed, x.m, x.n, x.k, start, x.start == startC); firstDifference(c, first) >= 0 {
			t.Fatalf("%s: MulPacked of %+v differs from the prepared product", s.ISA, x)
		}
	}
	return slices.Clone(c)
}

// anythingAhead is memory to be brought in, little or much of it, and some that is not there.
func anythingAhead(r *rand.Rand) *Ahead {
	a := new(Ahead).Clear()
	memory := make([]float32, 1)
	for range r.IntN(5) {
		Walk(a, memory, r.IntN(1<<20)-1<<19, 1+r.IntN(1<<r.IntN(12)), 0)
	}
	a.Step()
	return a
}

// transposedLeft computes MulTN.
func (x multiplication) transposedLeft(s *Set[float32], f memory, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	lda, ldb := x.lda-x.k+x.m, x.ldb+x.n
	a := f.a.floats((x.k-1)*lda+x.m, true)
	rows(r, a, x.k, x.m, lda, x.special)
	b := f.b.floats((x.k-1)*ldb+x.n, true)
	rows(r, b, x.k, x.n, ldb, x.special)
	c := f.c.floats((x.m-1)*x.ldc+x.n, true)
	rows(r, c, x.m, x.n, x.ldc, x.special)
	s.MulTN(c, x.ldc, a, lda, b, ldb, x.m, x.n, x.k)
	return slices.Clone(c)
}

// compare checks both products of all sets against the generic one.
func (x multiplication) compare(t *testing.T, f memory, seed uint64) {
	t.Helper()
	generic := Set32(Generic)
	wantPacked, wantTransposed := x.packed(t, generic, f, seed), x.transposedLeft(generic, f, seed)
	for _, isa := range ISAs()[1:] {
		got := x.packed(t, Set32(isa), f, seed)
		if i := firstDifference(got, wantPacked); i >= 0 {
			t.Fatalf("%s: MulPacked of %+v: element %d,%d is %x, want %x", isa, x, i/x.ldc, i%x.ldc, got[i], wantPacked[i])
		}
		got = x.transposedLeft(Set32(isa), f, seed)
		if i := firstDifference(got, wantTransposed); i >= 0 {
			t.Fatalf("%s: MulTN of %+v: element %d,%d is %x, want %x", isa, x, i/x.ldc, i%x.ldc, got[i], wantTransposed[i])
		}
	}
}

// All heights and widths of tiles, and ragged ones, with distances between rows and without.
func TestProductsOnAllInstructionSets(t *testing.T) {
	f := newMemory(t, 1<<13)
	r := rand.New(rand.NewPCG(7, 8))
	seed := uint64(0)
	for m := 1; m <= 26; m++ {
		for n := 1; n <= 131; n++ {
			k := 1 + r.IntN(5)
			seed++
			multiplication{
				m: m, n: n, k: k, lda: k + r.IntN(2)*r.IntN(6), ldb: r.IntN(2) * r.IntN(6), ldc: n + r.IntN(2)*r.IntN(20),
				special: r.IntN(2) == 0, transposed: r.IntN(2) == 0, packEnd: r.IntN(2) == 0, start: r.IntN(3), then: Then(r.IntN(3)),
			}.compare(t, f, seed)
		}
	}
}

// What is cut into several calls: many rows, a long inner dimension, much work.
func TestLargeProductsOnAllInstructionSets(t *testing.T) {
	f := newMemory(t, 1<<18)
	for i, x := range []multiplication{
		{m: 16, n: 128, k: 384, start: startRow}, {m: 37, n: 87, k: 1029, start: startC, transposed: true}, {m: 251, n: 67, k: 33, start: startRow},
		{m: 493, n: 29, k: 7, special: true, then: ThenReLU}, {m: 250, n: 384, k: 131, start: startRow, then: ThenDReLU}, {m: 37, n: 187, k: 1029, then: ThenDReLU},
		{m: 5, n: 3, k: 2000}, {m: 491, n: 3, k: 9, start: startC}, {m: 128, n: 3, k: 96, start: startC},
	} {
		x.lda, x.ldc = x.k, x.n
		x.compare(t, f, uint64(i))
	}
}

func TestAddRowsOnAllInstructionSets(t *testing.T) {
	b, c := newFence(t, 1<<12), newFence(t, 1<<10)
	r := rand.New(rand.NewPCG(9, 10))
	for n := 1; n <= 300; n++ {
		k, ldb, special := r.IntN(6), n+r.IntN(3), r.IntN(2) == 0
		add := func(isa ISA) []float32 {
			r := rand.New(rand.NewPCG(uint64(n), 0))
			x, y := b.floats(max(0, (k-1)*ldb+n), true), c.floats(n, true)
			rows(r, x, k, n, ldb, special)
			rows(r, y, 1, n, n, special)
			Set32(isa).AddRows(y, x, ldb, n, k)
			return slices.Clone(y)
		}
		want := add(Generic)
		for _, isa := range ISAs()[1:] {
			if got := add(isa); firstDifference(got, want) >= 0 {
				i := firstDifference(got, want)
				t.Fatalf("%s: AddRows of %d rows of %d: element %d is %x, want %x", isa, k, n, i, got[i], want[i])
			}
		}
	}
}

// What follows a product is what the element-wise operation would make of it, on every instruction set.
func TestThenIsTheOperationAfterwards(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	const m, n, k = 9, 70, 3
	a, b, y := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	rows(r, a, m, k, k, true)
	rows(r, b, k, n, n, true)
	rows(r, y, m, n, n, true)
	for _, isa := range ISAs() {
		s := Set32(isa)
		packed, c, want := make([]float32, s.PackedSize(k, n)), make([]float32, m*n), make([]float32, m*n)
		s.Pack(packed, b, k, n, n, false)
		for then, code := range map[Then]Instr{
			ThenReLU:  {Op: OpReLU, Dst: Stream(0), A: Stream(0)},
			ThenDReLU: {Op: OpDReLU, Dst: Stream(0), A: Stream(0), B: Stream(1)},
		} {
			s.Product(ProductShape{N: n, K: k, Ldc: n, Lda: k, Then: then, Ldy: n}).Run(m, c, a, packed, nil, y, nil)
			s.MulPacked(want, n, a, k, packed, m, n, k, nil, false)
			p, err := s.Compile([]Instr{code}, nil)
			if err != nil {
				t.Fatal(err)
			}
			p.Run(m, n, []Strided[float32]{{Data: want, Stride: n}, {Data: y, Stride: n}}[:then])
			if i := firstDifference(c, want); i >= 0 {
				t.Errorf("%s: %v at the end of a product gives %x for element %d, afterwards %x", isa, code.Op, c[i], i, want[i])
			}
		}
	}
}

// A product without an inner dimension is what it starts with.
func TestProductsOfNothing(t *testing.T) {
	for _, isa := range ISAs() {
		s := Set32(isa)
		c := []float32{1, 2, 3, 4, 5, 6}
		s.MulPacked(c, 3, nil, 0, nil, 2, 3, 0, nil, true)
		s.MulTN(c, 3, nil, 2, nil, 3, 2, 3, 0)
		if !slices.Equal(c, []float32{1, 2, 3, 4, 5, 6}) {
			t.Errorf("%s: accumulating nothing gives %v", isa, c)
		}
		if s.MulPacked(c, 3, nil, 0, nil, 2, 2, 0, []float32{7, 8}, false); !slices.Equal(c, []float32{7, 8, 3, 7, 8, 6}) {
			t.Errorf("%s: nothing after a start gives %v", isa, c)
		}
		if s.MulPacked(c, 3, nil, 0, nil, 2, 2, 0, nil, false); !slices.Equal(c, []float32{0, 0, 3, 0, 0, 6}) {
			t.Errorf("%s: nothing gives %v", isa, c)
		}
	}
}

func TestProductsDoNotAllocate(t *testing.T) {
	for _, isa := range ISAs() {
		s := Set32(isa)
		const m, n, k = 9, 115, 11
		a, b, c, packed := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n), make([]float32, s.PackedSize(k, n))
		p := s.Product(ProductShape{N: n, K: k, Ldc: n, Lda: k, Then: ThenReLU})
		rows := m
		if allocations := testing.AllocsPerRun(10, func() {
			s.Pack(packed, b, k, n, n, false)
			s.MulPacked(c, n, a, k, packed, m, n, k, b[:n], false)
			p.Run(rows, c, a, packed, nil, nil, nil)
			rows = m + 1 - rows // the calls are worked out anew each time
			s.MulTN(c, n, a, m, b, n, m, n, k)
			s.MulTN(c, n, a, m, b, n, m, 3, k)
			s.AddRows(c, b, n, n, k)
		}); allocations != 0 {
			t.Errorf("%s: %v allocations", isa, allocations)
		}
	}
}

// Double precision against exact arithmetic would be the twin of the twin: here, that it is a chain from the start, with any distances.
func TestDoublePrecision(t *testing.T) {
	s := SetOf[float64](Generic)
	c, packed := []float64{9, 9, 9, 9, 9, 9}, make([]float64, s.PackedSize(2, 2))
	s.Pack(packed, []float64{1, 2, 0, 3, 4, 0}, 2, 2, 3, false)
	s.MulPacked(c, 3, []float64{1, 0x1p-53, 2, 1}, 2, packed, 2, 2, 2, []float64{10, 20}, false)
	if want := []float64{11, 22, 9, 15, 28, 9}; !slices.Equal(c, want) {
		t.Errorf("C = %v, want %v", c, want)
	}
}

// The generator's offsets are those of the struct.
func TestArguments(t *testing.T) {
	var a arguments
	for i, offset := range []uintptr{
		unsafe.Offsetof(a.c), unsafe.Offsetof(a.a), unsafe.Offsetof(a.b), unsafe.Offsetof(a.start), unsafe.Offsetof(a.y), unsafe.Offsetof(a.ahead), unsafe.Offsetof(a.startMask), unsafe.Offsetof(a.startLast),
		unsafe.Offsetof(a.last), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.ldc), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.lda), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.ldb), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.startStride), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.panelStride), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.ldy),
		unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.k), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.panels), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.rows), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.tiles), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.lowTiles), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.ragged), unsafe.Offsetof(a.sizes) + unsafe.Offsetof(a.sizes.then),
		unsafe.Offsetof(a.pending), unsafe.Offsetof(a.panelsLeft), unsafe.Offsetof(a.panelC), unsafe.Offsetof(a.panelB), unsafe.Offsetof(a.panelStart), unsafe.Offsetof(a.panelY), unsafe.Offsetof(a.tileY), unsafe.Offsetof(a.tileLeft),
	} {
		if offset != uintptr(8*i) {
			t.Errorf("field %d of the arguments is at %d", i, offset)
		}
	}
}

func numbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// transpose writes the transpose of the m×n matrix a to the n×m matrix t.
func transpose(t, a []float32, m, n int) {
	for i := range m {
		for j, v := range a[i*n : (i+1)*n] {
			t[j*m+i] = v
		}
	}
}
