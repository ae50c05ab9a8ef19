package train

import (
	"math"

	"neurosweep/models/kernel"
)

// clipFactor is what gradients are multiplied by so that their norm over all weights is at most limit: limit/(norm + 10⁻⁶), at most 1, as in PyTorch's
// clip_grad_norm_. Where a gradient is not finite, so will be weights, and the trial ends as diverged.
func clipFactor[F kernel.Float](limit float64, gradients []F) float64 {
	const guard = 1e-6
	norm := math.Sqrt(sumSquares(gradients))
	if norm+guard <= limit {
		return 1
	}
	return limit / (norm + guard)
}

// leaf is the number of squares that sumSquares adds up before it joins sums; part of the bits.
const leaf = 1024

// sumSquares adds squares in a fixed order: in leaves of 1,024 numbers eight interleaved chains each, joined pairwise, and leaves joined by a binary tree
// over their index. The squares of float32 numbers are exact in float64.
func sumSquares[F kernel.Float](x []F) float64 {
	if len(x) > leaf {
		half := leaf
		for 2*half < len(x) {
			half *= 2
		}
		return sumSquares(x[:half]) + sumSquares(x[half:])
	}
	var chains [8]float64
	for ; len(x) >= len(chains); x = x[len(chains):] {
		for i := range chains {
			v := float64(x[i])
			chains[i] += float64(v * v)
		}
	}
	for i, w := range x {
		v := float64(w)
		chains[i] += float64(v * v)
	}
	c := &chains
	return ((c[0] + c[4]) + (c[2] + c[6])) + ((c[1] + c[5]) + (c[3] + c[7]))
}
