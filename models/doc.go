// Package models holds the architectures, one a file, and the file format of their weights.
//
// A model is one time step, written with the ops of models/graph, the shapes of its parameters, and how they begin. Adding one is
// adding a file: a type that implements Model, and an init function that registers it with its parameters, their
// defaults and ranges (leaky_rnn.go is the shortest example; ExampleModel shows a whole file). By being registered it can be named in a spec, appears in `sweep list models`, and joins the conformance
// tests of this package.
//
// Weights are stored as safetensors (checkpoint.go): an open format that Python reads in one line, with the configuration of the trial as
// metadata. The bytes follow from the weights and the configuration alone.
package models
