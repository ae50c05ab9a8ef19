// Package search turns a spec into its plan: the trials, in an order that depends on nothing but the spec.
//
// Each method is one file. grid.go takes every combination, the last path fastest. random.go draws point k from (sampler seed, k) alone: whoever asks,
// whenever, after whatever crash, gets the same point. A Plan puts the seeds under each cell, innermost, and checks before anything starts that
// every configuration can be built.
package search
