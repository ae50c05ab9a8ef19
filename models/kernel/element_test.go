package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// fast are the instruction sets in assembly that this processor has.
func fast() []ISA { return ISAs()[1:] }

// operationProgram is a program of one operation on streams: the result is stream 0.
func operationProgram(t testing.TB, isa ISA, op Op) *Program[float32] {
	in := Instr{Op: op, Dst: Stream(0), A: Stream(1)}
	if op.Operands() > 1 {
		in.B = Stream(2)
	}
	if op.Operands() > 2 {
		in.C = Stream(3)
	}
	p, err := Set32(isa).Compile([]Instr{in}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// edges are arguments at which something changes: zeros, denormal and the largest numbers, infinities, NaN, the clamps of the functions, quadrants.
var edges = append([]float32{
	1, -1, 0.5, -0.5, 88.72283, 88.72284, 89, 89.5, -87.33654, -103.27893, -103.97207, -103.97208, -104, -104.5, 9.01, 9.125, -9.125, 9.5, 16.6, 17.4,
	0.41421357, 0.70710677, 0.70710683, 1.4142135, 1.4142137, 0x1p-126, 0x1.fffffcp-127, 0x1p-149, -0x1p-149, 0.7853982, -0.7853981, 1.5707964, 3.1415927,
	6.2831855, AngleLimit, -AngleLimit, AngleLimit + 0.0156250, -AngleLimit - 0.015625, 1e6, 1e30, 0.34657359, -0.34657359, 1e-20, -1e-20,
}, specials...)

// Every operation on every pair of edges (the third operand following), generic against assembly, at all lengths of the rest of a group, in place too.
func TestOperationsAtTheEdges(t *testing.T) {
	n := len(edges) * len(edges)
	operands := make([][]float32, 3)
	for i := range n {
		operands[0] = append(operands[0], edges[i%len(edges)])
		operands[1] = append(operands[1], edges[i/len(edges)])
		operands[2] = append(operands[2], edges[(i/len(edges)*7+i)%len(edges)])
	}
	want, got := make([]float32, n), make([]float32, n)
	for _, op := range Ops() {
		streams := []Strided[float32]{{Data: want}, {Data: operands[0]}, {Data: operands[1]}, {Data: operands[2]}}
		operationProgram(t, Generic, op).Run(1, n, streams)
		for _, isa := range fast() {
			p := operationProgram(t, isa, op)
			streams[0].Data = got
			p.Run(1, n, streams)
			if i := firstDifference(got, want); i >= 0 {
				t.Errorf("%s: %v(%g, %g, %g) = %x, want %x", isa, op, operands[0][i], operands[1][i], operands[2][i], got[i], want[i])
			}
			for operand := range op.Operands() {
				copy(got, operands[operand])
				inPlace := append([]Strided[float32](nil), streams...)
				inPlace[1+operand].Data = got
				p.Run(1, n, inPlace)
				if i := firstDifference(got, want); i >= 0 {
					t.Errorf("%s: %v in place of operand %d differs at %d", isa, op, operand, i)
				}
			}
		}
	}
}

// A product rounded to float64 and added there is rounded twice on its way to float32, and lands on the wrong side: no random numbers show it.
func TestFusedOperationsRoundOnce(t *testing.T) {
	const want = float32(1 + 0x1p-23)
	a, b, c := float32(0x1p-12*(1+0x1p-23)), float32(0x1p-12*(1-0x1p-23)), want
	if twice := float32(math.FMA(float64(a), float64(b), float64(c))); twice == want {
		t.Fatal("rounding twice is not wrong here: the test does not test")
	}
	for _, isa := range ISAs() {
		for op, sign := range map[Op]float32{OpFMA: 1, OpFNMA: -1} {
			y := []float32{0}
			operationProgram(t, isa, op).Run(1, 1, []Strided[float32]{{Data: y}, {Data: []float32{sign * a}}, {Data: []float32{b}}, {Data: []float32{c}}})
			if y[0] != want {
				t.Errorf("%s: %v gives %x, want %x", isa, op, y[0], want)
			}
		}
	}
}

// NaN in, NaN out, of whichever operand, except where op.go says otherwise.
func TestNaNStays(t *testing.T) {
	nan := float32(math.NaN())
	for _, isa := range ISAs() {
		for _, op := range Ops() {
			for operand := range op.Operands() {
				switch {
				case op == OpLess, op == OpSelect, op == OpLeaky && operand == 1, op == OpDReLU && operand == 0, op == OpDLeaky && operand != 1:
					continue
				}
				for _, other := range []float32{-1.5, 0, 2} {
					streams := make([]Strided[float32], 4)
					for i := range streams {
						streams[i].Data = []float32{other}
					}
					streams[1+operand].Data[0] = nan
					operationProgram(t, isa, op).Run(1, 1, streams)
					if y := streams[0].Data[0]; y == y {
						t.Errorf("%s: %v with NaN as operand %d and %g as the others is %g", isa, op, operand, other, y)
					}
				}
			}
		}
	}
}

// Every operation on matrices of ragged sizes with rows, columns and scalars broadcast, in memory that ends where it must not be read, and NaN between the rows.
func TestOperationsOnRaggedMatrices(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const most = 6 * 700
	var memory [5]fence
	for i := range memory {
		memory[i] = newFence(t, most)
	}
	programs := map[ISA][]*Program[float32]{}
	for _, isa := range ISAs() {
		for _, op := range Ops() {
			programs[isa] = append(programs[isa], operationProgram(t, isa, op))
		}
	}
	for trial := range 60 {
		width := 1 + r.IntN([]int{5, 40, 130, 600}[r.IntN(4)])
		height := 1 + r.IntN(1+min(40, most/(width+60)))
		streams := make([]Strided[float32], 4)
		for i := range streams {
			s := &streams[i]
			s.Stride = width + r.IntN(3)*r.IntN(20)
			rowWidth := width
			if shape := r.IntN(6); i > 0 && shape < 3 { // a broadcast row, a column, a scalar
				s.Column = shape > 0
				if shape > 0 {
					rowWidth = 1
				}
				if shape != 1 {
					s.Stride = 0
				}
			}
			s.Data = memory[i].floats((height-1)*s.Stride+rowWidth, trial%2 == 0)
			rows(r, s.Data, height, rowWidth, s.Stride, true)
		}
		want := memory[4].floats(len(streams[0].Data), true)
		for _, op := range Ops() {
			rows(r, streams[0].Data, height, width, streams[0].Stride, false)
			copy(want, streams[0].Data)
			for _, isa := range ISAs() {
				run := append([]Strided[float32](nil), streams...)
				if isa == Generic {
					run[0].Data = want
				}
				programs[isa][op].Run(height, width, run)
				if i := firstDifference(run[0].Data, want); i >= 0 {
					t.Fatalf("%s: %v of %d×%d, strides %d %d %d %d: element %d is %x, want %x", isa, op, height, width,
						streams[0].Stride, streams[1].Stride, streams[2].Stride, streams[3].Stride, i, run[0].Data[i], want[i])
				}
			}
		}
	}
}

// A random program of all operations, over registers, constants and streams that are read and written, longer than a call of the assembly.
func TestLongPrograms(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const streams, registers, constants = 5, 20, 4
	for range 20 {
		var code []Instr
		for i := range 60 {
			in := Instr{Op: Op(r.IntN(int(opCount))), Dst: Register(i)}
			if i >= registers {
				if in.Dst = Register(r.IntN(registers)); r.IntN(8) == 0 {
					in.Dst = Stream(r.IntN(streams))
				}
			}
			for j := range in.Op.Operands() {
				choice := []Operand{Stream(r.IntN(streams)), Const(r.IntN(constants)), Stream(r.IntN(streams))}
				if i > 0 {
					choice = append(choice, Register(r.IntN(min(i, registers))), Register(r.IntN(min(i, registers))))
				}
				*[]*Operand{&in.A, &in.B, &in.C}[j] = choice[r.IntN(len(choice))]
			}
			code = append(code, in)
		}
		code = append(code, Instr{OpAdd, Stream(0), Register(0), Stream(4), 0})
		const height, width = 7, 333
		start := numbers(r, streams*height*width)
		results := map[ISA][]float32{}
		for _, isa := range ISAs() {
			p, err := Set32(isa).Compile(code, []float32{0.5, 1, -2, 0.25})
			if err != nil {
				t.Fatal(err)
			}
			data := append([]float32(nil), start...)
			var s [streams]Strided[float32]
			for i := range s {
				s[i] = Strided[float32]{Data: data[i*height*width:][:height*width], Stride: width}
			}
			for range 2 {
				p.Consts[1] *= -1
				p.Run(height, width, s[:])
			}
			results[isa] = data
			if i := firstDifference(data, results[Generic]); i >= 0 {
				t.Fatalf("%s: element %d is %x, want %x", isa, i, data[i], results[Generic][i])
			}
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	data := make([]float32, 3*1000)
	for _, isa := range ISAs() {
		p := operationProgram(t, isa, OpMul)
		n := testing.AllocsPerRun(20, func() {
			p.Run(10, 100, []Strided[float32]{{Data: data, Stride: 100}, {Data: data[1000:], Stride: 0}, {Data: data[2000:], Stride: 1, Column: true}})
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", isa, n)
		}
	}
}

func TestRunPanics(t *testing.T) {
	for name, streams := range map[string][]Strided[float32]{
		"missing":  {{Data: make([]float32, 8), Stride: 4}},
		"short":    {{Data: make([]float32, 8), Stride: 4}, {Data: make([]float32, 7), Stride: 4}},
		"overlap":  {{Data: make([]float32, 8), Stride: 3}, {Data: make([]float32, 8), Stride: 4}},
		"column":   {{Data: make([]float32, 8), Stride: 4, Column: true}, {Data: make([]float32, 8), Stride: 4}},
		"negative": {{Data: make([]float32, 8), Stride: 4}, {Data: make([]float32, 8), Stride: -1}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			operationProgram(t, Generic, OpNeg).Run(2, 4, streams)
		}()
	}
}

// The generator of the assembly writes these numbers down for itself.
func TestMachineLayout(t *testing.T) {
	var m machine
	var f flow
	var r record
	var p place
	for i, offset := range []uintptr{
		unsafe.Offsetof(m.operands), unsafe.Offsetof(m.code), unsafe.Offsetof(m.flows), unsafe.Offsetof(m.count), unsafe.Offsetof(m.rows),
		unsafe.Offsetof(m.cols), unsafe.Offsetof(m.col), unsafe.Offsetof(m.budget), unsafe.Offsetof(m.groups), unsafe.Offsetof(m.rest),
		unsafe.Offsetof(m.fill), unsafe.Offsetof(m.together), unsafe.Offsetof(m.segments), unsafe.Offsetof(m.masks),
	} {
		if offset != uintptr(8*i) {
			t.Errorf("field %d of a machine is at %d", i, offset)
		}
	}
	if unsafe.Offsetof(f.step) != 8 || unsafe.Offsetof(f.advance) != 16 || unsafe.Offsetof(f.column) != 24 || unsafe.Sizeof(f) != 32 {
		t.Errorf("a flow is laid out as %d %d %d, %d bytes", unsafe.Offsetof(f.step), unsafe.Offsetof(f.advance), unsafe.Offsetof(f.column), unsafe.Sizeof(f))
	}
	if unsafe.Offsetof(p.address) != 0 || unsafe.Offsetof(p.pitch) != 8 || unsafe.Sizeof(p) != 16 {
		t.Errorf("a place is laid out as %d %d, %d bytes", unsafe.Offsetof(p.address), unsafe.Offsetof(p.pitch), unsafe.Sizeof(p))
	}
	if unsafe.Offsetof(r.dst) != 8 || unsafe.Offsetof(r.c) != 20 || unsafe.Sizeof(r) != 24 {
		t.Errorf("a record is laid out as %d %d, %d bytes", unsafe.Offsetof(r.dst), unsafe.Offsetof(r.c), unsafe.Sizeof(r))
	}
}
