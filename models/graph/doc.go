// Package graph is the seam between a network and what computes it.
//
// A network is a Cell: one time step, Step(x, state) → (y, state'), written with the methods of a Builder, which add ops to a Gorgonia graph; a Starter also
// writes its first states. A Machine runs a cell over a batch of sequences: outputs alone, or loss, gradients and outputs, from and into flat buffers of float32 or
// float64. Trainers know machines, architectures know builders, and neither knows the other.
//
// # Ops
//
// Every value is a matrix: a bias is 1×n, a mask B×1, a number 1×1. Every op is of one Go type (op.go) with a rule: shape, computation, gradient. An
// element-wise rule names a function of one place (element.go), which a machine may fuse with others; ops.go, ops_element.go, ops_product.go and ops_axis.go have
// the ops of a step, gradients.go those that only occur in gradients, loss.go the losses. Whether the rows of a value are those of the batch follows from where it comes
// from, not from their number, and an op that would mix rows refuses such a value. Constants are attributes of ops. An operand of which only the shape counts (reduce, expand) is called like.
//
// An op never panics while it runs: Gorgonia runs it in a goroutine where nobody could recover. As each op belongs to one node it owns the memory of its
// result, and writes all of it anew in each run.
//
// # What is worked around
//
// Some properties of Gorgonia give wrong numbers without an error. It merges nodes whose 32-bit hashes are equal, without comparing
// operands: each op has a serial number in its hash, and a graph in which two hashes are equal all the same is built again with another salt before it runs. Backpropagate
// takes one gradient of an output that is named twice, gives the first call's gradients when it is called again, and does not check shapes: differentiate.go does
// what it should have. Its sums of gradients (the only ops in a graph that are not of this package) are made in place, on memory that somebody may want to read after the run:
// tapes read copies. Constants are looked up by their printed value: hence attributes. Inputs with one name are one input: the builder refuses that.
//
// # The reference machine
//
// Reference runs on Gorgonia's TapeMachine, one time step at a time (reference.go): the step's graph once for each step, forwards, then a graph of the step and its gradients
// once for each step, backwards, in which Gorgonia's Backpropagate gets the gradients of the output and of the next state as inputs. The forward values of a step are computed again
// rather than kept. Its products and functions are plain Go (ops_product.go, functions.go) and share nothing with the kernels: it is slow, independent, and what other
// machines are held against. It is itself held against the whole sequence as one graph, which takes no part in training because building that is quadratic in the number of steps.
//
// Measured on one thread of an AMD EPYC (2 shared cores), leaky network with 64 units, 16 sequences of 100 steps, `go test -bench . ./models/graph`: 21 ms an update, 0.4 ms to
// build, 8 ms for outputs alone; 0.07 ms of a time step is Gorgonia's start of a run.
//
// The order in which numbers are added depends on shapes only, no product is fused with a sum, and functions are computed from our own polynomials: results have the same
// bits on every processor, in every process, and for a sequence alone or among others.
package graph
