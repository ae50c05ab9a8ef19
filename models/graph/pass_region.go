package graph

import "slices"

// A region is where in an update a value is computed. Time steps come in blocks: what does not wait for another time step is computed for a
// block at once, before or after the block's turn of the loop over time.
type region int

// The regions, in order. In training, what the forward pass need not know until a gradient asks is computed in the backward pass: outputs among it.
const (
	inOnce         region = iota // from weights: once an update
	inForwardBlock               // before the loop, and it needs no state
	inForwardLoop                // a state depends on it, and it on a state
	inOutputBlock                // no state depends on it: outputs, and what only gradients use
	inGradientBlock
	inGradientLoop // the gradient that is carried back goes through it
	inAfterBlock   // no gradient that is carried back depends on it
	inSumBlock     // sums over rows: gradients of weights, added to those of other blocks
	inTotal        // from those sums: once an update
	regionCount
)

var regionNames = [regionCount]string{"once", "forward, block", "forward, step", "outputs, block", "gradients, block", "gradients, step",
	"gradients, block after", "sums, block", "total"}

// isStep tells whether a region is computed time step by time step.
func (r region) isStep() bool { return r == inForwardLoop || r == inGradientLoop }

// isBackward tells whether a region is computed in the backward pass (when there is one).
func (r region) isBackward() bool { return r >= inOutputBlock && r <= inSumBlock }

// regions says where each value of a program is computed. Sources, constants and views have a region that means little.
func (p *program) regions() []region {
	regions := make([]region, len(p.values))
	toNext, toState := p.reaches(p.next), p.reaches(p.dstates)
	sums := make([]bool, len(p.values)) // sums over rows and what is made from them
	for i, v := range p.values {
		overRows := !v.batch && slices.ContainsFunc(v.args, func(a *value) bool { return a.batch })
		fromSums := slices.ContainsFunc(v.args, func(a *value) bool { return sums[a.id] })
		sums[i] = overRows || fromSums
		switch {
		case overRows:
			regions[i] = inSumBlock
		case fromSums:
			regions[i] = inTotal
		case !v.batch:
			regions[i] = inOnce
		case v.gradient:
			regions[i] = p.gradientRegion(v, toState[i])
		case v.again || !toNext[i]:
			regions[i] = inOutputBlock
		case v.state:
			regions[i] = inForwardLoop
		default:
			regions[i] = inForwardBlock
		}
	}
	p.sink(regions)
	return regions
}

func (p *program) gradientRegion(v *value, toState bool) region {
	switch {
	case slices.Contains(p.dstates, v) || v.op == "copy" && v.args[0].op == opDNext:
		return inGradientLoop
	case !v.carried:
		return inGradientBlock
	case toState:
		return inGradientLoop
	}
	return inAfterBlock
}

// sink moves element-wise operations into the loop that alone uses their result, where they become part of a larger one.
func (p *program) sink(regions []region) {
	users := p.users()
	for i := len(p.values) - 1; i >= 0; i-- {
		v := p.values[i]
		if !v.isElement() || !v.batch || len(users[i]) == 0 {
			continue
		}
		loop := inForwardLoop
		if regions[i].isBackward() {
			loop = inGradientLoop
		}
		sinks := !slices.ContainsFunc(users[i], func(u *value) bool {
			begins := u != nil && u.op == opChain && u.init && u.args[0] == v
			return u == nil || !u.isElement() && !begins || regions[u.id] != loop
		})
		if regions[i] < loop && sinks {
			regions[i] = loop
		}
	}
}

// repeatCheap lets the backward pass compute again what is made by cheap element-wise operations from values that it has, instead of
// reading what the forward pass would have to write.
func (p *program) repeatCheap() *program {
	regions, users := p.regions(), p.users()
	needed := make([]bool, len(p.values)) // of the forward pass, and used in the backward pass
	for i := len(p.values) - 1; i >= 0; i-- {
		for _, u := range users[i] {
			view := u != nil && (u.op == opSlice || u.op == opConcat)
			needed[i] = needed[i] || u != nil && (view && needed[u.id] || regions[u.id].isBackward())
		}
		needed[i] = needed[i] && p.values[i].batch && !regions[i].isBackward()
	}
	isNext := p.reachesDirectly(p.next)
	repeat := make([]bool, len(p.values))
	for i, v := range p.values {
		if !needed[i] || !cheapOps[v.op] || isNext[i] {
			continue
		}
		repeat[i] = !slices.ContainsFunc(v.args, func(a *value) bool {
			at := a
			for at.op == opSlice {
				at = at.args[0]
			}
			return at.batch && !needed[at.id] && !isNext[at.id] && at.op != opState && at.op != opInput
		})
	}
	again := make([]*value, len(p.values))
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		instead := func(of *value, args []*value) []*value {
			args = slices.Clone(args)
			for j, a := range of.args {
				if repeat[a.id] {
					args[j] = again[a.id]
				}
			}
			return args
		}
		if repeat[v.id] {
			w := *v
			w.args, w.again = instead(v, args), true
			again[v.id] = q.put(w)
		}
		if regions[v.id].isBackward() && !v.isSource() {
			args = instead(v, args)
		}
		return v.with(q, args)
	})
}

// reachesDirectly marks the values themselves.
func (p *program) reachesDirectly(values []*value) []bool {
	marks := make([]bool, len(p.values))
	for _, v := range values {
		if v != nil {
			marks[v.id] = true
		}
	}
	return marks
}
