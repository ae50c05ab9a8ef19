package graph

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A matrix is an operand or a result while a graph runs: row-major.
type matrix struct {
	rows, cols int
	data       []float32
}

// row is row i.
func (m matrix) row(i int) []float32 { return m.data[i*m.cols : (i+1)*m.cols] }

// A rule is what all ops of one kind share.
type rule struct {
	name string

	// shape gives the result's shape, or says what does not fit. Operands are {rows, columns}.
	shape func(o *op, in [][2]int) ([2]int, error)

	// do computes the result into out, every element of it: out holds anything.
	do func(o *op, out matrix, in []matrix) error

	// diff returns the gradient of each operand for which o.diff is set, given that of the result. nil: an op that only occurs in gradients.
	diff func(o *op, grad *Node) []*Node

	labels bool // operands after the first are data, which gradients do not reach
}

func (r *rule) fixed(operand int) bool { return r.labels && operand > 0 }

// An op is one application of a rule: a Gorgonia op that belongs to exactly one node, and therefore owns the memory of its result.
//
// Gorgonia's own addition of gradients may work in place on that memory once nobody else reads it; do writes all of it anew in each run.
type op struct {
	b         *Builder
	rule      *rule
	attribute float64 // a factor, the first of some rows…
	operands  []*Node
	diff      []bool // which operands gradients reach
	node      *Node
	serial    uint32 // from 1, another one for each op of the graph

	out  *tensor.Dense
	data matrix
	in   []matrix
}

var (
	_ gorgonia.SDOp = (*op)(nil)
)

// Arity is the number of operands.
func (o *op) Arity() int { return len(o.operands) }

// Type is Matrix a → … → Matrix a, made anew each time: Gorgonia returns it to a pool.
func (o *op) Type() hm.Type {
	types := make([]hm.Type, len(o.operands)+1)
	for i := range types {
		types[i] = gorgonia.TensorType{Dims: 2, Of: hm.TypeVariable('a')}
	}
	return hm.NewFnType(types...)
}

// InferShape checks that every operand is a matrix and that they fit.
func (o *op) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	shapes := make([][2]int, len(in))
	for i, d := range in {
		s, ok := d.(tensor.Shape)
		if !ok || s.Dims() != 2 {
			return nil, fmt.Errorf("operand %d of %s has shape %v, want a matrix", i+1, o.rule.name, d)
		}
		shapes[i] = [2]int{s[0], s[1]}
	}
	s, err := o.rule.shape(o, shapes)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{s[0], s[1]}, nil
}

// Do computes the result. It runs in a goroutine of Gorgonia's, where nobody could recover a panic.
func (o *op) Do(values ...gorgonia.Value) (result gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", o.rule.name, r)
		}
	}()
	if o.out == nil {
		o.allocate()
	}
	if len(values) != len(o.in) {
		return nil, fmt.Errorf("%s: %d operands, want %d", o.rule.name, len(values), len(o.in))
	}
	for i, v := range values {
		d, ok := v.(*tensor.Dense)
		if !ok || d.Dtype() != tensor.Float32 || d.DataSize() != len(o.in[i].data) && o.in[i].data != nil {
			return nil, fmt.Errorf("%s: operand %d is %T of %v, want %d×%d numbers of float32", o.rule.name, i+1, v, v.Shape(), o.in[i].rows, o.in[i].cols)
		}
		o.in[i].data = d.Float32s()
	}
	if err := o.rule.do(o, o.data, o.in); err != nil {
		return nil, fmt.Errorf("%s: %w", o.rule.name, err)
	}
	return o.out, nil
}

func (o *op) allocate() {
	rows, cols := shape(o.node)
	o.data = matrix{rows, cols, make([]float32, rows*cols)}
	o.out = tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(o.data.data))
	o.in = make([]matrix, len(o.operands))
	for i, n := range o.operands {
		o.in[i].rows, o.in[i].cols = shape(n)
	}
}

// ReturnsPtr is false: Gorgonia then gives the result a register of its own.
func (o *op) ReturnsPtr() bool { return false }

// CallsExtern is false.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput says that no operand is overwritten.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash writes what no other op of the graph writes: merging by structure would compare 32-bit hashes and not the
// operands, and is therefore prevented.
func (o *op) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "%s %g %d %d", o.rule.name, o.attribute, o.serial, o.b.salt)
}

// Hashcode is another number for every op of a graph.
func (o *op) Hashcode() uint32 { return o.serial }

func (o *op) String() string { return o.rule.name }

// DiffWRT tells which operands gradients reach.
func (o *op) DiffWRT(int) []bool { return o.diff }

// SymDiff returns the gradients of the operands.
func (o *op) SymDiff(_ gorgonia.Nodes, _, grad *Node) (gradients gorgonia.Nodes, err error) {
	err = build(func() { gradients = o.rule.diff(o, grad) })
	return gradients, err
}
