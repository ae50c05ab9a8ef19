package graph

// shapes is a cell whose shapes are asked for once: models make new slices at each call, and nothing may be allocated in an update.
type shapes struct {
	Cell
	inputs, outputs int
	states          []int
	params          []Param
}

func newShapes(c Cell) *shapes { return &shapes{c, c.Inputs(), c.Outputs(), c.States(), c.Params()} }

func (s *shapes) Inputs() int     { return s.inputs }
func (s *shapes) Outputs() int    { return s.outputs }
func (s *shapes) States() []int   { return s.states }
func (s *shapes) Params() []Param { return s.params }
