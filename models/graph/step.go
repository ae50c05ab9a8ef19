package graph

import "fmt"

// A step is a cell's time step as a graph, built once for a number of rows, from which larger graphs are made by replay.
type step struct {
	b      *Builder
	x      *Node
	state  []*Node
	params []*Node
	y      *Node
	next   []*Node

	xData     []float32
	stateData [][]float32
	paramData [][]float32

	loop map[*Node]bool // values that the next state depends on, or that depend on no input: every other one can wait until the loop is over
	inv  map[*Node]bool // values that depend on weights only
}

// newStep builds a cell's step for batches of rows sequences.
func newStep(c Cell, rows int, salt uint32) (*step, error) {
	s := &step{b: newBuilder(salt)}
	err := build(func() {
		s.x, s.xData = s.b.input("x", rows, c.Inputs(), false)
		for i, width := range c.States() {
			n, data := s.b.input(fmt.Sprintf("state %d", i), rows, width, true)
			s.state, s.stateData = append(s.state, n), append(s.stateData, data)
		}
		s.params, s.paramData = s.b.params(c)
		s.y, s.next = c.Step(s.b, s.x, s.state, s.params)
		s.check(c, rows)
	})
	if err != nil {
		return nil, fmt.Errorf("building a time step of %T: %w", c, err)
	}
	s.classify()
	return s, nil
}

func (b *Builder) params(c Cell) (nodes []*Node, data [][]float32) {
	for _, p := range c.Params() {
		n, d := b.input("param "+p.Name, max(p.Rows, 1), p.Cols, true)
		nodes, data = append(nodes, n), append(data, d)
	}
	return nodes, data
}

func (s *step) check(c Cell, rows int) {
	want := func(what string, n *Node, cols int) {
		if n == nil {
			fail("%s is missing", what)
		}
		if r, k := shape(n); r != rows || k != cols {
			fail("%s is %d×%d, want %d×%d", what, r, k, rows, cols)
		}
	}
	want("the output", s.y, c.Outputs())
	if len(s.next) != len(s.state) {
		fail("%d next states, want %d", len(s.next), len(s.state))
	}
	for i, width := range c.States() {
		want(fmt.Sprintf("next state %d", i), s.next[i], width)
	}
}

func (s *step) classify() {
	s.loop, s.inv = map[*Node]bool{}, map[*Node]bool{}
	for _, n := range s.params {
		s.inv[n] = true
	}
	for _, o := range s.b.ops {
		all := true
		for _, n := range o.operands {
			all = all && s.inv[n]
		}
		s.inv[o.node] = all
	}
	for _, n := range s.next {
		s.loop[n] = true
	}
	for i := len(s.b.ops) - 1; i >= 0; i-- {
		o := s.b.ops[i]
		for _, n := range o.operands {
			if s.loop[o.node] {
				s.loop[n] = true
			}
		}
	}
}

// unroll writes steps time steps into another builder: values that depend on weights only once, the loop once a step, and what the loop
// does not need (a readout) once for all steps, on steps·rows rows, in the order of time. x has one node a step. It returns the outputs of all steps under one another.
func (s *step) unroll(b *Builder, x, state, params []*Node) *Node {
	once := map[*Node]*Node{}
	for i, n := range s.params {
		once[n] = params[i]
	}
	s.replay(b, once, func(n *Node) bool { return s.inv[n] })

	times := make([]map[*Node]*Node, len(x))
	for t := range x {
		m := map[*Node]*Node{s.x: x[t]}
		for i, n := range s.state {
			m[n] = state[i]
		}
		for n, v := range once {
			m[n] = v
		}
		s.replay(b, m, func(n *Node) bool { return s.loop[n] && !s.inv[n] })
		next := make([]*Node, len(state))
		for i, n := range s.next {
			next[i] = m[n]
		}
		times[t], state = m, next
	}

	// What the loop left, for all steps at once: operands from the loop are stacked when they are first needed.
	after := map[*Node]*Node{}
	for n, v := range once {
		after[n] = v
	}
	stacked := func(n *Node) {
		if after[n] != nil {
			return
		}
		parts := make([]*Node, len(times))
		for t, m := range times {
			parts[t] = m[n]
		}
		after[n] = b.apply(stack, 0, parts...)
	}
	wait := func(n *Node) bool { return !s.loop[n] && !s.inv[n] }
	for _, o := range s.b.ops {
		if wait(o.node) {
			for _, n := range o.operands {
				stacked(n)
			}
			s.again(b, after, o)
		}
	}
	stacked(s.y)
	return after[s.y]
}

// replay applies the ops whose results are chosen to the operands that m maps theirs to, and adds their results to m.
func (s *step) replay(b *Builder, m map[*Node]*Node, chosen func(*Node) bool) {
	for _, o := range s.b.ops {
		if chosen(o.node) {
			s.again(b, m, o)
		}
	}
}

func (s *step) again(b *Builder, m map[*Node]*Node, o *op) {
	operands := make([]*Node, len(o.operands))
	for i, n := range o.operands {
		operands[i] = m[n]
	}
	m[o.node] = b.apply(o.rule, o.attribute, operands...)
}
