// Package kernel holds the loops that eat the time: matrix products, element-wise programs and functions, normal numbers. A Set has them for one
// instruction set: plain Go (generic, the reference, slow), AVX2 and AVX-512 in assembly. Choose picks the best that the processor has, or what NEUROSWEEP_ISA names.
//
// # Same bits
//
// Every set gives the same bits, on every x86-64 machine and for any number of threads. An element of a product is one chain of fused multiply-adds that
// ascends along the inner dimension from where it starts (a bias, C, or zero), each rounded once: the order does not depend on how the product is cut into
// tiles, so the tiles can be what an instruction set likes best. The twin in plain Go needs the fused multiply-add of package random: float32(math.FMA(…))
// rounds twice. Only which NaN a NaN is may differ. Tests compare all sets of the processor in memory between two pages that must not be touched.
//
// # Products
//
// The right operand is packed once for many products: panels of columns as wide as one to four registers, each row by row, padded with zeros. A tile is as many rows of a
// panel as there are registers for their sums: 8×48 or 6×64 numbers with AVX-512, 4×24 or 6×16 with AVX2; rows are cut into tiles of heights as equal as they can be, so that
// 16 or 32 rows leave no small rest. Loads and stores of the last columns are masked. The inner dimension is cut where a panel outgrows the first-level cache.
// MulTN, for gradients of weights, reads both operands where they are. Products of at most four columns put four rows (AVX2: two) into a register, and MulTN of
// few columns computes the transposed product. While a product multiplies it brings into the second-level cache what its caller will need next (Ahead): the one thing a processor does not
// do by itself, for data that lies in many places far apart. All loops are in assembly: a call costs about 30 ns, and runs for less than about 100 µs, so that the garbage collector need not wait.
// The assembly is generated: module gen writes it (go generate), and CI compares.
//
// Measured with go test -run '^$' -bench Gemm ./models/kernel, as fractions of the peak of fused multiply-adds on one core, the fastest slices of both in the same
// run (AMD EPYC of the Zen 5 generation; AVX-512 265 GFLOP/s, AVX2 132 GFLOP/s; two cores shared with other work):
//
//	C += A·B, m×n×k           AVX-512   AVX2
//	1000×384×128, 800×384×128  0.97     0.96
//	32×384×128, 16×384×128     0.96     0.98
//	32×128×384                 0.96     0.97
//	16×192×64                  0.92     0.96
//	16×64×64                   0.89     0.90
//	37×87×29                   0.77     0.89
//	32×3×64                    0.28     0.46    (of the panel's 16 or 8 columns, 3 are used)
//	C += Aᵀ·B
//	128×384×96                 0.95     0.95
//	64×64×96                   0.96     0.98
//	128×3×96                   0.43     0.54
//
// # Element-wise programs
//
// A Program is straight-line code over the elements of matrices, executed by an interpreter: a block of 256 elements at a time goes through all instructions, so
// that what lies between them stays in the first-level cache. The assembly is threaded code (each operation jumps to the next one's), with broadcast rows, columns and
// scalars, masks for what is left of a row, and several short rows in a block. An instruction costs a few nanoseconds a block: 11 of them on 8 streams of 16×64 take 0.5 µs in AVX-512.
// Every operation's roundings are in op.go, and the polynomials of the functions in functions.go with their maximum errors, found by looking at all
// 2³² arguments (make soak). Sigmoid and tanh are of the kind that is good to 2 units in the last place: they carry the remainder of their division.
// Optimisers are such programs as well. CrossEntropy turns groups of points so that registers hold points; Normals is the twin of package random's generator.
//
// Measured with go test -run '^$' -bench Element ./models/kernel on one core, in cache, fastest slices, on the processor from above at an FMA peak of 250 GFLOP/s while other
// work ran; billions of elements a second. The bound counts the instructions that only the units of the fused multiply-add execute (exp 9, sigmoid and
// tanh 13 for a register) and the throughput of a division, both measured in the same run:
//
//	                      AVX-512      of the bound   AVX2    maximum error, units in the last place
//	exp                   10.5         0.74           4.1     1.04
//	sigmoid               6.6          0.67           2.8     1.51
//	tanh                  6.3          0.64           3.1     1.99
//	softplus              4.4                         1.9     1.68
//	log                   4.9                         2.2     0.89
//	sin, cos              7.0                         3.1     1.56
//	add, mul              20                          16
//	normal numbers        2.4                         0.6
//	cross-entropy, 1600×3 4.9 µs                      5.9 µs
//
// # In float64
//
// Exp and Log, which scores of tasks use, are polynomials in which every product is rounded before it is added, because a compiler may otherwise fuse the two, and the standard
// library's exponential takes another path on processors with FMA.
package kernel
