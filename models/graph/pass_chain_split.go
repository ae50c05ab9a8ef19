package graph

import "slices"

// rowsOf is the rows of x, a value made from weights, from from to to-1.
func (p *program) rowsOf(x *value, from, to int) *value {
	switch {
	case from == 0 && to == x.rows:
		return x
	case x.op == opRows:
		return p.rowsOf(x.args[0], x.from+from, x.from+to)
	}
	return p.put(value{op: opRows, args: []*value{x}, from: from, rows: to - from, cols: x.cols})
}

// stack puts values made from weights under one another. Neighbours that are neighbouring rows of one value are first joined again.
func (p *program) stack(args []*value) *value {
	var parts []*value
	for _, a := range args {
		if n := len(parts); n > 0 && a.op == opRows {
			if last := parts[n-1]; last.op == opRows && last.args[0] == a.args[0] && last.from+last.rows == a.from {
				parts[n-1] = p.rowsOf(a.args[0], last.from, a.from+a.rows)
				continue
			}
		}
		parts = append(parts, a)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	v := value{op: opStack, args: parts, cols: parts[0].cols}
	for _, a := range parts {
		v.rows += a.rows
	}
	return p.put(v)
}

// splitChains cuts chains of which only slices are used into one chain for each slice, so that those can join others (a gate's sum over inputs with
// the same gate's sum over the state), and operands that lie side by side into one term for each.
func (p *program) splitChains() *program {
	users := p.users()
	cut := make([]bool, len(p.values))
	for _, v := range p.values {
		cut[v.id] = v.op == opChain && v.batch && onlySlices(users[v.id])
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		switch {
		case v.op == opSlice && cut[v.args[0].id]:
			return q.columnsOfChain(q.stands[v.args[0].id], v.from, v.from+v.cols)
		case v.op == opChain:
			return q.flatChain(v, args)
		case v.op == opOuter && mustCopy(args[0]):
			parts := make([]*value, len(args[0].args))
			for i, a := range args[0].args {
				parts[i] = q.put(value{op: opOuter, args: []*value{a, args[1]}, rows: a.cols, cols: v.cols})
			}
			return q.put(value{op: opStack, args: parts, rows: v.rows, cols: v.cols})
		}
		return v.with(q, args)
	})
}

// onlySlices tells whether all users are slices, of columns that do not overlap unless they are the same.
func onlySlices(users []*value) bool {
	for i, u := range users {
		if u == nil || u.op != opSlice {
			return false
		}
		for _, o := range users[:i] {
			same := o.from == u.from && o.cols == u.cols
			if !same && o.from < u.from+u.cols && u.from < o.from+o.cols {
				return false
			}
		}
	}
	return len(users) > 0
}

// columnsOfChain is some columns of a chain's result: the same chain with those columns of the weights.
func (p *program) columnsOfChain(v *value, from, to int) *value {
	var init *value
	if v.init {
		init = p.slice(v.args[0], from, to)
	}
	terms := slices.Clone(v.terms())
	for i, transposed := range v.transposed {
		w := &terms[2*i+1]
		if transposed {
			*w = p.rowsOf(*w, from, to)
		} else {
			*w = p.slice(*w, from, to)
		}
	}
	return p.chain(init, terms, v.transposed)
}

// mustCopy tells whether v puts values side by side that lie elsewhere, so that it costs copies.
func mustCopy(v *value) bool {
	return v.op == opConcat && v.batch && slices.ContainsFunc(v.args, func(a *value) bool { return a.isSource() || a.op == opSlice })
}

// flatChain is a chain with a term for each of the values that an operand puts side by side, where that saves copies.
func (p *program) flatChain(v *value, args []*value) *value {
	var init *value
	if v.init {
		init, args = args[0], args[1:]
	}
	var terms []*value
	var transposed []bool
	for i, t := range v.transposed {
		a, w := args[2*i], args[2*i+1]
		if !mustCopy(a) {
			terms, transposed = append(terms, a, w), append(transposed, t)
			continue
		}
		at := 0
		for _, part := range a.args {
			columns := w
			if t {
				columns = p.slice(w, at, at+part.cols)
			} else {
				columns = p.rowsOf(w, at, at+part.cols)
			}
			terms, transposed = append(terms, part, columns), append(transposed, t)
			at += part.cols
		}
	}
	return p.chain(init, terms, transposed)
}
