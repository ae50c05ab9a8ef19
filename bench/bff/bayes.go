package main

import (
	"math"

	"neurosweep/tasks"
)

// flipFlop is the task, and quiet the steps at the beginning of its task trials that have no pulse.
const (
	flipFlop = "three_bit_flip_flop"
	quiet    = 3
)

// bayesFilter gives for each output of a batch the probability that the bit is set, given the inputs so far (specification of the task,
// ctd.md 1.3): with φ the density of the noise, a = p·φ(x-1), b = p·φ(x+1) and c = (1-2p)·φ(x),
//
//	P_t = (a + c·P_{t-1}) / (a + b + c),  P = 0 before the first step that can have a pulse
//
// No other output has a smaller expected squared error, the mask apart. Densities are taken relative to φ(x), so that none vanishes.
func bayesFilter(b *tasks.Batch, bits int, p, noise float64) []float32 {
	outputs := make([]float32, b.Steps*b.Size*bits)
	width := b.Size * bits
	for channel := range width {
		state := 0.0
		for t := quiet; t < b.Steps; t++ {
			x := float64(b.Inputs[t*width+channel])
			up := p * math.Exp((2*x-1)/(2*noise*noise))
			down := p * math.Exp((-2*x-1)/(2*noise*noise))
			none := 1 - 2*p
			if state = (up + none*state) / (up + down + none); math.IsNaN(state) { // one of the densities is infinite: it decides
				state = 0
				if up > down {
					state = 1
				}
			}
			outputs[t*width+channel] = float32(state)
		}
	}
	return outputs
}
