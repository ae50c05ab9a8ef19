package graph

// A Float is a number type that a machine computes in.
type Float interface{ float32 | float64 }

// A Cell is a recurrent network as one time step. It is immutable; its weights are given to the machine.
type Cell interface {
	Inputs() int     // channels of an input point
	Outputs() int    // channels of an output point
	States() []int   // the width of each state; a state starts at zero, unless the cell is a Starter
	Params() []Param // in a fixed order: the order of the flat weight and gradient buffers

	// Step writes one time step: x is B×Inputs, each state B×width, params are in the order of Params (a vector is a 1×n matrix).
	// y is B×Outputs, next has the states' shapes. B is not known to Step and must not matter: every op works row by row.
	// A next state may be y (a closed loop), a state, or x.
	Step(b *Builder, x *Node, state, params []*Node) (y *Node, next []*Node)
}

// A Starter is a Cell whose states do not start at zero: they are learned, or random.
type Starter interface {
	Cell

	// Start writes the states before the first time step, each B×width. Zeros and Noise of the builder give values of B rows.
	Start(b *Builder, params []*Node) []*Node
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
func Split[F Float](params []Param, flat []F) [][]F {
	parts := make([][]F, len(params))
	for i, p := range params {
		parts[i], flat = flat[:p.Size():p.Size()], flat[p.Size():]
	}
	return parts
}
