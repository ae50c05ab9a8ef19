package kernel

import "unsafe"

// arguments is what the assembly of the matrix products reads; the generator knows its layout by the same names (gen/gemm/arguments.go).
type arguments struct {
	c, a, b, start, y          unsafe.Pointer
	ahead                      unsafe.Pointer // to an Ahead
	startMask, startLast, last unsafe.Pointer
	sizes

	pending, panelsLeft, panelC, panelB, panelStart, panelY, tileY, tileLeft uintptr // the assembly's own
}

// sizes are the arguments that are no addresses. Distances are in bytes.
type sizes struct {
	ldc, lda, ldb, startStride, panelStride, ldy int
	k, panels                                    int
	rows, tiles, lowTiles                        int // tiles of so many rows, then tiles of one row less
	ragged                                       int
	then                                         Then
}

// cut divides m rows into tiles of at most highest, as equal as they can be.
func (a *arguments) cut(m, highest int) {
	tiles := (uint32(m) + uint32(highest) - 1) / uint32(highest)
	low := uint32(m) / tiles
	a.rows, a.tiles, a.lowTiles = int(low), int(tiles), 0
	if more := uint32(m) - low*tiles; more > 0 {
		a.rows, a.tiles, a.lowTiles = int(low)+1, int(more), int(tiles-more)
	}
}

// The masks of the first lanes of a register: bits for AVX-512; for AVX2 lanes of ones, n of which begin n lanes before the middle.
var (
	maskBits  [17]uint16
	maskLanes = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
)

func init() {
	for n := range maskBits {
		maskBits[n] = uint16(1<<n - 1)
	}
}

// mask is the mask of n lanes.
func (i ISA) mask(n int) unsafe.Pointer {
	if i == AVX512 {
		return unsafe.Pointer(&maskBits[n])
	}
	return unsafe.Pointer(&maskLanes[8-n])
}

// masks is where the masks are.
func (i ISA) masks() unsafe.Pointer {
	if i == AVX512 {
		return unsafe.Pointer(&maskBits)
	}
	return unsafe.Pointer(&maskLanes)
}
