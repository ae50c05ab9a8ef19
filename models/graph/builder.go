package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neurosweep/models/kernel"
)

// A Node is a value of a step: a matrix whose rows are the sequences of a batch, or a weight.
type Node = gorgonia.Node

// A Builder collects the nodes of one graph. Its methods are the ops in which a step is written. Mistakes (shapes that
// do not fit, a nil operand) end the building with an error that names the op and the shapes; a step need not check anything.
type Builder struct {
	g          *gorgonia.ExprGraph
	salt       uint32 // makes the hashes of a second try differ from those of the first
	serial     uint32
	ops        []*op           // in the order of creation: operands come before users
	names      map[string]bool // of inputs: Gorgonia takes two with one name for one
	needs      map[*Node]bool
	transposes map[*Node]*Node
	gemm       kernel.Gemm // ops run one after the other and share its scratch
}

func newBuilder(salt uint32) *Builder {
	return &Builder{
		g: gorgonia.NewGraph(), salt: salt,
		names: map[string]bool{}, needs: map[*Node]bool{}, transposes: map[*Node]*Node{},
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

// input adds a rows×cols input with memory of its own, which is returned to be filled. Gradients reach it where needs is set.
func (b *Builder) input(name string, rows, cols int, needs bool) (*Node, []float32) {
	if b.names[name] {
		fail("two inputs are called %q", name)
	}
	b.names[name] = true
	data := make([]float32, rows*cols)
	value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	n := gorgonia.NewMatrix(b.g, tensor.Float32, gorgonia.WithShape(rows, cols), gorgonia.WithName(fmt.Sprintf("%s, salt %d", name, b.salt)), gorgonia.WithValue(value))
	b.needs[n] = needs
	return n, data
}

// apply adds an op.
func (b *Builder) apply(r *rule, attribute float64, operands ...*Node) *Node {
	o := &op{b: b, rule: r, attribute: attribute, operands: operands, diff: make([]bool, len(operands))}
	needs := false
	for i, n := range operands {
		if n == nil {
			fail("%s: operand %d of %d is missing", r.name, i+1, len(operands))
		}
		o.diff[i] = r.diff != nil && b.needs[n] && !r.fixed(i)
		needs = needs || o.diff[i]
	}
	b.serial++
	o.serial = b.serial
	n, err := gorgonia.ApplyOp(o, operands...)
	if err != nil {
		fail("%s: %w", r.name, err)
	}
	o.node = n
	b.needs[n] = needs
	b.ops = append(b.ops, o)
	return n
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
