package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// differentiate returns Σ d output·grad / d wrt for each of wrt: the gradient of outputs, given theirs. A wrt that reaches no output has a nil
// gradient: it is zero. It may be called once a graph.
//
// It guards Gorgonia's Backpropagate, which gives wrong numbers without an error when an output is named twice (only one gradient counts) or when it is called twice on a
// graph (the first call's gradients come back), fails on a wrt that reaches no output and on an output that no wrt reaches, panics where nothing is left, and does
// not check shapes.
func (b *Builder) differentiate(outputs, grads, wrt []*Node) (gradients []*Node, err error) {
	if b.derived {
		return nil, fmt.Errorf("differentiating a graph: it has been done before, and can be done once")
	}
	b.derived = true
	if len(outputs) != len(grads) {
		return nil, fmt.Errorf("differentiating a graph: %d outputs with %d gradients", len(outputs), len(grads))
	}
	err = build(func() { gradients = b.backpropagate(outputs, grads, wrt) })
	if err != nil {
		return nil, fmt.Errorf("differentiating a graph: %w", err)
	}
	return gradients, nil
}

func (b *Builder) backpropagate(outputs, grads, wrt []*Node) []*Node {
	reaching := b.forwards(wrt)
	var used gorgonia.Nodes // outputs that a wrt reaches, once each
	given := map[*Node]*Node{}
	for i, n := range outputs {
		wantSize("the given gradient of output", n, grads[i])
		switch {
		case !reaching[n]:
		case given[n] == nil:
			used, given[n] = append(used, n), grads[i]
		default:
			given[n] = b.Add(given[n], grads[i])
		}
	}
	reached := b.backwards(used)
	var reachable, usedGrads gorgonia.Nodes
	for _, n := range wrt {
		if reached[n] {
			reachable = append(reachable, n)
		}
	}
	for _, n := range used {
		usedGrads = append(usedGrads, given[n])
	}
	gradients := make([]*Node, len(wrt))
	if len(reachable) == 0 {
		return gradients
	}
	found, err := gorgonia.Backpropagate(used, usedGrads, reachable)
	if err != nil {
		fail("%w", err)
	}
	for i, n := range wrt {
		if !reached[n] {
			continue
		}
		gradients[i], found = found[0], found[1:]
		wantSize("the gradient of input", n, gradients[i])
	}
	return gradients
}

// wantSize checks the shape of a node's gradient.
func wantSize(what string, n, grad *Node) {
	if grad == nil {
		fail("%s %s is missing", what, n.Name())
	}
	if !sameSize(n, grad) {
		fail("%s %s is %v, want %v", what, n.Name(), grad.Shape(), n.Shape())
	}
}

func sameSize(x, y *Node) bool {
	r, c := shape(x)
	rows, cols := shape(y)
	return r == rows && c == cols
}

// forwards are the nodes that some of from influence, by ways that gradients go.
func (b *Builder) forwards(from []*Node) map[*Node]bool {
	set := map[*Node]bool{}
	for _, n := range from {
		set[n] = true
	}
	for _, o := range b.ops {
		for i, n := range o.operands {
			if o.diff[i] && set[n] {
				set[o.node] = true
			}
		}
	}
	return set
}

// backwards are the nodes that influence some of to, by ways that gradients go.
func (b *Builder) backwards(to []*Node) map[*Node]bool {
	set := map[*Node]bool{}
	for _, n := range to {
		set[n] = true
	}
	for i := len(b.ops) - 1; i >= 0; i-- {
		o := b.ops[i]
		for j, n := range o.operands {
			if o.diff[j] && set[o.node] {
				set[n] = true
			}
		}
	}
	return set
}
