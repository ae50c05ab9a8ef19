package graph

import "slices"

// shareParts lets sums over rows read parts where other values have them: a value that only sums read need not be put together.
func (p *program) shareParts() *program {
	users := p.users()
	var hosts []*value // values side by side that something else reads
	shared := map[*value]bool{}
	for _, v := range p.values {
		if v.op == opConcat && v.batch && !onlySums(users[v.id]) {
			hosts = append(hosts, v)
		}
	}
	for _, v := range p.values {
		if v.op == opConcat && v.batch && onlySums(users[v.id]) && len(users[v.id]) > 0 {
			shared[v] = slices.ContainsFunc(v.args, func(a *value) bool {
				return slices.ContainsFunc(hosts, func(h *value) bool { return slices.Contains(h.args, a) })
			})
		}
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		switch {
		case v.op == opOuter && shared[v.args[1]]:
			parts := q.partsOf(v.args[1], hosts)
			for i, part := range parts {
				parts[i] = q.outer(args[0], part)
			}
			return q.concat(parts)
		case v.op == opOuter && shared[v.args[0]]:
			parts := q.partsOf(v.args[0], hosts)
			for i, part := range parts {
				parts[i] = q.outer(part, args[1])
			}
			return q.stack(parts)
		case v.op == opSumRow && shared[v.args[0]]:
			parts := q.partsOf(v.args[0], hosts)
			for i, part := range parts {
				parts[i] = q.sumRows(part)
			}
			return q.concat(parts)
		}
		return v.with(q, args)
	})
}

// partsOf cuts a value of the program before, which puts others side by side, into as few parts as lie side by side somewhere else.
func (q *program) partsOf(v *value, hosts []*value) (parts []*value) {
	for i := 0; i < len(v.args); {
		var best *value
		length := 1
		for _, h := range hosts {
			at := 0
			for j, a := range h.args {
				n, cols := 0, 0
				for i+n < len(v.args) && j+n < len(h.args) && h.args[j+n] == v.args[i+n] {
					cols += v.args[i+n].cols
					n++
				}
				if n > 0 && (best == nil || n > length) && q.stands[h.id] != nil {
					best, length = q.put(value{op: opSlice, args: []*value{q.stands[h.id]}, from: at, batch: true, cols: cols}), n
				}
				at += a.cols
			}
		}
		if best == nil {
			best = q.stands[v.args[i].id]
		}
		parts = append(parts, best)
		i += length
	}
	return parts
}

// outer is the sum over rows of a's columns times b's. The products are the same the other way round, so that the wider operand can be the one
// that a kernel reads a vector at a time.
func (p *program) outer(a, b *value) *value {
	v := value{op: opOuter, args: []*value{a, b}, rows: a.cols, cols: b.cols}
	if a.batch && b.cols < narrowOuter && a.cols > b.cols {
		v = value{op: opOuter, args: []*value{b, a}, rows: b.cols, cols: a.cols}
		return p.put(value{op: opTranspose, args: []*value{p.put(v)}, rows: a.cols, cols: b.cols})
	}
	return p.put(v)
}

// narrowOuter is the number of columns below which a product is computed the other way round.
const narrowOuter = 16

// turnSums turns all products that are narrow.
func (p *program) turnSums() *program {
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if v.op == opOuter {
			return q.outer(args[0], args[1])
		}
		return v.with(q, args)
	})
}
