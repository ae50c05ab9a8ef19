package kernel

import "unsafe"

// Memory from leastHuge bytes on gets pages of hugePage bytes. The part of a page by which it may begin later is less than an eighth of it, and is never touched.
const (
	page      = 4 << 10
	hugePage  = 2 << 20
	leastHuge = 8 * hugePage
)

// Pages allocates n zeros that a program walks through again and again, from the beginning of a page on. Where they are many they lie in pages of 2 MiB, if the system gives them (Linux: transparent huge pages).
// Small pages are scattered over the sets of a second-level cache, which knows only physical addresses: what would fit in there pushes itself out, in one process more than in another.
func Pages[F Float](n int) []F {
	var zero F
	size := int(unsafe.Sizeof(zero))
	if n*size < leastHuge {
		return alignedTo[F](page, n)
	}
	s := alignedTo[F](hugePage, n)
	adviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), n*size/hugePage*hugePage))
	return s
}
