package graph

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A tape is a graph that Gorgonia's TapeMachine runs, with memory for its inputs.
type tape[F Float] struct {
	vm     gorgonia.VM
	inputs map[*Node][]F
	result map[*Node]*Node // where to read a value
}

// newTape compiles a graph of which the given nodes will be read. nil nodes are left out.
//
// They are read from copies: Gorgonia adds gradients in place, on the memory of a value that no op reads any more, but that we might.
func newTape[F Float](b *Builder, inputs, read []*Node) (t *tape[F], err error) {
	t = &tape[F]{inputs: map[*Node][]F{}, result: map[*Node]*Node{}}
	err = build(func() {
		for _, n := range read {
			if n != nil && t.result[n] == nil {
				t.result[n] = b.apply(stopGradient, none, n)
			}
		}
		for _, n := range inputs {
			if n == nil {
				continue
			}
			rows, cols := shape(n)
			t.inputs[n] = make([]F, rows*cols)
			if err := gorgonia.Let(n, tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(t.inputs[n]))); err != nil {
				fail("%w", err)
			}
		}
		if !b.distinct() {
			panic(buildError{errEqualHashes})
		}
		t.vm = gorgonia.NewTapeMachine(b.g)
	})
	if err != nil {
		return nil, fmt.Errorf("compiling a tape: %w", err)
	}
	return t, nil
}

// errEqualHashes is the error of a graph that has to be built again with another salt.
var errEqualHashes = errors.New("two nodes have one hash")

// tries bounds how often a graph is built again because two hashes in it are equal; one try in some millions needs a second.
const tries = 8

// retry calls f with other salts until it gives no graph with equal hashes.
func retry(f func(salt uint32) error) error {
	var err error
	for salt := range uint32(tries) {
		if err = f(salt); !errors.Is(err, errEqualHashes) {
			return err
		}
	}
	return err
}

func (t *tape[F]) run() error {
	t.vm.Reset()
	return t.vm.RunAll()
}

// value is what a node that was to be read has after a run. It is valid until the next.
func (t *tape[F]) value(n *Node) []F { return numbers[F](t.result[n].Value().(*tensor.Dense)) }

// dtype is Gorgonia's name of a number type.
func dtype[F Float]() tensor.Dtype {
	var zero F
	if _, wide := any(zero).(float64); wide {
		return tensor.Float64
	}
	return tensor.Float32
}

// A lossTape computes a loss and its gradient from all outputs of a batch.
type lossTape[F Float] struct {
	*tape[F]
	y, data, mask *Node
	loss, slope   *Node
}

func newLossTape[F Float](l Loss, points, outputs int) (*lossTape[F], error) {
	t := &lossTape[F]{}
	err := retry(func(salt uint32) (err error) {
		b := newBuilder(dtype[F](), points, salt)
		var one *Node
		if err := build(func() { one = t.build(b, l, points, outputs) }); err != nil {
			return err
		}
		if t.tape, err = newTape[F](b, []*Node{t.y, t.data, t.mask, one}, []*Node{t.loss, t.slope}); err == nil {
			t.inputs[one][0] = 1
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("building the loss %s: %w", l, err)
	}
	return t, nil
}

func (t *lossTape[F]) build(b *Builder, l Loss, points, outputs int) (one *Node) {
	r, columns := crossEntropy, 1
	if l == SquaredError {
		r, columns = squaredError, outputs
	}
	t.y = b.input("y", points, outputs, stateInput)
	t.data, t.mask = b.input("data", points, columns, dataInput), b.input("mask", points, columns, dataInput)
	one = b.input("one", 1, 1, givenInput)
	t.loss = b.apply(r, none, t.y, t.data, t.mask)
	slopes, err := b.differentiate([]*Node{t.loss}, []*Node{one}, []*Node{t.y})
	if err != nil {
		fail("%w", err)
	}
	t.slope = slopes[0]
	return one
}

// compute computes a batch's loss and the gradient of its outputs.
func (t *lossTape[F]) compute(l Loss, b *Batch[F], outputs []F) (loss F, slope []F, err error) {
	copy(t.inputs[t.y], outputs)
	if l == SquaredError {
		copy(t.inputs[t.data], b.Targets)
	} else {
		for i, label := range b.Labels {
			t.inputs[t.data][i] = F(label)
		}
	}
	mask := t.inputs[t.mask]
	if copy(mask, b.Mask) == 0 {
		for i := range mask {
			mask[i] = 1
		}
	}
	if err := t.run(); err != nil {
		return 0, nil, fmt.Errorf("the loss: %w", err)
	}
	return t.value(t.loss)[0], t.value(t.slope), nil
}
