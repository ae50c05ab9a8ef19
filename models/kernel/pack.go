package kernel

// packPanel writes the k×n operand b (transposed: n×k) as k rows of width numbers; those beyond n are 0.
func packPanel[F Float](dst, b []F, k, n, ldb, width int, transposed bool) {
	if transposed {
		packTransposed(dst, b, k, n, ldb, width)
		return
	}
	for l := range k {
		row := dst[l*width : (l+1)*width]
		clear(row[copy(row, b[l*ldb:l*ldb+n]):])
	}
}

// packTransposed reads four rows of b at a time.
func packTransposed[F Float](dst, b []F, k, n, ldb, width int) {
	j := 0
	for ; j+4 <= n; j += 4 {
		b0, b1, b2, b3 := b[j*ldb:][:k], b[(j+1)*ldb:][:k], b[(j+2)*ldb:][:k], b[(j+3)*ldb:][:k]
		for l := range k {
			four := dst[l*width+j:][:4]
			four[0], four[1], four[2], four[3] = b0[l], b1[l], b2[l], b3[l]
		}
	}
	for ; j < n; j++ {
		for l, v := range b[j*ldb:][:k] {
			dst[l*width+j] = v
		}
	}
	for ; j < width; j++ {
		for l := range k {
			dst[l*width+j] = 0
		}
	}
}
