package graph

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A matrix is an operand or a result while a graph runs: row-major.
type matrix[F Float] struct {
	rows, cols int
	data       []F
}

// row is row i.
func (m matrix[F]) row(i int) []F { return m.data[i*m.cols : (i+1)*m.cols] }

// A rule is what all ops of one kind share.
type rule struct {
	name string

	// shape gives the result's shape, or says what does not fit. Operands are {rows, columns}.
	shape func(o *op, in [][2]int) ([2]int, error)

	// do32 and do64 compute the result into out, every element of it: out holds anything. An element-wise rule has an element function instead.
	do32    func(o *op, out matrix[float32], in []matrix[float32]) error
	do64    func(o *op, out matrix[float64], in []matrix[float64]) error
	element element

	// diff returns the gradient of each operand for which o.diff is set, given that of the result. nil: an op that no gradient passes, or that only occurs in gradients.
	diff func(o *op, grad *Node) []*Node

	fixed    func(operand int) bool        // operands that no gradient reaches: masks, indices, labels
	weights  func(o *op, operand int) bool // operands that must not be batch values
	overRows bool                          // the result sums over rows: it is not a batch value
	like     bool                          // the last operand only gives the result's shape; its values are not read
}

// rules are all of them: the conformance tests range over it.
var rules []*rule

func newRule(r rule) *rule {
	rules = append(rules, &r)
	return &r
}

// An op is one application of a rule: a Gorgonia op that belongs to exactly one node, and therefore owns the memory of its result.
//
// Gorgonia's own addition of gradients may work in place on that memory once nobody else reads it; do writes all of it anew in each run.
type op struct {
	b         *Builder
	rule      *rule
	attribute [2]float64 // constants, columns: what the rule says
	operands  []*Node
	diff      []bool // which operands gradients reach
	node      *Node
	serial    uint32 // from 1, another one for each op of the graph

	values32 values[float32] // one of the two is used
	values64 values[float64]
}

// values are an op's result and operands while it runs.
type values[F Float] struct {
	out  *tensor.Dense
	data matrix[F]
	in   []matrix[F]
}

var _ gorgonia.SDOp = (*op)(nil)

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
			return nil, fmt.Errorf("operand %d has shape %v, want a matrix", i+1, d)
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
func (o *op) Do(operands ...gorgonia.Value) (result gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			result, err = nil, fmt.Errorf("%s: %w", o.rule.name, err)
		}
	}()
	if o.b.dtype == tensor.Float64 {
		return run(o, &o.values64, o.rule.do64, operands)
	}
	return run(o, &o.values32, o.rule.do32, operands)
}

func run[F Float](o *op, v *values[F], do func(*op, matrix[F], []matrix[F]) error, operands []gorgonia.Value) (gorgonia.Value, error) {
	if v.out == nil {
		v.allocate(o)
	}
	if len(operands) != len(v.in) {
		return nil, fmt.Errorf("%d operands, want %d", len(operands), len(v.in))
	}
	for i, operand := range operands {
		d, ok := operand.(*tensor.Dense)
		if !ok || d.Dtype() != o.b.dtype || d.DataSize() != v.in[i].rows*v.in[i].cols {
			return nil, fmt.Errorf("operand %d is %T of %v, want %d×%d numbers of %v", i+1, operand, operand.Shape(), v.in[i].rows, v.in[i].cols, o.b.dtype)
		}
		v.in[i].data = numbers[F](d)
	}
	if do == nil {
		doElements(o, v.data, v.in)
		return v.out, nil
	}
	if err := do(o, v.data, v.in); err != nil {
		return nil, err
	}
	return v.out, nil
}

// numbers are a tensor's, which is of type F.
func numbers[F Float](d *tensor.Dense) []F {
	if d.Dtype() == tensor.Float64 {
		return any(d.Float64s()).([]F)
	}
	return any(d.Float32s()).([]F)
}

func (v *values[F]) allocate(o *op) {
	rows, cols := shape(o.node)
	v.data = matrix[F]{rows, cols, make([]F, rows*cols)}
	v.out = tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(v.data.data))
	v.in = make([]matrix[F], len(o.operands))
	for i, n := range o.operands {
		v.in[i].rows, v.in[i].cols = shape(n)
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
