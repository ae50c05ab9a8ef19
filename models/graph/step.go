package graph

import (
	"fmt"

	"gorgonia.org/tensor"
)

// A stepGraph is a cell's time step, or its start, as one graph, with its gradients if they were asked for. It is what a machine is made from.
type stepGraph struct {
	b *Builder

	// The forward values. Zeros and noise are in the builder: inputs, too, that a machine fills.
	x      *Node   // input; nil for a start
	state  []*Node // inputs; none for a start
	params []*Node // inputs
	y      *Node   // nil for a start
	next   []*Node // the next states; the first ones for a start

	// The gradients: of Σ y·dy + Σ next·dnext.
	dy      *Node   // input; nil for a start
	dnext   []*Node // inputs
	dstate  []*Node // of each state; nil where the gradient is zero
	dparams []*Node // of each param; nil where the gradient is zero
}

// An instruction is one op of a stepGraph. An op with a rule of this package is op; where op is nil, it is Gorgonia's own sum of two gradients.
type instruction struct {
	node     *Node
	op       *op
	operands []*Node
}

// probeRows is a number of rows that no other dimension is likely to have, so that mixed-up axes become errors of shape.
const probeRows = 1009

// Check tells whether a cell's step, its start and their gradients can be built, without allocating what they compute.
func Check(c Cell) error {
	if _, err := buildStep(c, tensor.Float32, probeRows, 0, true); err != nil {
		return err
	}
	if s, ok := c.(Starter); ok {
		_, err := buildStart(s, tensor.Float32, probeRows, 0, true)
		return err
	}
	return nil
}

// buildStep builds a cell's time step for batches of size sequences, with another salt: with other hashes.
func buildStep(c Cell, dtype tensor.Dtype, size int, salt uint32, gradients bool) (*stepGraph, error) {
	return buildGraph(fmt.Sprintf("a time step of %T", c), newBuilder(dtype, size, salt), gradients, func(s *stepGraph) {
		s.x = s.b.input("x", s.b.size, c.Inputs(), dataInput)
		for i, width := range c.States() {
			s.state = append(s.state, s.b.input(fmt.Sprintf("state %d", i), s.b.size, width, stateInput))
		}
		s.inputParams(c)
		s.y, s.next = c.Step(s.b, s.x, s.state, s.params)
		s.want("the output", s.y, c.Outputs())
		s.wantStates("next state", c, s.next)
	})
}

// buildStart builds what comes before the first time step.
func buildStart(c Starter, dtype tensor.Dtype, size int, salt uint32, gradients bool) (*stepGraph, error) {
	return buildGraph(fmt.Sprintf("the start of %T", c), newBuilder(dtype, size, salt), gradients, func(s *stepGraph) {
		s.inputParams(c)
		s.next = c.Start(s.b, s.params)
		s.wantStates("first state", c, s.next)
	})
}

func buildGraph(what string, b *Builder, gradients bool, forward func(s *stepGraph)) (*stepGraph, error) {
	s := &stepGraph{b: b}
	err := build(func() {
		forward(s)
		if gradients {
			s.differentiate()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", what, err)
	}
	return s, nil
}

func (s *stepGraph) inputParams(c Cell) {
	for _, p := range c.Params() {
		s.params = append(s.params, s.b.input("param "+p.Name, max(p.Rows, 1), p.Cols, weightInput))
	}
}

func (s *stepGraph) wantStates(what string, c Cell, nodes []*Node) {
	widths := c.States()
	if len(nodes) != len(widths) {
		fail("%d %ss, want %d", len(nodes), what, len(widths))
	}
	for i, width := range widths {
		s.want(fmt.Sprintf("%s %d", what, i), nodes[i], width)
	}
}

// want checks a batch value of cols columns.
func (s *stepGraph) want(what string, n *Node, cols int) {
	if n == nil {
		fail("%s is missing", what)
	}
	if r, k := shape(n); r != s.b.size || k != cols {
		fail("%s is %d×%d, want %d×%d", what, r, k, s.b.size, cols)
	}
	if !s.b.batch[n] {
		fail("%s is made from weights alone, want rows of the batch", what)
	}
}

// differentiate adds the inputs dy and dnext, and the gradients.
func (s *stepGraph) differentiate() {
	var outputs, given []*Node
	for i, n := range s.next {
		_, cols := shape(n)
		s.dnext = append(s.dnext, s.b.input(fmt.Sprintf("gradient of next state %d", i), s.b.size, cols, dataInput))
	}
	outputs, given = append(outputs, s.next...), append(given, s.dnext...)
	if s.y != nil {
		_, cols := shape(s.y)
		s.dy = s.b.input("gradient of the output", s.b.size, cols, dataInput)
		outputs, given = append(outputs, s.y), append(given, s.dy)
	}
	wrt := append(append([]*Node{}, s.state...), s.params...)
	found, err := s.b.differentiate(outputs, given, wrt)
	if err != nil {
		fail("%w", err)
	}
	s.dstate, s.dparams = found[:len(s.state)], found[len(s.state):]
}

// instructions are the ops that y and the next states need, then what the gradients need besides, each after its operands, in an order that
// depends on the cell alone. What nothing needs is left out.
func (s *stepGraph) instructions() (forward, backward []instruction) {
	own := map[*Node]*op{}
	for _, o := range s.b.ops {
		own[o.node] = o
	}
	seen := map[*Node]bool{}
	var list []instruction
	var visit func(n *Node)
	visit = func(n *Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		operands := s.b.operands(n, own[n])
		for _, m := range operands {
			visit(m)
		}
		if len(operands) > 0 {
			list = append(list, instruction{n, own[n], operands})
		}
	}
	for _, n := range s.next {
		visit(n)
	}
	visit(s.y)
	forward, list = list, nil
	for _, n := range append(append([]*Node{}, s.dstate...), s.dparams...) {
		visit(n)
	}
	return forward, list
}

// operands are a node's, in order; none of an input.
func (b *Builder) operands(n *Node, o *op) []*Node {
	if o != nil {
		return o.operands
	}
	var operands []*Node
	for nodes := b.g.From(n.ID()); nodes.Next(); {
		operands = append(operands, nodes.Node().(*Node))
	}
	return operands
}
