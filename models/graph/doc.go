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
//
// # The scan machine
//
// Scan compiles the same graphs to a program over time that runs on the kernels. A lift (ir_lift.go) turns ops into values of a small intermediate representation (ir.go),
// in which an axis is the batch's because of where a value comes from; passes, a file each, rewrite it (compile.go has their order):
//
//	pads       a sum of padded columns is a concatenation: gradients of slices
//	merge      sums of products are one chain: bias, inputs, state; what else is added begins the chain
//	split      a chain of which only columns are used is a chain for each, so that gates of input and state merge
//	hoist      wide products that wait for no other time step are computed for a block of time steps at once
//	join       chains over the same operands are one, with the weights side by side
//	fuse       a product and its sum are one operation
//	repeat     what is cheap is computed again in the backward pass, not kept
//	sums       sums over rows read parts where they lie; narrow products are turned
//	then       a chain does itself what is done with its result alone: relu and its gradient
//	region     where in an update each value is computed: once, for a block, in the loop over time, at the end
//	bind       values that are parts of others, or states, are written where they belong
//	schedule   element-wise operations become as few passes over memory as possible
//	place      memory by the lives of values: columns of scratch, of a block, of what is kept
//
// The result is a list of kernel calls for each region (code.go), printed by Explain and pinned for some networks in testdata.
//
// A batch is cut into leaves of 16 sequences (scan_plan.go), each of which goes through all time steps forward and then backward on one thread, so that its state and the packed weights
// stay in the second-level cache. Time steps come in blocks of about 96 rows: outputs, loss and gradients of weights are computed for a block at once, while it is in the cache.
// What the backward pass reads lies in memory in the order in which that meets it, the last time step first. No output that a state does not need is computed in the forward
// pass: readout and loss wait for the backward pass, and nothing of them is kept. Where not even one leaf fits the memory that is allowed, only the states at the borders of segments are
// kept, and each segment's forward pass is computed twice.
//
// All of it is one piece of memory (scan_pool.go), whose parts begin with a page, in huge pages where it is large; and matrices that products read down their columns have rows that do not all fall
// into the same few sets of a cache (strideOf). Together these three make a step of a GRU of 128 units 9 % faster on a processor with 32 KiB and 512 KiB of cache (64 sequences, one thread:
// 143 ms in place of 157 ms, the fastest of ten runs of each in turn; their medians are 150 and 182 ms).
//
// What a leaf saves outgrows every cache but the last, which other programs use too: the forward pass would wait for nearly every line that it writes, and the backward pass for nearly every
// one that it reads. So the products of a time step bring in what the next ones need while they multiply (scan_ahead.go, kernel.Ahead). With 1 MiB of second-level cache and a last-level cache
// shared with strangers, that GRU takes 99.5 ms in place of 111 (two threads and 800 sequences: 629 ms in place of 701), and all other architectures take 7 to 12 % less. Asking for all lines
// at once, at the beginning of a time step, gains nothing: a processor drops what it cannot queue.
//
// Gradients of leaves are added along a binary tree over the leaves' numbers (scan_join.go), by whoever finishes the second of two. So neither threads nor memory nor instruction set
// changes a bit, and after the first update of a shape nothing is allocated. More threads than one are operating system threads, kept on one processor each (scan_threads.go).
//
// Leaves of 8, 16, 24, 32 and 48 sequences and blocks of 48 to 192 rows were measured (GRUs of 64, 128, 256 units, a NODE, a leaky network; processor time of one thread, a shared EPYC): but for
// 8, which loses 5 to 15 %, all are within 5 % of each other. 16 needs the least memory and leaves most to several threads. There a GRU of 128 units reached 0.66–0.68 of the
// peak of one core in steps of 32 sequences and 500 time steps, one of 256 units 0.75; where products bring in what comes next, and a processor has half as many units to multiply as that one, 0.82 and 0.88.
package graph
