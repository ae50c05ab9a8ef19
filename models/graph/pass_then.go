package graph

// absorbAfter lets a chain of the batch do the one element-wise operation that alone uses it, while its elements are in registers: relu, and drelu of the chain.
func (p *program) absorbAfter() *program {
	regions, users := p.regions(), p.users()
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if v.op != "relu" && v.op != "drelu" {
			return v.with(q, args)
		}
		c := v.args[0]
		if c.op != opChain || c.then != "" || !c.batch || c.cols != v.cols || len(users[c.id]) != 1 || regions[c.id] != regions[v.id] {
			return v.with(q, args)
		}
		if v.op == "drelu" && (!v.args[1].batch || v.args[1].cols != v.cols) {
			return v.with(q, args)
		}
		w := *args[0]
		w.args, w.then, w.again = append(w.args[:len(w.args):len(w.args)], args[1:]...), v.op, v.again
		return q.put(w)
	})
}
