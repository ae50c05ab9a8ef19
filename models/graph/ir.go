package graph

import (
	"fmt"
	"slices"
	"strings"
)

// A value is one result in the scan machine's intermediate representation of a time step and its gradients: a matrix that one
// operation makes from others. Values are never changed; passes write new lists of them.
type value struct {
	id   int // its index in the list
	op   string
	args []*value

	c          float64 // of const: the number
	index      int     // of param, state, noise, dnext: which one
	from       int     // of slice, rows: the first column or row; of pad: where the operand begins
	transposed []bool  // of chain: for each of its terms, whether the weight is used the other way round
	init       bool    // of chain: whether args[0] is what the sum begins with
	then       string  // of chain: the element-wise operation that is done with the sum, "relu" or "drelu"; "": none. An operand more of drelu's comes last

	again bool // the backward pass computes it once more, instead of keeping what the forward pass computed
	batch bool // its rows are those of the batch, and rows is 0
	rows  int
	cols  int

	state    bool // it depends on a state
	gradient bool // it depends on a gradient
	carried  bool // it depends on a gradient with respect to a state after the time step
}

// Operations that are not element-wise. (Those that are have the names of kernel.Op; see elementOps.)
const (
	opConst     = "const"     // c, in every element: only as an operand of element-wise operations
	opParam     = "param"     // a weight
	opInput     = "x"         // the input at this time step
	opState     = "state"     // a state before this time step
	opNoise     = "noise"     // normal numbers of this time step
	opDY        = "dy"        // the gradient of the loss with respect to the output
	opDNext     = "dnext"     // the gradient with respect to a state after this time step
	opSlice     = "slice"     // columns: a view
	opRows      = "rows"      // rows of a value made from weights: a view
	opConcat    = "concat"    // operands side by side
	opStack     = "stack"     // operands made from weights, one under the other
	opPad       = "pad"       // columns of 0 around the operand
	opChain     = "chain"     // init + Σ A·W, W a value made from weights: one chain of fused multiply-adds an element
	opOuter     = "outer"     // Aᵀ·B: a sum over rows
	opTranspose = "transpose" // of a sum
	opSumRow    = "sumrows"
	opSumCol    = "sumcols"
	opMaxCol    = "maxcols"
	opGather    = "gather"  // (table, index): rows of the table
	opSpread    = "scatter" // (x, index): adds rows of x to rows of the result
)

// A program is a time step and its gradients: values in an order in which operands come before users, and which of them are results.
type program struct {
	cell   string
	noise  []noise // what Builder.Noise gave, also where no value needs it any more
	values []*value
	known  map[string]*value // by what they are: equal values are one
	stands []*value          // while it is made from another program: what stands for each value of that

	y       *value   // nil in the program of Start
	next    []*value // the states after the step
	dstates []*value // the gradients with respect to the states before it; nil where there is none
	dparams []*value // summed over rows and time steps; nil where a weight has no influence
}

func newProgram(cell string) *program { return &program{cell: cell, known: map[string]*value{}} }

// results are pointers to all fields that refer to values.
func (p *program) results() []**value {
	r := []**value{&p.y}
	for _, list := range [][]*value{p.next, p.dstates, p.dparams} {
		for i := range list {
			r = append(r, &list[i])
		}
	}
	return r
}

// put adds a value, or finds the one that is the same.
func (p *program) put(v value) *value {
	var key strings.Builder
	fmt.Fprint(&key, v.op, v.c, v.index, v.from, v.init, v.then, v.again, v.transposed, v.batch, v.rows, v.cols, ":")
	for _, a := range v.args {
		fmt.Fprint(&key, a.id, ",")
	}
	if old := p.known[key.String()]; old != nil {
		return old
	}
	v.id = len(p.values)
	v.state = v.op == opState
	v.carried = v.op == opDNext
	v.gradient = v.carried || v.op == opDY
	for _, a := range v.args {
		v.state, v.carried, v.gradient = v.state || a.state, v.carried || a.carried, v.gradient || a.gradient
	}
	p.values = append(p.values, &v)
	p.known[key.String()] = &v
	return &v
}

// rewrite makes a program anew: f gives what stands for each value in it, from the operands that stand for its own.
func (p *program) rewrite(f func(q *program, v *value, args []*value) *value) *program {
	q := newProgram(p.cell)
	q.noise = p.noise
	q.stands = make([]*value, len(p.values))
	for i, v := range p.values {
		args := make([]*value, len(v.args))
		for j, a := range v.args {
			args[j] = q.stands[a.id]
		}
		q.stands[i] = f(q, v, args)
	}
	q.next, q.dstates, q.dparams = slices.Clone(p.next), slices.Clone(p.dstates), slices.Clone(p.dparams)
	q.y = p.y
	for _, r := range q.results() {
		if *r != nil {
			*r = q.stands[(*r).id]
		}
	}
	return q
}

// with puts a copy of v with other operands into q.
func (v *value) with(q *program, args []*value) *value {
	w := *v
	w.args = args
	return q.put(w)
}

// live drops the values that no result needs.
func (p *program) live() *program {
	used := make([]bool, len(p.values))
	for _, r := range p.results() {
		if *r != nil {
			used[(*r).id] = true
		}
	}
	for i := len(p.values) - 1; i >= 0; i-- {
		for _, a := range p.values[i].args {
			used[a.id] = used[a.id] || used[i]
		}
	}
	return p.rewrite(func(q *program, v *value, args []*value) *value {
		if !used[v.id] {
			return nil
		}
		return v.with(q, args)
	})
}

// users lists, for each value, which values have it as an operand, once for each time; a result counts as a user that is nil.
func (p *program) users() [][]*value {
	users := make([][]*value, len(p.values))
	for _, v := range p.values {
		for _, a := range v.args {
			users[a.id] = append(users[a.id], v)
		}
	}
	for _, r := range p.results() {
		if *r != nil {
			users[(*r).id] = append(users[(*r).id], nil)
		}
	}
	return users
}

// late tells whether v waits for another time step: a gradient for the one that is carried back, anything else for a state.
func (v *value) late() bool {
	if v.gradient {
		return v.carried
	}
	return v.state
}

// reaches marks the values that are or are used by one of targets.
func (p *program) reaches(targets []*value) []bool {
	marks := make([]bool, len(p.values))
	for _, t := range targets {
		if t != nil {
			marks[t.id] = true
		}
	}
	for i := len(p.values) - 1; i >= 0; i-- {
		for _, a := range p.values[i].args {
			marks[a.id] = marks[a.id] || marks[i]
		}
	}
	return marks
}

// terms are the factors of a chain: A and W in turn.
func (v *value) terms() []*value {
	return v.args[count(v.init):][:2*len(v.transposed)]
}

// isElement tells whether v is an element-wise operation.
func (v *value) isElement() bool {
	_, ok := elementOps[v.op]
	return ok
}

// isSource tells whether v is made from no other value.
func (v *value) isSource() bool { return len(v.args) == 0 }
