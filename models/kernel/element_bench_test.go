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
	OpExp: {11, 0}, OpSigmoid: {15, 1}, OpTanh: {14, 1}, OpDiv: {0, 1},
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
