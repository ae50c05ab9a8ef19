// Package clock is a virtual clock: things that happen at a time, one after the other, as fast as the processor allows.
//
// Whole sweeps run on it, in the tests of the controller's core and in sweep simulate. Nothing in it knows the real time: the same calls
// give the same order, for what happens at one moment happens in the order in which it was asked for.
package clock
