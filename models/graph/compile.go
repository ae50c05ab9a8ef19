package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"neurosweep/models/kernel"
)

// passes are the rewritings of a program, in order.
var passes = []func(p *program) *program{
	(*program).joinPads, (*program).live,
	(*program).mergeChains, (*program).live,
	(*program).splitChains, (*program).live,
	(*program).mergeChains, (*program).live,
	(*program).hoistInputs,
	(*program).joinChains, (*program).live,
	(*program).fuse, (*program).live,
	(*program).repeatCheap, (*program).live,
	(*program).shareParts, (*program).live,
	(*program).turnSums, (*program).live,
	(*program).absorbAfter, (*program).live,
}

// optimize runs all passes.
func (p *program) optimize() *program {
	for _, pass := range passes {
		p = pass(p)
	}
	return p
}

// compileGraph makes code of a graph.
func compileGraph[F Float](s *stepGraph, cell string, params []Param, set *kernel.Set[F], training bool) (c *code[F], err error) {
	p, err := liftGraph(s, cell)
	if err != nil {
		return nil, err
	}
	defer func() { // passes panic where they contradict each other
		if r := recover(); r != nil {
			err = fmt.Errorf("compiling %s: %v", cell, r)
		}
	}()
	p = p.live().optimize()
	if !training { // the same forward values as in training, so that outputs have the same bits
		clear(p.dstates)
		clear(p.dparams)
		p = p.live()
	}
	return emit(p.bind().schedule().place(params, training), set)
}

// compileStep makes the code of a cell's time step.
func compileStep[F Float](c Cell, set *kernel.Set[F], training bool) (*code[F], error) {
	s, err := buildStep(c, tensor.Float32, probeRows, 0, true)
	if err != nil {
		return nil, err
	}
	return compileGraph(s, fmt.Sprintf("a time step of %T", c), c.Params(), set, training)
}

// compileStart makes the code of a cell's start; nil if it has none.
func compileStart[F Float](c Cell, set *kernel.Set[F], training bool) (*code[F], error) {
	starter, ok := c.(Starter)
	if !ok {
		return nil, nil
	}
	s, err := buildStart(starter, tensor.Float32, probeRows, 0, true)
	if err != nil {
		return nil, err
	}
	return compileGraph(s, fmt.Sprintf("the start of %T", c), c.Params(), set, training)
}
