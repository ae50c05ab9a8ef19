package graph

import (
	"fmt"

	"neurosweep/sweep/random"
)

// A Loss says what a training step minimises. y are a batch's outputs, T×B×Outputs, mask is 1 where the batch has none.
type Loss string

// The losses.
const (
	// CrossEntropy is Σ mask·(-log softmax(y)[label]) / Σ mask, over points; 0 where the masks sum to 0.
	CrossEntropy Loss = "cross_entropy"

	// SquaredError is Σ mask·(y-target)² / (T·B·Outputs), over elements: masked elements count in the denominator.
	SquaredError Loss = "squared_error"
)

func (l Loss) check() error {
	if l != CrossEntropy && l != SquaredError {
		return fmt.Errorf("no loss is called %q; there are %s and %s", l, CrossEntropy, SquaredError)
	}
	return nil
}

// A Batch is what a machine computes on. Everything is time-major: point (t, b) of a T×B batch is element t*Size+b, and
// channel c of it is element (t*Size+b)*channels+c.
type Batch[F Float] struct {
	Steps   int     // T, time steps
	Size    int     // B, sequences
	Inputs  []F     // T×B×Inputs
	Labels  []int32 // T×B: the class of each point, for CrossEntropy
	Targets []F     // T×B×Outputs, for SquaredError
	Mask    []F     // the weight of each point, T×B, for CrossEntropy, of each element, T×B×Outputs, for SquaredError; nil: all 1
	Noise   Noise   // which normal numbers a cell with noise sees
}

// A Noise names the normal numbers that a cell gets from Builder.Noise: those of sweep/random's generator of Seed, Stream and, for row r of the
// batch, lane r. Calls with different numbers, from 0 to 2⁴⁰-1, get different numbers; a trainer counts updates.
//
// All noise of one time step lies in consecutive blocks of four numbers: each use of Builder.Noise starts a block. Call c begins at block c·2²⁴ with
// the blocks of Start, which those of the steps follow.
type Noise struct {
	Seed   int64
	Stream random.Stream
	Call   uint64
}

// A Machine runs a cell over time, for one loss. It caches what it builds for a shape, and is not safe for concurrent use.
// Equal arguments give equal bits, whatever ran before.
type Machine[F Float] interface {
	// Forward computes the outputs, T×B×Outputs, of a batch. It reads neither labels nor targets nor masks.
	Forward(b *Batch[F], weights, outputs []F) error

	// Gradients computes the loss, its gradient with respect to every weight, and the outputs. A value that is not finite is a result, not an error.
	Gradients(b *Batch[F], weights, gradients, outputs []F) (loss float64, err error)
}

// points is T·B.
func (b *Batch[F]) points() int { return b.Steps * b.Size }

// check tells what does not fit together in a batch for a cell.
func (b *Batch[F]) check(c Cell, weights, outputs []F) error {
	switch n := b.points(); {
	case b.Steps < 1 || b.Size < 1:
		return fmt.Errorf("a batch of %d steps and %d sequences: both must be at least 1", b.Steps, b.Size)
	case len(b.Inputs) != n*c.Inputs():
		return fmt.Errorf("a batch of %d×%d points has %d input numbers, want %d for %d channels", b.Steps, b.Size, len(b.Inputs), n*c.Inputs(), c.Inputs())
	case len(outputs) != n*c.Outputs():
		return fmt.Errorf("a buffer of %d outputs, want %d", len(outputs), n*c.Outputs())
	}
	if want := Size(c.Params()); len(weights) != want {
		return fmt.Errorf("a buffer of %d weights, want %d", len(weights), want)
	}
	return nil
}

// checkLoss tells what is missing for a loss's gradients.
func (b *Batch[F]) checkLoss(c Cell, l Loss, gradients []F) error {
	n := b.points()
	if want := Size(c.Params()); len(gradients) != want {
		return fmt.Errorf("a buffer of %d gradients, want %d", len(gradients), want)
	}
	masked := n
	if l == SquaredError {
		masked = n * c.Outputs()
		if len(b.Targets) != masked {
			return fmt.Errorf("a batch of %d×%d points has %d target numbers, want %d for %d channels", b.Steps, b.Size, len(b.Targets), masked, c.Outputs())
		}
	} else if err := checkLabels(b.Labels, n, c.Outputs()); err != nil {
		return err
	}
	if b.Mask != nil && len(b.Mask) != masked {
		return fmt.Errorf("a batch of %d×%d points has a mask of %d, want %d", b.Steps, b.Size, len(b.Mask), masked)
	}
	return nil
}

func checkLabels(labels []int32, points, classes int) error {
	if len(labels) != points {
		return fmt.Errorf("a batch of %d points has %d labels", points, len(labels))
	}
	for i, label := range labels {
		if label < 0 || int(label) >= classes {
			return fmt.Errorf("point %d has label %d, want 0 to %d", i, label, classes-1)
		}
	}
	return nil
}
