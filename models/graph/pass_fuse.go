package graph

// fuse makes a product and the sum that alone uses it one operation with one rounding.
func (p *program) fuse() *program {
	users := p.users()
	alone := func(v, sum *value) bool {
		return v.op == "mul" && len(users[v.id]) == 1 && v.batch == sum.batch && v.rows == sum.rows && v.cols == sum.cols
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		fused := func(op string, product, other int) *value {
			m := args[product]
			return q.like(v, op, m.args[0], m.args[1], args[other])
		}
		switch {
		case v.op == "add" && alone(v.args[0], v):
			return fused("fma", 0, 1)
		case v.op == "add" && alone(v.args[1], v):
			return fused("fma", 1, 0)
		case v.op == "sub" && alone(v.args[1], v):
			return fused("fnma", 1, 0)
		}
		return v.with(q, args)
	})
}
