package kernel

import "unsafe"

// alignment is the size of a cache line and of the widest register, in bytes.
const alignment = 64

// Aligned allocates n zeros whose first lies at a multiple of 64 bytes: rows that start so are read and written fastest.
func Aligned[F Float](n int) []F { return alignedTo[F](alignment, n) }

// alignedTo allocates n zeros whose first lies at a multiple of so many bytes, a power of two.
func alignedTo[F Float](bytes, n int) []F {
	var zero F
	size := int(unsafe.Sizeof(zero))
	s := make([]F, n+bytes/size)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))%uintptr(bytes)) / size
	return s[skip : skip+n : skip+n]
}
