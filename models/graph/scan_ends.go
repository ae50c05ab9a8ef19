package graph

// block sets a frame's rows for a block of time steps that begins at slot lo.
func (w *worker[F]) block(lo int) {
	row := (lo - w.segment0) * w.rows
	w.step.rows = [rowKinds]int{rowSaved: row, rowBefore: row + w.rows}
}

// slot sets a frame's rows for one time step of a block that begins at slot lo.
func (w *worker[F]) slot(s, lo int) {
	row := (s - w.segment0) * w.rows
	w.step.rows = [rowKinds]int{
		rowBlock: (s - lo) * w.rows, rowSaved: row, rowBefore: row + w.rows,
		rowCarry: (1 - w.carried) * w.rows, rowCarried: w.carried * w.rows,
	}
}

// carry makes what a time step left of the gradients what the one before it reads, or zero where gradients are cut.
func (w *worker[F]) carry(s int) {
	w.carried = 1 - w.carried
	t := w.e.job.batch.Steps - 1 - s
	cut := w.e.options.Truncate > 0 && t > 0 && t%w.e.options.Truncate == 0
	if !cut {
		return
	}
	for i := range w.step.carry {
		clear(w.step.carry[i])
	}
}

// passStates makes the states after the last time step of a segment those before the next, which has so many time steps.
func (w *worker[F]) passStates(steps int) {
	for i, width := range w.e.cell.States() {
		n := w.rows * strideOf(width)
		copy(w.step.states[i][steps*n:(steps+1)*n], w.step.states[i][:n])
	}
}

// moveStates keeps the states before a segment of so many time steps, or brings them back.
func (w *worker[F]) moveStates(steps, segment int, back bool) {
	if len(w.border) == 0 {
		return
	}
	at := segment * len(w.border) / ((w.e.job.batch.Steps + w.e.shape.Segment - 1) / w.e.shape.Segment)
	for i, width := range w.e.cell.States() {
		n := w.rows * strideOf(width)
		kept, states := w.border[at:at+n], w.step.states[i][steps*n:(steps+1)*n]
		if back {
			copy(states, kept)
		} else {
			copy(kept, states)
		}
		at += n
	}
}

// gather copies the inputs of a block.
func (w *worker[F]) gather(lo, hi int) {
	if x := w.step.code.x; x != nil {
		gatherRows(w, (*x.buffer)[x.offset:], w.e.job.batch.Inputs, w.e.cell.Inputs(), lo, hi)
	}
}

// gatherRows copies a leaf's rows of some slots from an array that is T×B×width.
func gatherRows[F Float, T any](w *worker[F], to, from []T, width, lo, hi int) {
	n := w.rows * width
	for s := lo; s < hi; s++ {
		copy(to[(s-lo)*n:(s-lo+1)*n], slotOf(w, from, width, s))
	}
}

// writeOutputs copies the outputs of a block to where the caller wants them.
func (w *worker[F]) writeOutputs(lo, hi int) {
	n, y := w.e.cell.Outputs(), w.step.code.y
	data := w.step.data(y)
	for s := lo; s < hi; s++ {
		to := slotOf(w, w.e.job.outputs, n, s)
		from := data[(s-lo)*w.rows*y.stride:]
		if y.stride == n {
			copy(to, from)
			continue
		}
		for r := range w.rows {
			copy(to[r*n:(r+1)*n], from[r*y.stride:])
		}
	}
}

// startNoise draws the noise of the start, stepNoise that of a block of time steps. Noise says which numbers these are.
func (w *worker[F]) startNoise() {
	w.drawNoise(w.start, 0, 1, w.e.job.batch.Noise.Call<<callBits)
}

func (w *worker[F]) stepNoise(lo, hi int) {
	blocks := uint64(noiseColumns(w.step.code.noise) / 4)
	first := w.e.job.batch.Noise.Call<<callBits + uint64(w.e.startNoise()/4) + uint64(w.e.job.batch.Steps-hi)*blocks
	w.drawNoise(&w.step, lo, hi, first)
}

// drawNoise draws, for each row, the numbers of a block of time steps in the order of time, and puts them where values are.
func (w *worker[F]) drawNoise(f *frame[F], lo, hi int, first uint64) {
	columns := noiseColumns(f.code.noise)
	if columns == 0 {
		return
	}
	n := w.e.job.batch.Noise
	numbers := w.noise[:(hi-lo)*columns]
	for r := range w.rows {
		w.e.set.Normals(numbers, n.Seed, n.Stream, uint32(w.first+r), first)
		for i, o := range f.code.noiseTo {
			if o == nil {
				continue
			}
			use := f.code.noise[i]
			data, width := f.data(o), use.width
			for s := lo; s < hi; s++ {
				copy(data[((s-lo)*w.rows+r)*o.stride:][:width], numbers[(hi-1-s)*columns+use.at:])
			}
		}
	}
}
