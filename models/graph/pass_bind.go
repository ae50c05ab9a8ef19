package graph

import "slices"

// A home is where a value lies when it has no memory of its own: in a buffer of the machine, or in columns of another value.
type home struct {
	kind   homeKind
	index  int    // of toState, toCarry: which one
	in     *value // of within
	column int
}

type homeKind int

const (
	ownHome homeKind = iota
	toState          // the states after the time step
	toCarry          // the gradients that are carried back
	within           // columns of another value
)

// A bound program is one whose results, parts of other values and beginnings of chains lie where they are needed: where an operation cannot
// write there, a copy was put between.
type bound struct {
	*program
	regions []region
	homes   []home // by value
}

// bind decides where values lie.
func (p *program) bind() *bound {
	p = p.separateCarried().live()
	p = p.copyResults().live()
	p = p.copyParts().live()
	b := &bound{program: p, regions: p.regions(), homes: make([]home, len(p.values))}
	for i, v := range p.next {
		b.homes[v.id] = home{kind: toState, index: i}
	}
	for i, v := range p.dstates {
		if v != nil {
			b.homes[v.id] = home{kind: toCarry, index: i}
		}
	}
	for _, v := range p.values {
		switch {
		case v.op == opChain && v.init && v.args[0].batch:
			b.homes[v.args[0].id] = home{kind: within, in: v}
		case v.op == opConcat && v.batch:
			at := 0
			for _, a := range v.args {
				b.homes[a.id] = home{kind: within, in: v, column: at}
				at += a.cols
			}
		}
	}
	return b
}

// writes tells whether v is made by an operation that can write its result anywhere.
func (v *value) writes() bool { return !v.isSource() && v.op != opSlice && v.op != opConcat }

// duplicate is a copy of v that no other copy is merged with.
func (p *program) duplicate(v *value) *value {
	return p.put(value{op: "copy", args: []*value{v}, index: len(p.values), batch: v.batch, rows: v.rows, cols: v.cols})
}

// separateCarried lets what is not in the loop read copies of the gradients that are carried back, which only the loop sees.
func (p *program) separateCarried() *program {
	regions := p.regions()
	copies := map[*value]*value{}
	separate := func(q *program, a *value) *value {
		if copies[a] == nil {
			copies[a] = q.duplicate(a)
		}
		return copies[a]
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if regions[v.id] == inGradientLoop || v.isSource() || v.op == opSlice {
			return v.with(q, args)
		}
		args = slices.Clone(args)
		for j, a := range args {
			switch {
			case a.op == opDNext:
				args[j] = separate(q, a)
			case a.op == opSlice && a.args[0].op == opDNext:
				args[j] = q.slice(separate(q, a.args[0]), a.from, a.from+a.cols)
			}
		}
		return v.with(q, args)
	})
}

// copyResults makes each state after the step, and each gradient that is carried back, the result of an operation that writes it where it belongs, once.
func (p *program) copyResults() *program {
	regions, users := p.regions(), p.users()
	q := p.rewrite(func(q *program, v *value, args []*value) *value { return v.with(q, args) })
	taken := map[*value]bool{}
	for i, v := range q.next {
		old := p.next[i]
		if !(v.writes() || v.op == opConcat) || taken[v] || regions[old.id] != inForwardLoop && regions[old.id] != inForwardBlock {
			q.next[i] = q.duplicate(v)
		}
		taken[q.next[i]] = true
	}
	for i, v := range q.dstates {
		if v == nil {
			continue
		}
		old := p.dstates[i]
		outside := slices.ContainsFunc(users[old.id], func(u *value) bool { return u != nil && regions[u.id] != inGradientLoop })
		wait := !old.carried && !old.isElement() // it need not be computed step by step
		if !v.writes() || taken[v] || outside || wait {
			q.dstates[i] = q.duplicate(v)
		}
		taken[q.dstates[i]] = true
	}
	return q
}

// copyParts makes the beginning of every chain, and every part of values side by side, the result of an operation that has no other place to write to.
func (p *program) copyParts() *program {
	regions, users := p.regions(), p.users()
	taken := p.reachesDirectly(append(slices.Clone(p.next), p.dstates...)) // values that have a place
	claim := func(part, whole *value, alone bool) bool {
		free := part.batch && part.writes() && !taken[part.id] && (!alone || p.lastUser(whole, part, users, nil)) &&
			regions[part.id].isBackward() == regions[whole.id].isBackward() && (!part.saved(users) || whole.saved(users))
		taken[part.id] = taken[part.id] || free
		return free
	}
	keep := map[[2]int]bool{} // by whole and operand
	for _, v := range p.values {
		if v.op == opChain && v.init && v.args[0].batch {
			tooEarly := slices.Contains(p.dstates, v) && !regions[v.args[0].id].isStep() // the carried gradient has room for one time step
			keep[[2]int{v.id, 0}] = !tooEarly && claim(v.args[0], v, true)
		}
	}
	for _, deferred := range []bool{false, true} { // what only sums read comes second
		for _, v := range p.values {
			if v.op != opConcat || !v.batch || onlySums(users[v.id]) != deferred {
				continue
			}
			for i, a := range v.args {
				keep[[2]int{v.id, i}] = claim(a, v, false)
			}
		}
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		args = slices.Clone(args)
		for i := range args {
			if kept, part := keep[[2]int{v.id, i}]; part && !kept {
				args[i] = q.duplicate(args[i])
			}
		}
		return v.with(q, args)
	})
}

// onlySums tells whether all users are sums over rows.
func onlySums(users []*value) bool {
	return !slices.ContainsFunc(users, func(u *value) bool { return u == nil || u.op != opOuter && u.op != opSumRow })
}
