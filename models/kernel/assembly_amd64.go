package kernel

import "unsafe"

//go:generate ./gen/generate.sh

// multiply calls the assembly for panels of a width, 0 for the narrow product. These are plain calls, so that the arguments stay on the stack.
func (i ISA) multiply(width int, args *arguments) {
	p := (*byte)(unsafe.Pointer(args))
	if i == AVX512 {
		switch width {
		case 0:
			narrowProductAVX512(p)
		case 1:
			product1AVX512(p)
		case 2:
			product2AVX512(p)
		case 3:
			product3AVX512(p)
		case 4:
			product4AVX512(p)
		}
		return
	}
	switch width {
	case 0:
		narrowProductAVX2(p)
	case 1:
		product1AVX2(p)
	case 2:
		product2AVX2(p)
	case 3:
		product3AVX2(p)
	}
}

// multiplyTransposed is the same where A is transposed; there is no narrow product.
func (i ISA) multiplyTransposed(width int, args *arguments) {
	p := (*byte)(unsafe.Pointer(args))
	if i == AVX512 {
		switch width {
		case 1:
			transposed1AVX512(p)
		case 2:
			transposed2AVX512(p)
		case 3:
			transposed3AVX512(p)
		case 4:
			transposed4AVX512(p)
		}
		return
	}
	switch width {
	case 1:
		transposed1AVX2(p)
	case 2:
		transposed2AVX2(p)
	case 3:
		transposed3AVX2(p)
	}
}

func (i ISA) addRows(args *arguments) {
	if i == AVX512 {
		addRowsAVX512((*byte)(unsafe.Pointer(args)))
	} else {
		addRowsAVX2((*byte)(unsafe.Pointer(args)))
	}
}

func (i ISA) peak(args *arguments) {
	if i == AVX512 {
		peakAVX512((*byte)(unsafe.Pointer(args)))
	} else {
		peakAVX2((*byte)(unsafe.Pointer(args)))
	}
}
