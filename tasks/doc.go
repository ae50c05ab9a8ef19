// Package tasks holds behavioural tasks, one a file: seeded data, targets, masks, the loss and scores.
//
// A task makes an endless stream of training batches (Data), scores a batch while training (Measure), and prepares evaluations: passes over data that are the
// same for every trial (Evaluation). A task knows no network and no clock; everything it makes is a function of its parameters, a seed and
// the place in a stream of sweep/random.
//
// Adding a task is adding a file: a type that implements Task, and an init function that registers it with its parameters, its kinds of evaluation
// and their metrics (delay_comparison.go; Example shows what the rest of the program does with it). By being registered it can be
// named in a spec, appears in `sweep list tasks`, and joins the conformance tests of this package.
//
// Three tasks are registered: delay_comparison, which asks which of two magnitudes was larger; three_bit_flip_flop, which asks to remember bits; and noop, which trains nothing
// and serves to try out everything around.
package tasks
