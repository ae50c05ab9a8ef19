package graph

import (
	"fmt"
	"slices"
)

// mergeChains makes sums of products one chain: the bias, then the terms that do not depend on other time steps, then the others. What is
// neither a product nor a bias begins the chain, unless the sum goes to an element-wise operation, which adds it for nothing.
func (p *program) mergeChains() *program {
	users := p.users()
	inner := func(v *value) bool {
		u := users[v.id]
		return v.op == "add" && v.batch && len(u) == 1 && u[0] != nil && u[0].op == "add" && v.cols == u[0].cols
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if v.op != "add" || !v.batch || inner(v) {
			return v.with(q, args)
		}
		var terms []*value
		v.sumTerms(inner, &terms)
		m := merge{q: q, v: v}
		for _, t := range terms {
			m.add(t, len(users[t.id]) == 1)
		}
		toElement := slices.ContainsFunc(users[v.id], func(u *value) bool { return u != nil && u.isElement() })
		last := !slices.ContainsFunc(m.rest, func(t *value) bool { return !p.lastUser(v, t, users, inner) })
		return m.sum(toElement, last)
	})
}

// A merge is a sum being turned into one chain.
type merge struct {
	q      *program
	v      *value // the sum, in the program before
	bias   *value
	early  []*value // terms that do not depend on other time steps
	late   []*value
	earlyT []bool
	lateT  []bool
	begin  *value   // a value of the batch with which a merged chain began
	rest   []*value // of the program before
}

// add takes a term. only: the sum is its only user.
func (m *merge) add(t *value, only bool) {
	s := m.q.stands[t.id]
	switch {
	case !t.batch && t.rows == 1 && t.cols == m.v.cols:
		m.bias = m.q.plus(m.bias, s)
	case s.op == opChain && only && t.cols == m.v.cols && t.batch && !(s.init && s.args[0].batch && m.begin != nil):
		if s.init && s.args[0].batch {
			m.begin = s.args[0]
		} else if s.init {
			m.bias = m.q.plus(m.bias, s.args[0])
		}
		m.addTerms(t, s)
	default:
		m.rest = append(m.rest, t)
	}
}

func (m *merge) addTerms(t, s *value) {
	terms := s.terms()
	for i, transposed := range s.transposed {
		if lateIn(terms[2*i], m.v.gradient) {
			m.late, m.lateT = append(m.late, terms[2*i], terms[2*i+1]), append(m.lateT, transposed)
		} else {
			m.early, m.earlyT = append(m.early, terms[2*i], terms[2*i+1]), append(m.earlyT, transposed)
		}
	}
}

// lateIn tells whether a value waits for another time step where it is used. Gradients find all that is not one ready.
func lateIn(v *value, gradient bool) bool { return v.late() && v.gradient == gradient }

// plus is x + y; x may be nil.
func (p *program) plus(x, y *value) *value {
	if x == nil {
		return y
	}
	return p.element("add", x, y)
}

// lastUser tells whether all other users of t run before v does, because v, by way of inner values of a sum or others, needs them: then v may work in t's memory.
func (p *program) lastUser(v, t *value, users [][]*value, inner func(*value) bool) bool {
	needed := p.reaches([]*value{v})
	for _, u := range users[t.id] {
		if u != nil && inner != nil && u.op == "add" && inner(u) {
			continue
		}
		if u == nil || u != v && !needed[u.id] {
			return false
		}
	}
	return true
}

// sum is what became of the sum. toElement: an element-wise operation reads it; last: nothing reads the rest after it.
func (m *merge) sum(toElement, last bool) *value {
	q := m.q
	var rest *value
	late := false
	for _, t := range m.rest {
		rest = q.plus(rest, q.stands[t.id])
		late = late || lateIn(t, m.v.gradient)
	}
	terms, transposed := append(m.early, m.late...), append(m.earlyT, m.lateT...)
	if len(terms) == 0 {
		return q.broadcast(m.v, q.plus(rest, orZero(q, m.bias)))
	}
	if m.begin != nil && m.bias != nil { // a chain begins with one of the two: the other is added outside
		rest, m.bias = q.plus(rest, m.bias), nil
	}
	begins := rest != nil && m.begin == nil && m.bias == nil && !toElement && rest.isElement() && rest.batch && rest.cols == m.v.cols && (last || len(m.rest) > 1)
	if begins && late && len(m.late) == 0 {
		begins = false
	}
	if begins {
		m.begin, rest = rest, nil
	}
	if m.begin == nil {
		m.begin = m.bias
	}
	chain := q.chain(m.begin, terms, transposed)
	if rest == nil {
		return chain
	}
	return q.like(m.v, "add", chain, rest)
}

func orZero(q *program, v *value) *value {
	if v == nil {
		return q.constant(0)
	}
	return v
}

// broadcast is v with the shape of another value.
func (p *program) broadcast(shape, v *value) *value { return p.like(shape, "copy", v) }

// narrowInputs is the number of inner steps up to which products that do not depend on other time steps are computed in the loop over time:
// writing them to memory before it and reading them again costs more.
const narrowInputs = 16

// hoistInputs computes wide products that do not depend on other time steps before the loop over time: the chain goes on from there, with the same bits.
func (p *program) hoistInputs() *program {
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if v.op != opChain || !v.batch || v.init && lateIn(args[0], v.gradient) {
			return v.with(q, args)
		}
		w := v.with(q, args)
		terms := w.terms()
		width, n := 0, 0
		for n < len(w.transposed) && !lateIn(terms[2*n], v.gradient) {
			width += terms[2*n].cols
			n++
		}
		if n == 0 || n == len(w.transposed) || width <= narrowInputs {
			return w
		}
		var begin *value
		if w.init {
			begin = w.args[0]
		}
		return q.chain(q.chain(begin, terms[:2*n], w.transposed[:n]), terms[2*n:], w.transposed[n:])
	})
}

// joinChains computes chains over the same operands as one, with the weights side by side, so that the operands are read once.
func (p *program) joinChains() *program {
	p = p.weightsFirst()
	users := p.users()
	loop := p.reaches(append(slices.Clone(p.next), p.dstates...))
	groups := map[string][]*value{}
	for _, v := range p.values {
		if v.op != opChain || !v.batch || v.init && v.args[0].batch || slices.Contains(users[v.id], nil) {
			continue
		}
		key := fmt.Sprint(v.transposed, v.init, loop[v.id], v.gradient, v.saved(users), ":")
		for i, a := range v.terms() {
			if i%2 == 0 {
				key += fmt.Sprint(a.id, ",")
			}
		}
		groups[key] = append(groups[key], v)
	}
	member := map[*value][]*value{}
	for _, g := range groups {
		for _, v := range g {
			if len(g) > 1 {
				member[v] = g
			}
		}
	}
	joined := map[*value]*value{} // by the first of the group
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		g := member[v]
		if g == nil {
			return v.with(q, args)
		}
		if joined[g[0]] == nil {
			joined[g[0]] = q.join(g, args)
		}
		at := 0
		for _, o := range g {
			if o == v {
				break
			}
			at += o.cols
		}
		return q.slice(joined[g[0]], at, at+v.cols)
	})
}

// join is the chain of a group of the program before; args are the operands of one of them.
func (q *program) join(group, args []*value) *value {
	first := group[0]
	terms := slices.Clone(args)
	var init *value
	beside := func(i int) []*value {
		parts := make([]*value, len(group))
		for j, v := range group {
			parts[j] = q.stands[v.args[i].id]
		}
		return parts
	}
	offset := 0
	if first.init {
		init, offset, terms = q.concat(beside(0)), 1, terms[1:]
	}
	for i, transposed := range first.transposed {
		weights := beside(offset + 2*i + 1)
		if transposed {
			terms[2*i+1] = q.stack(weights)
		} else {
			terms[2*i+1] = q.concat(weights)
		}
	}
	return q.chain(init, terms, first.transposed)
}

// saved tells whether a gradient, or what is computed beside it, reads v or columns of it.
func (v *value) saved(users [][]*value) bool {
	return slices.ContainsFunc(users[v.id], func(u *value) bool {
		return u == nil || u.gradient || (u.op == opSlice || u.op == opConcat) && u.saved(users)
	})
}

// weightsFirst puts what is made from weights alone before everything else.
func (p *program) weightsFirst() *program {
	batch := make([]bool, len(p.values)) // whether it depends on a value of the batch
	for i, v := range p.values {
		batch[i] = v.batch || slices.ContainsFunc(v.args, func(a *value) bool { return batch[a.id] })
	}
	sorted := *p
	sorted.values = nil
	position := make([]int, len(p.values))
	for _, late := range []bool{false, true} {
		for _, v := range p.values {
			if batch[v.id] == late {
				position[v.id] = len(sorted.values)
				w := *v
				sorted.values = append(sorted.values, &w)
			}
		}
	}
	at := func(v *value) *value { return sorted.values[position[v.id]] }
	for i, w := range sorted.values {
		w.id = i
		args := make([]*value, len(w.args))
		for j, a := range w.args {
			args[j] = at(a)
		}
		w.args = args
	}
	sorted.next, sorted.dstates, sorted.dparams = slices.Clone(p.next), slices.Clone(p.dstates), slices.Clone(p.dparams)
	for _, r := range sorted.results() {
		if *r != nil {
			*r = at(*r)
		}
	}
	return &sorted
}
