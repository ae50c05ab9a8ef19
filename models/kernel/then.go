package kernel

// A Then is what a product does with each of its elements after the last multiply-add: the same bits as the element-wise operation afterwards, without another
// pass over memory. The generator has the same numbers (gen/gemm/then.go).
type Then int

const (
	ThenNothing Then = iota // the product is all
	ThenReLU                // OpReLU of the element
	ThenDReLU               // OpDReLU of the element and that of y in the same row and column
)

// then does it to m rows of n elements of C, ldc elements apart; y has ldy elements from row to row.
func then[F Float](t Then, c []F, ldc int, y []F, ldy, m, n int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		switch t {
		case ThenReLU:
			for j, v := range row {
				row[j] = dReLU(v, v)
			}
		case ThenDReLU:
			for j, v := range y[i*ldy : i*ldy+n] {
				row[j] = dReLU(row[j], v)
			}
		}
	}
}
