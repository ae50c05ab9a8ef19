package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"neurosweep/sweep/random"
)

// benchmarkElements is as many as stay in the first-level cache with the operands and the result.
const benchmarkElements = 2048

// best is the shortest of many slices of a benchmark, a few microseconds each, in seconds for one call of f: what the others take more is the neighbours'.
func best(b *testing.B, f func()) float64 {
	const calls = 32
	shortest := time.Hour
	for b.Loop() {
		start := time.Now()
		for range calls {
			f()
		}
		shortest = min(shortest, time.Since(start))
	}
	return shortest.Seconds() / calls
}

// slots are the instructions of a function in AVX-512 that only the units of the fused multiply-add execute: fused ones, multiplications, and VSCALEFPS for two.
// With the time of a division they bound the speed of a function: tanh ends no sooner than the slower of 14 slots and one division.
var slots = map[Op]struct{ fused, divisions float64 }{
	OpExp: {9, 0}, OpSigmoid: {13, 1}, OpTanh: {13, 1}, OpDiv: {0, 1},
}

// BenchmarkElement prints, for every operation in cache, billions of elements a second; for AVX-512's functions the fraction of the bound from the peak of fused
// multiply-adds and the time of a division, both measured in the same run.
func BenchmarkElement(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var streams []Strided[float32]
	for range 4 {
		data := Aligned[float32](benchmarkElements)
		copy(data, numbers(r, benchmarkElements))
		streams = append(streams, Strided[float32]{Data: data})
	}
	for _, isa := range fast() {
		lanes := float64(isa.lanes())
		fused, division := 0.0, 0.0 // seconds for a register
		for _, op := range append([]Op{OpDiv}, Ops()...) {
			b.Run(string(isa)+"/"+op.String(), func(b *testing.B) {
				p := operationProgram(b, isa, op)
				seconds := best(b, func() { p.Run(1, benchmarkElements, streams) }) / benchmarkElements * lanes
				fused = 2 * lanes / Peak(isa, 5*time.Millisecond) / 1e9
				if op == OpDiv {
					division = seconds
				}
				b.ReportMetric(lanes/seconds/1e9, "G/s")
				if n, ok := slots[op]; ok && isa == AVX512 {
					b.ReportMetric(max(n.fused*fused, n.divisions*division)/seconds, "of-bound")
				}
				b.ReportMetric(seconds/fused/2, "cycles/register") // of a processor with two units
			})
		}
	}
}

// BenchmarkElementCrossEntropy prints the time of the loss of 1,600 points of 3 classes and its gradient.
func BenchmarkElementCrossEntropy(b *testing.B) {
	const points, classes = 1600, 3
	y, dy := numbers(rand.New(rand.NewPCG(1, 2)), points*classes), make([]float32, points*classes)
	labels, weights := make([]int32, points), make([]float32, points)
	for i := range labels {
		labels[i], weights[i] = int32(i%classes), 1
	}
	for _, isa := range fast() {
		b.Run(string(isa), func(b *testing.B) {
			s := Set32(isa)
			seconds := best(b, func() { s.CrossEntropy(dy, classes, y, classes, labels, weights, 1, points, classes) })
			b.ReportMetric(seconds*1e6, "µs")
			b.ReportMetric(points*classes/seconds/1e9, "G/s")
		})
	}
}

// BenchmarkElementNormals prints billions of normal numbers a second: in long rows and in short ones, each with a lane of its own. of-goal is the fraction of 0.9 G/s, scaled
// from the processor of 153 GFLOP/s for which it was set to this one's peak in the same run.
func BenchmarkElementNormals(b *testing.B) {
	dst := make([]float32, 4096)
	for _, isa := range fast() {
		for _, n := range []int{4096, 64} {
			b.Run(fmt.Sprintf("%s/%d", isa, n), func(b *testing.B) {
				s := Set32(isa)
				rate := float64(n) / best(b, func() { s.Normals(dst[:n], 1, random.Noise, 2, 3) }) / 1e9
				b.ReportMetric(rate, "G/s")
				b.ReportMetric(rate/0.9/(Peak(isa, 20*time.Millisecond)/153), "of-goal")
			})
		}
	}
}

// gateProgram is a program as a gated network's backward step has them: eleven instructions on eight streams, three of them results.
func gateProgram(b *testing.B, isa ISA) *Program[float32] {
	s, r := Stream, Register
	p, err := Set32(isa).Compile([]Instr{
		{OpSub, r(0), s(3), s(4), 0}, {OpMul, r(1), s(0), r(0), 0}, {OpDSigmoid, s(5), r(1), s(1), 0},
		{OpMul, r(2), s(0), s(1), 0}, {OpSub, r(3), s(0), r(2), 0}, {OpDTanh, r(4), r(3), s(4), 0},
		{OpMul, r(5), r(4), s(2), 0}, {OpDSigmoid, s(6), r(5), s(2), 0}, {OpMul, r(6), r(4), s(2), 0}, {OpCopy, s(7), r(6), 0, 0},
		{OpAdd, s(0), s(0), r(2), 0},
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkElementProgram prints the time of such a program for a step of few rows, one matrix without gaps between its rows and one with.
func BenchmarkElementProgram(b *testing.B) {
	for _, isa := range fast() {
		for _, shape := range []struct{ rows, cols, stride int }{{16, 64, 64}, {16, 64, 192}, {16, 128, 384}, {32, 128, 384}, {16, 29, 29}, {16, 29, 87}} {
			b.Run(fmt.Sprintf("%s/%dx%d of %d", isa, shape.rows, shape.cols, shape.stride), func(b *testing.B) {
				p := gateProgram(b, isa)
				streams := make([]Strided[float32], 8)
				for i := range streams {
					streams[i] = Strided[float32]{Data: Aligned[float32](shape.rows * shape.stride), Stride: shape.stride}
				}
				seconds := best(b, func() { p.Run(shape.rows, shape.cols, streams) })
				b.ReportMetric(seconds*1e6, "µs")
				b.ReportMetric(float64(11*shape.rows*shape.cols)/seconds/1e9, "Gop/s")
			})
		}
	}
}
