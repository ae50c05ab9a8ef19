package graph

import "neurosweep/models/kernel"

// elementOps are the element-wise operations of the intermediate representation by their names.
var elementOps = func() map[string]kernel.Op {
	ops := map[string]kernel.Op{}
	for _, o := range kernel.Ops() {
		ops[o.String()] = o
	}
	return ops
}()

// cheapOps cost about as much as reading their result from memory.
var cheapOps = map[string]bool{
	"copy": true, "neg": true, "abs": true, "sign": true, "relu": true, "add": true, "sub": true, "mul": true, "min": true, "max": true, "less": true,
	"leaky": true, "dsigmoid": true, "dtanh": true, "drelu": true, "fma": true, "fnma": true, "select": true, "dleaky": true,
}

// element puts an element-wise operation into the program, or something simpler that gives the same number. Its shape comes from
// the operands: those of one row or one column stand for as many as the others have.
func (p *program) element(op string, args ...*value) *value {
	v := value{op: op, args: args, rows: 1, cols: 1}
	for _, a := range args {
		v.batch = v.batch || a.batch
		v.rows, v.cols = max(v.rows, a.rows), max(v.cols, a.cols)
	}
	if v.batch {
		v.rows = 0
	}
	return p.shaped(v)
}

// shaped is element for a value whose shape is given.
func (p *program) shaped(v value) *value {
	for i, a := range v.args { // an operand that was only broadcast: broadcast the original
		for a.op == "copy" {
			a = a.args[0]
		}
		v.args[i] = a
	}
	if s := p.simpler(v); s != nil && s.batch == v.batch && s.rows == v.rows && s.cols == v.cols {
		return s
	}
	return p.put(v)
}

// simpler is what v, an element-wise operation, is without it; nil if it is needed. It never changes a number but the sign of a zero.
func (p *program) simpler(v value) *value {
	constant := func(i int) (float64, bool) { return v.args[i].c, v.args[i].op == opConst }
	switch v.op {
	case "copy":
		return v.args[0]
	case "mul":
		for i := range 2 {
			x := v.args[1-i]
			switch c, ok := constant(i); {
			case ok && c == 1:
				return x
			case ok && c == -1:
				return p.shaped(value{op: "neg", args: []*value{x}, batch: v.batch, rows: v.rows, cols: v.cols})
			}
		}
	case "neg":
		switch x := v.args[0]; {
		case x.op == "neg":
			return x.args[0]
		case x.op == "sub":
			return p.shaped(value{op: "sub", args: []*value{x.args[1], x.args[0]}, batch: v.batch, rows: v.rows, cols: v.cols})
		}
	case "add":
		for i := range 2 {
			if x, y := v.args[1-i], v.args[i]; y.op == "neg" {
				return p.shaped(value{op: "sub", args: []*value{x, y.args[0]}, batch: v.batch, rows: v.rows, cols: v.cols})
			}
			if c, ok := constant(i); ok && c == 0 {
				return p.shaped(value{op: "copy", args: []*value{v.args[1-i]}, batch: v.batch, rows: v.rows, cols: v.cols})
			}
		}
	case "sub":
		if y := v.args[1]; y.op == "neg" {
			return p.shaped(value{op: "add", args: []*value{v.args[0], y.args[0]}, batch: v.batch, rows: v.rows, cols: v.cols})
		}
	}
	return nil
}

func (p *program) constant(c float64) *value {
	return p.put(value{op: opConst, c: c, rows: 1, cols: 1})
}
