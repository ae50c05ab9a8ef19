// Command gemm writes the matrix products of package kernel in assembly: one file for AVX-512, one for AVX2.
//
//	gemm -isa avx512 -out FILE.s -stubs FILE.go -pkg kernel
//
// A product is cut into panels of columns (as wide as one to four registers) and these into tiles of rows, whose elements stay in registers for the whole
// inner dimension. There is one function for each width, which holds the tiles of all heights and the loops over panels, rows and inner dimension, so that a
// call of package kernel is one or two calls of assembly. A tile begins with loads under masks: of C, of a bias row again and again, or of nothing.
package main
