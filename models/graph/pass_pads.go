package graph

// joinPads turns sums in which columns were padded with zeros into values side by side. The gradient of a value that was cut into slices
// arrives as such a sum.
func (p *program) joinPads() *program {
	users := p.users()
	inner := func(v *value) bool { // part of a larger sum
		return v.op == "add" && len(users[v.id]) == 1 && users[v.id][0] != nil && users[v.id][0].op == "add" && v.cols == users[v.id][0].cols
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		switch {
		case v.op == opPad:
			return q.unpad(v.cols, []*value{args[0]}, []int{v.from})
		case v.op == "add" && !inner(v):
			var terms []*value
			v.sumTerms(inner, &terms)
			return q.sumOfPads(v, terms)
		case v.isElement():
			return q.shaped(value{op: v.op, args: args, batch: v.batch, rows: v.rows, cols: v.cols})
		}
		return v.with(q, args)
	})
}

// sumTerms appends the terms of a sum, in order.
func (v *value) sumTerms(inner func(*value) bool, terms *[]*value) {
	for _, a := range v.args {
		if inner(a) {
			a.sumTerms(inner, terms)
		} else {
			*terms = append(*terms, a)
		}
	}
}

// sumOfPads is the sum of terms of the program before: pads that do not overlap are put side by side, the rest is added.
func (q *program) sumOfPads(v *value, terms []*value) *value {
	var sum *value
	add := func(t *value) {
		if sum == nil {
			sum = t
			return
		}
		sum = q.like(v, "add", sum, t)
	}
	var pads []*value
	for _, t := range terms {
		if t.op == opPad && t.cols == v.cols {
			pads = append(pads, t)
		} else {
			add(q.stands[t.id])
		}
	}
	for len(pads) > 0 {
		var parts, rest []*value
		var at []int
		for _, t := range pads {
			if padFits(t, parts, at) {
				parts, at = append(parts, t), append(at, t.from)
			} else {
				rest = append(rest, t)
			}
		}
		for i, t := range parts {
			parts[i] = q.stands[t.args[0].id]
		}
		add(q.unpad(v.cols, parts, at))
		pads = rest
	}
	return sum
}

// padFits tells whether a pad overlaps none of the others.
func padFits(t *value, parts []*value, at []int) bool {
	from, to := t.from, t.from+t.args[0].cols
	for i, p := range parts {
		if from < at[i]+p.args[0].cols && at[i] < to {
			return false
		}
	}
	return true
}

// unpad puts parts, which begin at columns at and do not overlap, side by side, with zeros between them.
func (q *program) unpad(cols int, parts []*value, at []int) *value {
	var args []*value
	zeros := func(n int) {
		if n > 0 {
			args = append(args, q.put(value{op: "copy", args: []*value{q.constant(0)}, batch: parts[0].batch, rows: parts[0].rows, cols: n}))
		}
	}
	column := 0
	for column < cols {
		next := -1
		for i, a := range at {
			if a >= column && (next < 0 || a < at[next]) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		zeros(at[next] - column)
		args = append(args, parts[next])
		column = at[next] + parts[next].cols
	}
	zeros(cols - column)
	return q.concat(args)
}
