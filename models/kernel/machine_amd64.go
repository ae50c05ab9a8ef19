package kernel

import "unsafe"

// operationsOf are the addresses of the operations' code, then those of second parts and of the end of a program.
func operationsOf(i ISA) (entries [endOfProgram + 1]uintptr) {
	if i == AVX512 {
		operationsAVX512(&entries[0])
	} else {
		operationsAVX2(&entries[0])
	}
	return entries
}

// run executes a machine's program until its rows or its budget are at an end.
func (i ISA) run(m *machine) {
	if i == AVX512 {
		runAVX512((*byte)(unsafe.Pointer(m)))
	} else {
		runAVX2((*byte)(unsafe.Pointer(m)))
	}
}

// points computes the cross-entropy of a group of points.
func (i ISA) points(g *pointGroup) {
	if i == AVX512 {
		pointsAVX512((*byte)(unsafe.Pointer(g)))
	} else {
		pointsAVX2((*byte)(unsafe.Pointer(g)))
	}
}

// normals makes the normal numbers of blocks; many is for as many at once as are fastest.
func (i ISA) normals(b *blocks, many bool) {
	p := (*byte)(unsafe.Pointer(b))
	switch {
	case i == AVX512 && many:
		normalsManyAVX512(p)
	case i == AVX512:
		normalsFewAVX512(p)
	case many:
		normalsManyAVX2(p)
	default:
		normalsFewAVX2(p)
	}
}
