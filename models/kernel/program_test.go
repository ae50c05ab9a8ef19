package kernel

import (
	"math"
	"strings"
	"testing"
)

// An update of Adam as a program, and the same in a loop with the roundings of models/train: the optimisers rely on it.
func TestProgramOfAdam(t *testing.T) {
	const weight, gradient, mean, square = 0, 1, 2, 3
	const rate, epsilon, b1, c1, b2, c2 = 0, 1, 2, 3, 4, 5
	r, c, s := Register, Const, Stream
	code := []Instr{
		{OpMul, r(0), c(b1), s(mean), 0}, {OpMul, r(1), c(c1), s(gradient), 0}, {OpAdd, s(mean), r(0), r(1), 0},
		{OpMul, r(0), s(gradient), s(gradient), 0}, {OpMul, r(0), c(c2), r(0), 0}, {OpMul, r(1), c(b2), s(square), 0}, {OpAdd, s(square), r(1), r(0), 0},
		{OpSqrt, r(0), s(square), 0, 0}, {OpAdd, r(0), r(0), c(epsilon), 0}, {OpMul, r(1), c(rate), s(mean), 0}, {OpDiv, r(1), r(1), r(0), 0},
		{OpSub, s(weight), s(weight), r(1), 0},
	}
	const n = 1003
	for _, isa := range ISAs() {
		p, err := Set32(isa).Compile(code, []float32{1e-3, 1e-8, 0.9, 0.1, 0.999, 0.001})
		if err != nil {
			t.Fatal(err)
		}
		var got, want [4][]float32
		for i := range got {
			got[i], want[i] = make([]float32, n), make([]float32, n)
		}
		for update := range 3 {
			p.Consts[rate] = 1e-3 / float32(update+1)
			for i := range n {
				g := float32(math.Sin(float64(i*(update+1)))) * 0.01
				got[gradient][i] = g
				k := p.Consts
				m := float32(k[b1]*want[mean][i]) + float32(k[c1]*g)
				v := float32(k[b2]*want[square][i]) + float32(k[c2]*float32(g*g))
				want[mean][i], want[square][i] = m, v
				want[weight][i] -= float32(k[rate]*m) / (float32(math.Sqrt(float64(v))) + k[epsilon])
			}
			p.Run(1, n, []Strided[float32]{{Data: got[0]}, {Data: got[1]}, {Data: got[2]}, {Data: got[3]}})
		}
		for i := range n {
			if got[weight][i] != want[weight][i] || got[square][i] != want[square][i] {
				t.Fatalf("%s: weight %d is %x, want %x", isa, i, got[weight][i], want[weight][i])
			}
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		code []Instr
		want string
	}{
		{nil, "no stream"},
		{[]Instr{{opCount, Stream(0), Stream(0), 0, 0}}, "no operation"},
		{[]Instr{{OpAdd, Stream(0), Stream(0), 0, 0}}, "operand 2 of 2 is missing"},
		{[]Instr{{OpNeg, Stream(0), Stream(0), Stream(0), 0}}, "neg has 1 operands"},
		{[]Instr{{OpNeg, Stream(0), Register(0), 0, 0}}, "reads r0, which nothing has written"},
		{[]Instr{{OpNeg, Stream(0), Const(1), 0, 0}}, "no c1 among 1"},
		{[]Instr{{OpNeg, Const(0), Stream(1), 0, 0}}, "must go to a stream or a register"},
		{[]Instr{{OpNeg, 0, Stream(1), 0, 0}}, "must go to"},
		{[]Instr{{OpNeg, Stream(0), Stream(1 << 14), 0, 0}}, "out of range"},
	} {
		_, err := Set32(Generic).Compile(c.code, []float32{1})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.code, err, c.want)
		}
	}
}
