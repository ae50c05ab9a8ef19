package kernel

import (
	"time"

	"neurosweep/sweep/random"
)

// Peak is how many GFLOP/s one core computes with an instruction set in a loop of nothing but fused multiply-adds between registers (two operations
// each, in float32): the best of short slices over about the duration d, at least one. What a kernel reaches is to be compared with a peak that was measured in
// the same minute, alternately: processors that are shared, or change their frequency, differ from one second to the next.
func Peak(isa ISA, d time.Duration) float64 {
	best := 0.0
	for begin := time.Now(); ; {
		best = max(best, peakSlice(isa))
		if time.Since(begin) >= d {
			return best
		}
	}
}

// peakSteps is a slice's number of steps, of 12 multiply-adds of a register each: about 25 µs.
const peakSteps = 10_000

// peakSlice is one slice's GFLOP/s.
func peakSlice(isa ISA) float64 {
	begin := time.Now()
	flops := 2.0 * 12 * peakSteps
	if isa == Generic {
		sum := float32(0)
		for range peakSteps {
			sum = random.FMA(sum, 0.5, 1)
		}
		flops = 2 * peakSteps
		if sum == 0 { // never: it keeps the loop
			return 0
		}
	} else {
		flops *= float64(isa.lanes())
		isa.peak(&arguments{sizes: sizes{k: peakSteps}})
	}
	return flops / float64(time.Since(begin).Nanoseconds())
}
