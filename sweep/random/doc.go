// Package random makes random numbers that are a function of what they are for: a seed, a stream (initial weights, training data, …), a lane within it, and
// their place in the sequence. Who draws them, in which process, and what was drawn elsewhere make no difference.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds
// that turn a key and a 128-bit counter into four 32-bit words. The key is the seed, the counter is (block 64 bits, lane 32, stream 32),
// so that no two lanes of any two streams of a seed ever share a block. TestPublishedVectors has the authors' known answers.
//
// Normal numbers are final to the bit, on every processor: Box–Muller in float32, with polynomials of our own for logarithm, sine and cosine, evaluated by
// correctly rounded fused multiply-adds (FMA) and square roots. The standard library's functions would not do: their bits differ between architectures.
// The same operations exist as vector instructions, so a fast twin can give the same bits. A golden test pins the first values.
package random
