// Package simulate runs a whole sweep under a virtual clock: the real controller.Core, with agents that speak its protocol and only pretend to train.
//
// It answers before submission how long a sweep takes on so many agents, what it costs, and what walltime, preemption and failing nodes take of
// that. It is also the controller's test of scale: a simulation is an error if a trial was lost or counted twice, and New and Run
// let a program look at time and memory of the core alone (go run ./bench/simulate).
//
// A world (world.go) holds the core and the clock, and stands for broker and log: messages take a moment, the log's sync another. A task
// (task.go) is one task of a SLURM array: it starts an agent, and another one when that had to go. An agent (agent.go) asks, trains, checkpoints, beats
// and leaves as package agent does. Who trained for how long, and what of it was lost, is in account.go. The ledger (ledger.go) keeps a few
// bytes a trial and checks every entry.
//
// What is not simulated: the network's and the controller's failures, which the tests of package controller are about, and the computations
// themselves. Everything random comes from the seed: equal options give equal results.
package simulate
