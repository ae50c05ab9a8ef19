package graph

import "gorgonia.org/tensor"

// Flops is how many floating-point operations a training step of a cell is counted as, on steps × size points: its matrix products of
// weights with rows of the batch, forward and backward, at 2 for each multiply-add. Backward is a product for each operand that a gradient reaches, so
// twice forward, without the gradient of external inputs. Element-wise work, random numbers, the start and the optimiser do not count.
func Flops(c Cell, steps, size int) (float64, error) {
	s, err := buildStep(c, tensor.Float32, probeRows, 0, true)
	if err != nil {
		return 0, err
	}
	row := 0.0 // of a row of the batch, in a time step
	forward, _ := s.instructions()
	for _, in := range forward {
		if in.op == nil || !s.b.batch[in.node] {
			continue
		}
		switch in.op.rule {
		case affine:
			for i := 0; i+1 < len(in.operands); i += 2 {
				row += in.op.flops(i, i+1)
			}
		case matMulT:
			row += in.op.flops(0, 1)
		}
	}
	return row * float64(steps) * float64(size), nil
}

// flops are those of the product of two operands, a row of x with all of w.
func (o *op) flops(x, w int) float64 {
	k, n := shape(o.operands[w])
	products := 1
	for _, i := range []int{x, w} {
		if o.diff[i] {
			products++
		}
	}
	return 2 * float64(k) * float64(n) * float64(products)
}
