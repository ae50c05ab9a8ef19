package graph

import (
	"fmt"

	"neurosweep/models/kernel"
)

// crossEntropy is the mean over points of -log softmax(logits)[label], weighted: operands are logits N×C, labels N×1 (whole numbers)
// and weights N×1. Where the weights sum to 0, loss and gradient are 0. Exponentials, logarithms and sums are in float64.
var crossEntropy, crossEntropyGradient *rule

func init() {
	crossEntropy = &rule{name: "cross-entropy", labels: true,
		shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{1, 1}, lossShapes(in) },
		do: func(_ *op, out matrix, in []matrix) error {
			logits, labels, weights := in[0], in[1], in[2]
			var sum, total float64
			for i := range logits.rows {
				label, err := class(labels.data[i], logits.cols)
				if err != nil {
					return fmt.Errorf("point %d: %w", i, err)
				}
				w := float64(weights.data[i])
				top, denominator := softmax(logits.row(i))
				nll := kernel.Log(denominator) + (top - float64(logits.row(i)[label]))
				sum += float64(w * nll)
				total += w
			}
			out.data[0] = 0
			if total > 0 {
				out.data[0] = float32(sum / total)
			}
			return nil
		},
		diff: func(o *op, grad *Node) []*Node {
			return []*Node{o.b.apply(crossEntropyGradient, 0, grad, o.operands[0], o.operands[1], o.operands[2]), nil, nil}
		},
	}
	crossEntropyGradient = &rule{name: "cross-entropy gradient",
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], nil },
		do: func(_ *op, out matrix, in []matrix) error {
			grad, logits, labels, weights := in[0], in[1], in[2], in[3]
			var total float64
			for _, w := range weights.data {
				total += float64(w)
			}
			clear(out.data)
			if !(total > 0) {
				return nil
			}
			for i := range logits.rows {
				point := float64(grad.data[0]) * float64(weights.data[i]) / total
				z := logits.row(i)
				top, denominator := softmax(z)
				for c, v := range z {
					p := kernel.Exp(float64(v)-top) / denominator
					if c == int(labels.data[i]) {
						p--
					}
					out.row(i)[c] = float32(point * p)
				}
			}
			return nil
		},
	}
}

// softmax returns the largest logit m and the sum of exp(z-m), which is at least 1, or NaN where a logit is.
func softmax(z []float32) (top, denominator float64) {
	top = float64(z[0])
	for _, v := range z[1:] {
		top = max(top, float64(v))
	}
	for _, v := range z {
		denominator += kernel.Exp(float64(v) - top)
	}
	return top, denominator
}

func class(label float32, classes int) (int, error) {
	if label < 0 || int(label) >= classes {
		return 0, fmt.Errorf("label %g, want 0 to %d", label, classes-1)
	}
	return int(label), nil
}

func lossShapes(in [][2]int) error {
	if in[1] != [2]int{in[0][0], 1} || in[2] != in[1] {
		return fmt.Errorf("%d×%d logits with %d×%d labels and %d×%d weights", in[0][0], in[0][1], in[1][0], in[1][1], in[2][0], in[2][1])
	}
	return nil
}
