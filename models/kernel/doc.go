// Package kernel holds the loops that eat the time: matrix products over gonum's single-precision BLAS, and exponential and
// logarithm as our own polynomials.
//
// Everything here gives the same bits on every x86-64 machine and for any number of threads. gonum's axpy and dot use SSE
// only, in a fixed order; products are cut so small that gonum never starts goroutines; the polynomials are evaluated in
// float64 with every product rounded before it is added, because a compiler may otherwise fuse the two, and the standard library's
// exponential takes another path on processors with FMA. The price of that is small: a training step spends 5 % of its time in exponentials and logarithms.
package kernel
