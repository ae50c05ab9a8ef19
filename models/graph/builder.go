package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Node is a value of a step: a matrix whose rows are the sequences of a batch, or a weight.
type Node = gorgonia.Node

// A Builder collects the nodes of one graph. Its methods are the ops in which a step is written. Mistakes (shapes that
// do not fit, a nil operand) end the building with an error that names the op and the shapes; a step need not check anything.
//
// Every value is a matrix. Element-wise ops of two operands broadcast: a 1×n row stands for as many equal rows as the other operand has, an m×1 column for as many equal
// columns, a 1×1 value for both. Comments call a value of B rows a batch value: it is x, a state, or made from one.
type Builder struct {
	g       *gorgonia.ExprGraph
	dtype   tensor.Dtype
	size    int    // B
	salt    uint32 // makes the hashes of a second try differ from those of the first
	serial  uint32
	ops     []*op           // in the order of creation: operands come before users
	names   map[string]bool // of inputs: Gorgonia takes two with one name for one
	needs   map[*Node]bool  // gradients reach it
	batch   map[*Node]bool  // its rows are those of the batch: not a number of rows decides, but where a value comes from
	zeros   []*Node         // what Zeros gave
	noise   []noise         // what Noise gave, in order
	derived bool            // differentiate has been called
}

// A noise is one use of Builder.Noise.
type noise struct {
	node  *Node
	at    int // its first column among all noise of a time step, a multiple of 4
	width int // its columns
}

// newBuilder begins a graph for batches of size sequences. It allocates no values.
func newBuilder(dtype tensor.Dtype, size int, salt uint32) *Builder {
	return &Builder{
		g: gorgonia.NewGraph(), dtype: dtype, size: size, salt: salt,
		names: map[string]bool{}, needs: map[*Node]bool{}, batch: map[*Node]bool{},
	}
}

// A buildError is how the methods of Builder report a mistake through a step that returns no error.
type buildError struct{ error }

func fail(format string, arguments ...any) {
	panic(buildError{fmt.Errorf(format, arguments...)})
}

// build runs f and returns what it, an op or Gorgonia complained about.
func build(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case buildError:
			err = r.error
		default:
			err = fmt.Errorf("building a graph failed: %v", r)
		}
	}()
	f()
	return nil
}

// An inputKind says what an input of a graph is.
type inputKind struct {
	batch bool // its rows are those of the batch
	needs bool // gradients reach it
}

var (
	dataInput   = inputKind{batch: true}
	stateInput  = inputKind{batch: true, needs: true}
	weightInput = inputKind{needs: true}
	givenInput  = inputKind{} // a gradient, or data without a batch
)

// input adds a rows×cols input without a value.
func (b *Builder) input(name string, rows, cols int, kind inputKind) *Node {
	if b.names[name] {
		fail("two inputs are called %q", name)
	}
	if rows < 1 || cols < 1 {
		fail("%s is %d×%d: both must be at least 1", name, rows, cols)
	}
	b.names[name] = true
	n := gorgonia.NewMatrix(b.g, b.dtype, gorgonia.WithShape(rows, cols), gorgonia.WithName(fmt.Sprintf("%s, salt %d", name, b.salt)))
	b.needs[n], b.batch[n] = kind.needs, kind.batch
	return n
}

// Zeros is a batch value of 0, of so many columns: what a learned first state is added to, as a row.
func (b *Builder) Zeros(width int) *Node {
	n := b.input(fmt.Sprintf("zeros %d", len(b.zeros)), b.size, width, dataInput)
	b.zeros = append(b.zeros, n)
	return n
}

// Noise is a batch value of independent standard normal numbers, of so many columns, others in each time step. Batch.Noise says which. Gradients do not reach it.
func (b *Builder) Noise(width int) *Node {
	n := b.input(fmt.Sprintf("noise %d", len(b.noise)), b.size, width, dataInput)
	b.noise = append(b.noise, noise{n, b.noiseWidth(), width})
	return n
}

// noiseWidth is how many columns of noise a time step uses, each use padded to a multiple of 4.
func (b *Builder) noiseWidth() int {
	if len(b.noise) == 0 {
		return 0
	}
	last := b.noise[len(b.noise)-1]
	return last.at + (last.width+3)/4*4
}

// apply adds an op.
func (b *Builder) apply(r *rule, attribute [2]float64, operands ...*Node) *Node {
	o := &op{b: b, rule: r, attribute: attribute, operands: operands, diff: make([]bool, len(operands))}
	needs := false
	if len(operands) == 0 {
		fail("%s: no operand", r.name)
	}
	for i, n := range operands {
		if n == nil {
			fail("%s: operand %d of %d is missing", r.name, i+1, len(operands))
		}
		if r.weights != nil && r.weights(o, i) && b.batch[n] {
			fail("%s: the rows of operand %d are those of the batch, want a value made from weights", r.name, i+1)
		}
		o.diff[i] = r.diff != nil && b.needs[n] && (r.fixed == nil || !r.fixed(i))
		needs = needs || o.diff[i]
	}
	b.serial++
	o.serial = b.serial
	n, err := gorgonia.ApplyOp(o, operands...)
	if err != nil {
		fail("%s: %w", r.name, err)
	}
	o.node = n
	b.needs[n], b.batch[n] = needs, o.isBatch()
	b.ops = append(b.ops, o)
	return n
}

// isBatch tells whether the rows of an op's result are those of the batch.
func (o *op) isBatch() bool {
	if o.rule.like {
		return o.b.batch[o.operands[len(o.operands)-1]]
	}
	if o.rule.overRows {
		return false
	}
	for _, n := range o.operands {
		if o.b.batch[n] {
			return true
		}
	}
	return false
}

// distinct tells whether all nodes of the graph have different hashes: Gorgonia's compiler takes nodes with equal hashes for equal values.
func (b *Builder) distinct() bool {
	nodes := b.g.AllNodes()
	seen := make(map[uint32]bool, len(nodes))
	for _, n := range nodes {
		if seen[n.Hashcode()] {
			return false
		}
		seen[n.Hashcode()] = true
	}
	return true
}

// shape is a node's number of rows and columns.
func shape(n *Node) (rows, cols int) { return n.Shape()[0], n.Shape()[1] }
