package kernel

import (
	"math/rand/v2"
	"testing"
	"time"
)

// benchmarkElements is as many as stay in the first-level cache with the result.
const benchmarkElements = 4096

// BenchmarkElement prints, for every operation in cache, billions of elements a second, and the rate that it would have at this processor's peak of fused multiply-adds.
func BenchmarkElement(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, isa := range fast() {
		peak := Peak(isa, 50*time.Millisecond)
		for _, op := range Ops() {
			b.Run(string(isa)+"/"+op.String(), func(b *testing.B) {
				p := operationProgram(b, isa, op)
				streams := make([]Strided[float32], 4)
				for i := range streams {
					streams[i].Data = Aligned[float32](benchmarkElements / 2)
					copy(streams[i].Data, numbers(r, benchmarkElements/2))
				}
				for b.Loop() {
					p.Run(1, benchmarkElements/2, streams)
				}
				rate := float64(benchmarkElements/2) * float64(b.N) / b.Elapsed().Seconds() / 1e9
				b.ReportMetric(rate, "G/s")
				b.ReportMetric(peak/2/rate, "FMA-slots/element")
			})
		}
	}
}
