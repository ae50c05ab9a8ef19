package graph

import "fmt"

// A Cell is a recurrent network as one time step. It is immutable; its weights are given to the machine.
type Cell interface {
	Inputs() int     // channels of an input point
	Outputs() int    // channels of an output point
	States() []int   // the width of each state; every state starts at zero
	Params() []Param // in a fixed order: the order of the flat weight and gradient buffers

	// Step writes one time step: x is B×Inputs, each state B×width, params are in the order of Params (a vector is a 1×n matrix).
	// y is B×Outputs, next has the states' shapes. B is not known to Step and must not matter: every op works row by row.
	Step(b *Builder, x *Node, state, params []*Node) (y *Node, next []*Node)
}

// A Param declares one trained array.
type Param struct {
	Name string
	Rows int // 0: a vector, which the graph sees as one row
	Cols int
}

// Shape is the array's shape as a checkpoint stores it.
func (p Param) Shape() []int {
	if p.Rows == 0 {
		return []int{p.Cols}
	}
	return []int{p.Rows, p.Cols}
}

// Size is the number of elements.
func (p Param) Size() int { return max(p.Rows, 1) * p.Cols }

// Size is the number of elements of all params: the length of a weight buffer.
func Size(params []Param) int {
	n := 0
	for _, p := range params {
		n += p.Size()
	}
	return n
}

// Split cuts a flat buffer of Size(params) elements into one slice an array, without copying.
func Split(params []Param, flat []float32) [][]float32 {
	parts := make([][]float32, len(params))
	for i, p := range params {
		parts[i], flat = flat[:p.Size():p.Size()], flat[p.Size():]
	}
	return parts
}

// A Batch is what a machine computes on. Everything is time-major: point (t, b) of a T×B batch is element t*Size+b, and
// channel c of it is element (t*Size+b)*channels+c. It has the fields of tasks.Batch, which lies in a higher layer, and converts to it.
type Batch struct {
	Steps  int       // T, time steps
	Size   int       // B, sequences
	Inputs []float32 // T×B×Inputs
	Labels []int32   // T×B: the class of each point; not read by Forward
	Mask   []float32 // T×B: the weight of each point in the loss; nil: all 1
}

// points is T·B. check tells what does not fit together in a batch for a cell.
func (b *Batch) points() int { return b.Steps * b.Size }

func (b *Batch) check(c Cell) error {
	switch n := b.points(); {
	case b.Steps < 1 || b.Size < 1:
		return fmt.Errorf("a batch of %d steps and %d sequences: both must be at least 1", b.Steps, b.Size)
	case len(b.Inputs) != n*c.Inputs():
		return fmt.Errorf("a batch of %d×%d points has %d input numbers, want %d for %d channels", b.Steps, b.Size, len(b.Inputs), n*c.Inputs(), c.Inputs())
	case b.Mask != nil && len(b.Mask) != n:
		return fmt.Errorf("a batch of %d×%d points has a mask of %d", b.Steps, b.Size, len(b.Mask))
	}
	return nil
}

// A Machine runs a cell over time. It caches what it builds for a shape, and is not safe for concurrent use.
// Equal arguments give equal bits, whatever ran before.
type Machine interface {
	// Forward computes the outputs, T×B×Outputs, of a batch from the zero state.
	Forward(b *Batch, weights, outputs []float32) error

	// Gradients computes the mean softmax cross-entropy over the batch's points, weighted by its mask, its gradient with
	// respect to every weight, and the outputs. A value that is not finite is a result, not an error.
	Gradients(b *Batch, weights, gradients, outputs []float32) (loss float64, err error)
}
