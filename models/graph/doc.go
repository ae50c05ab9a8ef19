// Package graph is the seam between a network and what computes it.
//
// A network is a Cell: one time step, Step(x, state) → (y, state'), written with the methods of a Builder, which add ops to a Gorgonia graph.
// A Machine runs a cell over a batch of sequences: outputs alone, or loss, gradients and outputs, from and into flat float32 buffers. Trainers know
// machines, architectures know builders, and neither knows the other.
//
// # Ops
//
// Every op of a graph is of one Go type (op.go) with a rule of its own: shape, computation, gradient. Every value is a matrix of float32. As each op
// belongs to one node it owns the memory of its result, and nothing is allocated while a graph runs. An op never panics
// while it runs: Gorgonia runs it in a goroutine where nobody could recover.
//
// Four properties of Gorgonia are worked around, because they give wrong numbers without an error. It merges nodes whose 32-bit
// hashes are equal, without comparing operands: each op has a serial number in its hash, and a graph in which two hashes are equal all the same is built
// again with another salt. Backpropagate may be called once a graph, and does not check shapes: differentiate does. Constants are looked up by their printed
// value: factors are attributes of ops. Inputs with one name are one input: the builder refuses that.
//
// # The reference machine
//
// Reference runs on Gorgonia's TapeMachine. Its gradients come from one graph in which the step is unrolled over time, loss included.
// The step is built once and replayed: what the next state needs, once a time step; what only the output needs (a readout), once
// for all time steps on the stacked rows; what depends on weights only, once. Gorgonia differentiates the whole. Outputs without gradients come from one step's
// tape, run once a time step, which costs nothing to build and serves any number of steps.
//
// Measured on one thread of an AMD EPYC (2 shared cores, 13 GFLOP/s of gonum's single-precision products), leaky network with 64 units,
// 16 sequences of 100 steps, `go test -bench . ./models/graph`:
//
//	unrolled, readout after the loop (this one)     4.6–4.9 ms an update, 44 ms to build
//	unrolled, readout in the loop                   5.4 ms an update, 81 ms to build
//	one tape of one step with gradients, 100 runs   at least 7.4 ms (and forward passes again, and carried gradients)
//	outputs alone, 16 sequences                     7 ms: 70 µs a time step, most of it Gorgonia's start of a run
//	outputs alone, 1,600 sequences                  113 ms: 0.7 µs a point
//
// Half of an update is in matrix products, a tenth in gonum's bookkeeping around them, a tenth in Gorgonia's additions and instructions, the rest in
// element-wise ops and the loss. Building is quadratic in the number of time steps: 0.3 s for 300, 2.5 s for 1,000.
//
// The order in which numbers are added depends on shapes only: results have the same bits in every process, on any number of threads,
// and for a sequence alone or among others.
package graph
