package graph

import (
	"fmt"
	"runtime"

	"neurosweep/models/kernel"
)

// ScanOptions are how a scan machine computes. None of them changes a bit of any result, except Truncate.
type ScanOptions[F Float] struct {
	// Set is the kernels; nil: those of kernel.Choose.
	Set *kernel.Set[F]

	// Threads is how many leaves are computed at the same time; 0: GOMAXPROCS. More than one are threads of their own, each kept on one processor.
	Threads int

	// Truncate is the number of time steps that gradients go back, as in Reference; 0: all.
	Truncate int

	// Memory bounds the bytes of a plan, if it can; 0: no bound. Where it binds, fewer leaves are computed at the same time; where not even one fits,
	// its forward pass is computed twice.
	Memory int64

	// Share is the part of each batch of Gradients that this machine computes, together with others; nil: all. Of the outputs, only those of its sequences (Rows) are then
	// written. Forward computes everything.
	Share *Share[F]
}

// A Scan is the machine that compiles a cell to a program over time and runs that on the kernels. doc.go tells how.
type Scan[F Float] struct {
	cell    Cell
	loss    Loss
	train   *engine[F]
	eval    *engine[F]
	options ScanOptions[F]
}

// NewScan compiles a cell for a loss.
func NewScan[F Float](c Cell, l Loss, o ScanOptions[F]) (*Scan[F], error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if o.Truncate < 0 {
		return nil, fmt.Errorf("gradients over %d time steps: want at least 1, or 0 for all", o.Truncate)
	}
	if o.Threads < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("a scan machine of %d threads and %d bytes: want at least 1, or 0 for no choice", o.Threads, o.Memory)
	}
	if o.Share != nil {
		if err := o.Share.check(); err != nil {
			return nil, err
		}
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Set == nil {
		isa, err := kernel.Choose()
		if err != nil {
			return nil, err
		}
		o.Set = kernel.SetOf[F](isa)
	}
	s := &Scan[F]{cell: newShapes(c), loss: l, options: o}
	var err error
	if s.eval, err = newEngine(c, l, o, false); err != nil {
		return nil, err
	}
	if s.train, err = newEngine(c, l, o, true); err != nil {
		return nil, err
	}
	return s, nil
}

// Plan is how Gradients computes a batch of size sequences of so many steps. It allocates nothing.
func (s *Scan[F]) Plan(steps, size int) Plan { return s.train.plan(max(steps, 1), max(size, 1)) }

// Explain prints what the cell was compiled to: the values of a time step and of its gradients, and the instructions that compute them.
func (s *Scan[F]) Explain() string {
	text := fmt.Sprintf("values of a time step and its gradients\n\n%v\ntraining\n\n%v", s.train.step.program, s.train.step)
	if s.train.start != nil {
		text += fmt.Sprintf("\nvalues of the start\n\n%v\nstart\n\n%v", s.train.start.program, s.train.start)
	}
	return text + fmt.Sprintf("\noutputs alone\n\n%v", s.eval.step)
}

// Forward computes the outputs.
func (s *Scan[F]) Forward(b *Batch[F], weights, outputs []F) error {
	if err := b.check(s.cell, weights, outputs); err != nil {
		return err
	}
	_, err := s.eval.update(b, weights, nil, outputs)
	return err
}

// Gradients computes loss, gradients and outputs. After the first call for a shape it allocates nothing.
func (s *Scan[F]) Gradients(b *Batch[F], weights, gradients, outputs []F) (float64, error) {
	if err := b.check(s.cell, weights, outputs); err != nil {
		return 0, err
	}
	if err := b.checkLoss(s.cell, s.loss, gradients); err != nil {
		return 0, err
	}
	return s.train.update(b, weights, gradients, outputs)
}
