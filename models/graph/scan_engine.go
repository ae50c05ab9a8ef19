package graph

import (
	"fmt"
	"sync/atomic"

	"neurosweep/models/kernel"
)

// An engine is one of the two programs of a scan machine, training or outputs alone, and what it needs to run.
type engine[F Float] struct {
	cell     Cell
	loss     Loss
	options  ScanOptions[F]
	set      *kernel.Set[F]
	training bool

	step, start         *code[F] // start is nil if the states begin at zero
	shared, startShared *sharedMemory[F]

	steps, size int // the shape that all below is for
	shape       Plan
	memory      pool[F]
	workers     []*worker[F]
	threads     *threads
	joiner      *joiner[F]
	adders      []*adder[F] // by worker
	job         job[F]
	from, to    int          // the leaves that this engine computes
	next        atomic.Int64 // the leaf that nobody has taken
	joined      [1]float64   // the loss, on its way through the ranks
	errors      []error      // by worker
}

func newEngine[F Float](c Cell, l Loss, o ScanOptions[F], training bool) (e *engine[F], err error) {
	e = &engine[F]{cell: newShapes(c), loss: l, options: o, set: o.Set, training: training}
	if e.step, err = compileStep(c, e.set, training); err != nil {
		return nil, err
	}
	if e.start, err = compileStart(c, e.set, training); err != nil {
		return nil, err
	}
	return e, nil
}

// prepare allocates what a shape needs, unless it is the one that was there before.
func (e *engine[F]) prepare(steps, size int) {
	if e.steps == steps && e.size == size {
		return
	}
	p := e.plan(steps, size)
	e.steps, e.size, e.shape = steps, size, p
	e.from, e.to = e.own(p.Leaves)
	e.workers, e.adders, e.joiner = nil, nil, nil
	e.memory.begin(e.pooled(p, steps))
	e.shared = newSharedMemory(&e.memory, e.step)
	if e.start != nil {
		e.startShared = newSharedMemory(&e.memory, e.start)
	}
	for range p.Threads {
		e.workers = append(e.workers, newWorker(e, p, steps))
	}
	e.errors = make([]error, p.Threads)
	if e.training {
		e.job.blocks = (steps + p.BlockSteps - 1) / p.BlockSteps
		e.job.losses = make([]float64, p.Leaves*e.job.blocks)
		e.joiner = newJoiner(&e.memory, e.to-e.from, p.Threads, e.sums())
		for range p.Threads {
			e.adders = append(e.adders, newAdder(e.set))
		}
	}
	if e.threads != nil && e.threads.count() != p.Threads {
		e.threads.stop()
		e.threads = nil
	}
	if e.threads == nil && p.Threads > 1 {
		e.threads = startThreads(p.Threads)
	}
}

// startNoise is how many columns of noise the start uses.
func (e *engine[F]) startNoise() int {
	if e.start == nil {
		return 0
	}
	return noiseColumns(e.start.noise)
}

// checkNoise tells whether the numbers of a call are enough, as Noise says.
func (e *engine[F]) checkNoise(b *Batch[F]) error {
	start, step := uint64(e.startNoise()/4), uint64(noiseColumns(e.step.noise)/4)
	if n := start + uint64(b.Steps)*step; n > 1<<callBits {
		return fmt.Errorf("%d time steps use %d blocks of noise, at most %d are possible", b.Steps, n, 1<<callBits)
	}
	if start+step > 0 && b.Noise.Call >= 1<<(64-callBits) {
		return fmt.Errorf("noise call %d, want less than 2^%d", b.Noise.Call, 64-callBits)
	}
	return nil
}

// update computes outputs, and in training loss and gradients.
func (e *engine[F]) update(b *Batch[F], weights, gradients, outputs []F) (loss float64, err error) {
	if err := e.checkNoise(b); err != nil {
		return 0, err
	}
	e.prepare(b.Steps, b.Size)
	e.job.batch, e.job.outputs = b, outputs
	defer func() { e.job.batch, e.job.outputs = nil, nil }()
	lossFactor := 0.0
	if e.training {
		var scale float64
		lossFactor, scale = lossScale(e.loss, b, e.cell.Outputs())
		e.job.scale = F(scale)
		e.joiner.begin()
	}
	if err := e.once(weights); err != nil {
		return 0, err
	}
	if err := e.leaves(); err != nil {
		return 0, err
	}
	if !e.training {
		return 0, nil
	}
	n := e.job.blocks
	for i := e.from; i < e.to; i++ { // a leaf's losses are added in the order of its backward pass
		sum := 0.0
		for _, v := range e.job.losses[i*n : (i+1)*n] {
			sum += v
		}
		e.job.losses[i*n] = sum
	}
	if e.to > e.from {
		loss = treeSum(e.job.losses[e.from*n:], n, e.to-e.from)
	}
	if loss, err = e.joinRanks(loss); err != nil {
		return 0, err
	}
	return loss * lossFactor, e.total(gradients)
}

// once computes what is made from weights alone.
func (e *engine[F]) once(weights []F) error {
	e.shared.weights = weights
	w := e.workers[0]
	if err := w.step.run(inOnce, 0); err != nil {
		return err
	}
	if w.start == nil {
		return nil
	}
	e.startShared.weights = weights
	return w.start.run(inOnce, 0)
}

// leaves computes all leaves.
func (e *engine[F]) leaves() error {
	e.next.Store(int64(e.from))
	clear(e.errors)
	if e.threads == nil {
		e.work(0)
	} else {
		e.threads.run(e)
	}
	for _, err := range e.errors {
		if err != nil {
			return err
		}
	}
	return nil
}

// work lets one worker compute leaves until none is left. It implements labour.
func (e *engine[F]) work(worker int) {
	w := e.workers[worker]
	for {
		leaf := int(e.next.Add(1)) - 1
		if leaf >= e.to {
			return
		}
		var err error
		if e.training {
			sum := e.joiner.buffer()
			if err = w.trainLeaf(leaf, sum); err == nil {
				e.joiner.finished(leaf-e.from, sum, e.adders[worker])
			} else {
				e.joiner.release(sum)
			}
		} else {
			err = w.forwardLeaf(leaf)
		}
		if err != nil {
			e.errors[worker] = fmt.Errorf("sequences from %d on: %w", w.first, err)
			return
		}
	}
}

// total makes the gradients from the sums of all leaves.
func (e *engine[F]) total(gradients []F) error {
	root, w := e.joiner.root, e.workers[0]
	copy(gradients, root)
	w.step.sum = root
	if err := w.step.total(gradients); err != nil || w.start == nil {
		return err
	}
	w.start.sum = root
	return w.start.total(gradients)
}

// total computes what is made from the sums of all leaves, and adds it to the gradients.
func (f *frame[F]) total(gradients []F) error {
	if err := f.run(inTotal, 0); err != nil {
		return err
	}
	at := 0
	for i, p := range f.code.params {
		if o := f.code.copies[i]; o != nil {
			data, to := f.data(o), gradients[at:]
			cols := p.Cols
			for r := range max(p.Rows, 1) {
				for j, v := range data[r*o.stride : r*o.stride+cols] {
					to[r*cols+j] += v
				}
			}
		}
		at += p.Size()
	}
	return nil
}

// An adder adds one leaf's gradients to another's.
type adder[F Float] struct {
	program *kernel.Program[F]
	streams [2]kernel.Strided[F]
}

func newAdder[F Float](set *kernel.Set[F]) *adder[F] {
	p, err := set.Compile([]kernel.Instr{{Op: kernel.OpAdd, Dst: kernel.Stream(0), A: kernel.Stream(0), B: kernel.Stream(1)}}, nil)
	if err != nil {
		panic(err) // it is a constant
	}
	return &adder[F]{program: p}
}

func (a *adder[F]) add(to, from []F) {
	a.streams[0], a.streams[1] = kernel.Strided[F]{Data: to, Stride: len(to)}, kernel.Strided[F]{Data: from, Stride: len(from)}
	a.program.Run(1, len(to), a.streams[:])
}
