// Command element writes the assembly of package kernel that is not a matrix product: the machine that executes element-wise programs, for one instruction set.
//
// The machine is threaded code. Every operation is a function of its own that works through one block of a row (operations.go) and then jumps to the operation
// of the next instruction; the one that ends a program (machine.go) moves the operands to the next block. An operation computes on values, a few registers in lockstep (target.go), so
// that the same few lines (simple.go, functions.go) serve both instruction sets; they follow the plain Go twins in package kernel step by step, for the bits must be the same.
package main
