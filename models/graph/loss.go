package graph

import "fmt"

// The losses as ops: each with one row a point. Sums, exponentials and logarithms are in float64.
var (
	crossEntropy, crossEntropySlope *rule // of (outputs N×C, labels N×1, mask N×1): Loss CrossEntropy
	squaredError, squaredErrorSlope *rule // of (outputs N×C, targets N×C, mask N×C): Loss SquaredError
)

func init() {
	data := func(i int) bool { return i > 0 }
	crossEntropy = newRule(rule{name: "cross-entropy", overRows: true, fixed: data, do32: crossEntropyDo[float32], do64: crossEntropyDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{1, 1}, lossShapes(in, 1) },
		diff: func(o *op, grad *Node) []*Node {
			return []*Node{o.b.apply(crossEntropySlope, none, append([]*Node{grad}, o.operands...)...), nil, nil}
		},
	})
	crossEntropySlope = newRule(rule{name: "cross-entropy gradient", do32: crossEntropySlopeDo[float32], do64: crossEntropySlopeDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], slopeShapes(in, 1) },
	})
	squaredError = newRule(rule{name: "squared error", overRows: true, fixed: data, do32: squaredErrorDo[float32], do64: squaredErrorDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return [2]int{1, 1}, lossShapes(in, in[0][1]) },
		diff: func(o *op, grad *Node) []*Node {
			return []*Node{o.b.apply(squaredErrorSlope, none, append([]*Node{grad}, o.operands...)...), nil, nil}
		},
	})
	squaredErrorSlope = newRule(rule{name: "squared error gradient", do32: squaredErrorSlopeDo[float32], do64: squaredErrorSlopeDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], slopeShapes(in, in[1][1]) },
	})
}

// lossShapes checks outputs, data and mask; data and mask have cols columns.
func lossShapes(in [][2]int, cols int) error {
	if in[1] != [2]int{in[0][0], cols} || in[2] != in[1] {
		return fmt.Errorf("%d×%d outputs with %d×%d data and a mask of %d×%d", in[0][0], in[0][1], in[1][0], in[1][1], in[2][0], in[2][1])
	}
	return nil
}

func slopeShapes(in [][2]int, cols int) error {
	if in[0] != [2]int{1, 1} {
		return fmt.Errorf("the loss's gradient is %d×%d, want 1×1", in[0][0], in[0][1])
	}
	return lossShapes(in[1:], cols)
}

func crossEntropyDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	y, labels, mask := in[0], in[1], in[2]
	var sum, total float64
	for i := range y.rows {
		label, err := whole(labels.data[i], y.cols)
		if err != nil {
			return fmt.Errorf("point %d has label %w", i, err)
		}
		w := float64(mask.data[i])
		top, denominator := normalizer(y.row(i))
		nll := log64(denominator) + (top - float64(y.row(i)[label]))
		sum += float64(w * nll)
		total += w
	}
	out.data[0] = 0
	if total != 0 {
		out.data[0] = F(sum / total)
	}
	return nil
}

func crossEntropySlopeDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	grad, y, labels, mask := float64(in[0].data[0]), in[1], in[2], in[3]
	var total float64
	for _, w := range mask.data {
		total += float64(w)
	}
	clear(out.data)
	if total == 0 {
		return nil
	}
	for i := range y.rows {
		scale := float64(grad*float64(mask.data[i])) / total
		z := y.row(i)
		top, denominator := normalizer(z)
		for c, v := range z {
			p := exp64(float64(v)-top) / denominator
			if F(c) == labels.data[i] {
				p--
			}
			out.row(i)[c] = F(scale * p)
		}
	}
	return nil
}

func squaredErrorDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	y, targets, mask := in[0].data, in[1].data, in[2].data
	var sum float64
	for i, v := range y {
		d := float64(v) - float64(targets[i])
		sum += float64(float64(mask[i]) * float64(d*d))
	}
	out.data[0] = F(sum / float64(len(y)))
	return nil
}

func squaredErrorSlopeDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	grad, y, targets, mask := float64(in[0].data[0]), in[1].data, in[2].data, in[3].data
	scale := 2 * grad / float64(len(y))
	for i, v := range y {
		out.data[i] = F(float64(scale*float64(mask[i])) * (float64(v) - float64(targets[i])))
	}
	return nil
}
