package graph

import "neurosweep/models/kernel"

// lossMemory is what a worker needs for the loss of a block: data gathered from the batch, row by row as the outputs lie.
type lossMemory[F Float] struct {
	dy      []F // the gradient of the output, where nothing else reads it
	labels  []int32
	mask    []F
	targets []F
	errors  []F // of squared errors: of each element
	sums    []F
	squares [2]*kernel.Program[F] // without and with a mask
	streams []kernel.Strided[F]
}

func newLossMemory[F Float](e *engine[F], rows int) lossMemory[F] {
	n := rows * e.cell.Outputs()
	m := lossMemory[F]{dy: make([]F, n)}
	if e.loss == CrossEntropy {
		m.labels, m.mask = make([]int32, rows), make([]F, rows)
		return m
	}
	m.mask, m.targets, m.errors, m.sums = make([]F, n), make([]F, n), make([]F, n), make([]F, e.cell.Outputs())
	m.squares = [2]*kernel.Program[F]{squaredErrorProgram(e.set, false), squaredErrorProgram(e.set, true)}
	m.streams = make([]kernel.Strided[F], 5)
	return m
}

// squaredErrorProgram computes, from outputs y, targets and mask (streams 2, 3 and 4), the errors mask·(y-target)² and their gradients scale·mask·(y-target)
// (streams 0 and 1); the scale is its constant.
func squaredErrorProgram[F Float](set *kernel.Set[F], masked bool) *kernel.Program[F] {
	s, r := kernel.Stream, kernel.Register
	code := []kernel.Instr{{Op: kernel.OpSub, Dst: r(0), A: s(2), B: s(3)}, {Op: kernel.OpCopy, Dst: r(1), A: r(0)}}
	if masked {
		code[1] = kernel.Instr{Op: kernel.OpMul, Dst: r(1), A: r(0), B: s(4)}
	}
	code = append(code, kernel.Instr{Op: kernel.OpMul, Dst: s(0), A: r(0), B: r(1)}, kernel.Instr{Op: kernel.OpMul, Dst: s(1), A: kernel.Const(0), B: r(1)})
	p, err := set.Compile(code, []F{1})
	if err != nil {
		panic(err) // it is a constant
	}
	return p
}

// lossBlock computes the gradient of the output for a block of time steps, and returns the block's sum of losses.
func (w *worker[F]) lossBlock(lo, hi int) float64 {
	m, c, b, classes := &w.loss, w.step.code, w.e.job.batch, w.e.cell.Outputs()
	y := w.step.data(c.y)
	dy, stride := m.dy, classes
	if c.dy != nil {
		dy, stride = w.step.data(c.dy), c.dy.stride
	}
	rows := (hi - lo) * w.rows
	if w.e.loss == CrossEntropy && w.e.job.scale == 0 { // all masks are 0: nothing is to be learned, also from outputs that are not finite
		clearRows(dy, stride, rows, classes)
		return 0
	}
	if w.e.loss == CrossEntropy {
		gatherRows(w, m.labels, b.Labels, 1, lo, hi)
		var mask []F
		if b.Mask != nil {
			mask = m.mask[:rows]
			gatherRows(w, mask, b.Mask, 1, lo, hi)
		}
		return float64(w.e.set.CrossEntropy(dy, stride, y, c.y.stride, m.labels[:rows], mask, w.e.job.scale, rows, classes))
	}
	gatherRows(w, m.targets, b.Targets, classes, lo, hi)
	if b.Mask != nil {
		gatherRows(w, m.mask, b.Mask, classes, lo, hi)
	}
	p := m.squares[count(b.Mask != nil)]
	p.Consts[0] = w.e.job.scale
	m.streams[0] = kernel.Strided[F]{Data: m.errors, Stride: classes}
	m.streams[1] = kernel.Strided[F]{Data: dy, Stride: stride}
	m.streams[2] = kernel.Strided[F]{Data: y, Stride: c.y.stride}
	m.streams[3] = kernel.Strided[F]{Data: m.targets, Stride: classes}
	m.streams[4] = kernel.Strided[F]{Data: m.mask, Stride: classes}
	p.Run(rows, classes, m.streams)
	clear(m.sums)
	w.e.set.AddRows(m.sums, m.errors, classes, classes, rows)
	sum := 0.0
	for _, v := range m.sums {
		sum += float64(v)
	}
	return sum
}

// lossScale is what the sum of all losses is multiplied by, and its gradient.
func lossScale[F Float](l Loss, b *Batch[F], outputs int) (loss, gradient float64) {
	if l == SquaredError {
		n := float64(b.points() * outputs)
		return 1 / n, 2 / n
	}
	total := float64(b.points())
	if b.Mask != nil {
		total = 0
		for _, v := range b.Mask {
			total += float64(v)
		}
	}
	if !(total > 0) {
		return 0, 0
	}
	return 1 / total, 1 / total
}
