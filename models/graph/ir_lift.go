package graph

import "fmt"

// A lift turns nodes of a graph into values of a program.
type lift struct {
	*program
	b      *Builder
	stands map[*Node]*value
}

// source says that a node is an input of the program.
func (l *lift) source(n *Node, op string, index int) {
	rows, cols := shape(n)
	v := value{op: op, index: index, batch: op != opParam, rows: rows, cols: cols}
	if v.batch {
		v.rows = 0
	}
	l.stands[n] = l.put(v)
}

// liftGraph makes a program of a time step, or of a start.
func liftGraph(s *stepGraph, cell string) (p *program, err error) {
	l := &lift{program: newProgram(cell), b: s.b, stands: map[*Node]*value{}}
	err = build(func() {
		if s.x != nil {
			l.source(s.x, opInput, 0)
		}
		if s.dy != nil {
			l.source(s.dy, opDY, 0)
		}
		l.sources(s.state, opState)
		l.sources(s.params, opParam)
		l.sources(s.dnext, opDNext)
		l.builderInputs()
		l.noise = l.b.noise
		forward, backward := s.instructions()
		for _, i := range append(forward, backward...) {
			l.do(i)
		}
		l.y, l.next, l.dstates, l.dparams = l.value(s.y), l.values(s.next), l.values(s.dstate), l.values(s.dparams)
	})
	if err != nil {
		return nil, fmt.Errorf("compiling %s: %w", cell, err)
	}
	return l.program, nil
}

func (l *lift) sources(nodes []*Node, op string) {
	for i, n := range nodes {
		l.source(n, op, i)
	}
}

// builderInputs says what the inputs are that Zeros and Noise made.
func (l *lift) builderInputs() {
	for _, n := range l.b.zeros {
		_, cols := shape(n)
		l.stands[n] = l.put(value{op: "copy", args: []*value{l.constant(0)}, batch: true, cols: cols})
	}
	for i, n := range l.b.noise {
		l.source(n.node, opNoise, i)
	}
}

// value is what stands for a node that is known; nil for none.
func (l *lift) value(n *Node) *value {
	v := l.stands[n]
	if v == nil && n != nil {
		fail("the scan machine does not know node %v", n)
	}
	return v
}

func (l *lift) values(nodes []*Node) []*value {
	values := make([]*value, len(nodes))
	for i, n := range nodes {
		values[i] = l.value(n)
	}
	return values
}

// do adds an instruction's result.
func (l *lift) do(i instruction) {
	args := l.values(i.operands)
	if i.op == nil {
		l.stands[i.node] = l.element("add", args...)
		return
	}
	v := l.apply(i.op, args)
	if rows, cols := shape(i.node); v.cols != cols || !v.batch && v.rows != rows {
		fail("%s: the scan machine makes %v of it, want %d×%d", i.op.rule.name, v, rows, cols)
	}
	l.stands[i.node] = v
}

// apply is an op's result. Its shape comes from the rule, not from the number of rows at hand.
func (l *lift) apply(o *op, args []*value) *value {
	if v := l.applyElement(o, args); v != nil {
		return v
	}
	_, cols := shape(o.node)
	switch o.rule {
	case affine:
		if i := affineBias(len(args)); i >= 0 {
			return l.chain(args[i], args[:i], nil)
		}
		return l.chain(nil, args, nil)
	case matMulT:
		return l.chain(nil, args, []bool{true})
	case outer:
		return l.put(value{op: opOuter, args: args, rows: args[0].cols, cols: args[1].cols})
	case concat:
		return l.concat(args)
	case slice:
		return l.slice(args[0], int(o.attribute[0]), int(o.attribute[1]))
	case pad:
		return l.put(value{op: opPad, args: args, from: int(o.attribute[0]), batch: args[0].batch, rows: args[0].rows, cols: cols})
	case gather:
		return l.put(value{op: opGather, args: args, batch: args[1].batch, rows: args[1].rows, cols: cols})
	case scatter:
		return l.put(value{op: opSpread, args: args[:2], rows: args[2].rows, cols: cols})
	case sumCols:
		return l.sumCols(args[0])
	case sumRows:
		return l.sumRows(args[0])
	case reduce:
		return l.reduce(args[0], args[1])
	case softmax:
		return l.softmax(args[0])
	}
	fail("the scan machine does not know the op %s", o.rule.name)
	return nil
}

// applyElement is the result of an element-wise op, nil for another.
func (l *lift) applyElement(o *op, args []*value) *value {
	if same, ok := sameElements[o.rule.name]; ok {
		return l.element(same, args...)
	}
	zero := l.constant(0)
	a := func(i int) *value { return l.constant(o.attribute[i]) }
	switch o.rule {
	case selection:
		return l.element("select", args...)
	case keep:
		return l.like(args[1], "select", args[0], args[1], zero)
	case drop:
		return l.like(args[1], "select", args[0], zero, args[1])
	case stopGradient:
		return args[0]
	case expand:
		return l.like(args[1], "copy", args[0])
	case scale:
		return l.element("mul", a(0), args[0])
	case shift:
		return l.element("add", a(0), args[0])
	case square:
		return l.element("mul", args[0], args[0])
	case leakyReLU:
		return l.element("leaky", args[0], a(0))
	case leakySlope:
		return l.element("dleaky", args[0], args[1], a(0))
	case clamp:
		return l.element("min", a(1), l.element("max", a(0), args[0]))
	case clampSlope:
		below, above := l.element("less", args[1], a(0)), l.element("less", a(1), args[1])
		return l.element("select", below, zero, l.element("select", above, zero, args[0]))
	}
	return nil
}

// sameElements are the element-wise rules that are one operation of a kernel, by name.
var sameElements = map[string]string{
	"add": "add", "sub": "sub", "mul": "mul", "div": "div", "min": "min", "max": "max", "less": "less",
	"neg": "neg", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "softplus": "softplus", "exp": "exp", "log": "log", "sqrt": "sqrt", "abs": "abs",
	"sin": "sin", "cos": "cos", "sign": "sign",
	"sigmoid gradient": "dsigmoid", "tanh gradient": "dtanh", "relu gradient": "drelu",
}

// like is an element-wise operation whose result has the shape of another value.
func (p *program) like(shape *value, op string, args ...*value) *value {
	return p.shaped(value{op: op, args: args, batch: shape.batch, rows: shape.rows, cols: shape.cols})
}

// chain is init + Σ A·W; terms are A and W in turn. init may be nil; transposed nil stands for no.
func (p *program) chain(init *value, terms []*value, transposed []bool) *value {
	if transposed == nil {
		transposed = make([]bool, len(terms)/2)
	}
	v := value{op: opChain, transposed: transposed, init: init != nil}
	if init != nil {
		v.args = append(v.args, init)
	}
	v.args = append(v.args, terms...)
	for i, t := range transposed {
		a, w := terms[2*i], terms[2*i+1]
		v.batch, v.rows, v.cols = v.batch || a.batch, a.rows, w.cols
		if t {
			v.cols = w.rows
		}
	}
	return p.put(v)
}

// slice is the columns of x from from to to-1, of the value that these are columns of.
func (p *program) slice(x *value, from, to int) *value {
	switch {
	case from == 0 && to == x.cols:
		return x
	case x.op == opSlice:
		return p.slice(x.args[0], x.from+from, x.from+to)
	case x.op == opConcat:
		at := 0
		for _, a := range x.args {
			if at <= from && to <= at+a.cols {
				return p.slice(a, from-at, to-at)
			}
			at += a.cols
		}
	}
	return p.put(value{op: opSlice, args: []*value{x}, from: from, batch: x.batch, rows: x.rows, cols: to - from})
}

// concat puts values side by side. Neighbours that are neighbouring columns of one value are first joined again.
func (p *program) concat(args []*value) *value {
	var flat, parts []*value
	for _, a := range args {
		if a.op == opConcat {
			flat = append(flat, a.args...)
		} else {
			flat = append(flat, a)
		}
	}
	for _, a := range flat {
		if n := len(parts); n > 0 && a.op == opSlice {
			if last := parts[n-1]; last.op == opSlice && last.args[0] == a.args[0] && last.from+last.cols == a.from {
				parts[n-1] = p.slice(a.args[0], last.from, a.from+a.cols)
				continue
			}
		}
		parts = append(parts, a)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	v := value{op: opConcat, args: parts, batch: parts[0].batch, rows: parts[0].rows}
	for _, a := range parts {
		v.cols += a.cols
	}
	return p.put(v)
}

func (p *program) sumCols(x *value) *value {
	if x.cols == 1 {
		return x
	}
	return p.put(value{op: opSumCol, args: []*value{x}, batch: x.batch, rows: x.rows, cols: 1})
}

func (p *program) sumRows(x *value) *value {
	if x.rows == 1 && !x.batch {
		return x
	}
	return p.put(value{op: opSumRow, args: []*value{x}, rows: 1, cols: x.cols})
}

// reduce sums over the rows, and over the columns, of which like has one.
func (p *program) reduce(x, like *value) *value {
	if like.cols == 1 {
		x = p.sumCols(x)
	}
	if like.batch {
		return x
	}
	if x.batch && like.rows > 1 {
		fail("a gradient of %d×%d from a value of the batch", like.rows, like.cols)
	}
	if like.rows == 1 {
		x = p.sumRows(x)
	}
	return x
}

// softmax is eˣ⁻ᵐ / Σ eˣ⁻ᵐ, m the largest of the row.
func (p *program) softmax(x *value) *value {
	top := p.put(value{op: opMaxCol, args: []*value{x}, batch: x.batch, rows: x.rows, cols: 1})
	e := p.element("exp", p.element("sub", x, top))
	return p.element("div", e, p.sumCols(e))
}
