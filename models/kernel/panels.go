package kernel

// lanes is how many numbers a register holds.
func (i ISA) lanes() int {
	if i == AVX512 {
		return 16
	}
	return 8
}

// heights are the most rows of a tile, by its width in registers: as many sums as there are registers for. The generator has the same table.
func (i ISA) heights() [5]int {
	if i == AVX512 {
		return [5]int{1: 12, 12, 8, 6}
	}
	return [5]int{1: 12, 6, 4}
}

// A panelRun is panels of one width.
type panelRun struct {
	width, count int // in registers; 0 panels: nothing
	last         int // columns of the last register of each panel
}

// panels cuts n columns. A product with AVX-512 is fastest in panels of 3 registers and tiles of 8 rows, then of 4 and 6; with AVX2 of 3 and 4, then 2 and 6.
// So there are as many threes as can be, and what is left is twos (AVX2) or fours. The panel whose last register is not full stands alone.
func (i ISA) panels(n int) [3]panelRun {
	lanes := i.lanes()
	registers := (n + lanes - 1) / lanes
	threes := panelRun{width: 3, last: lanes}
	rest := panelRun{width: 4, last: lanes}
	if i == AVX2 {
		rest.width = 2
	}
	switch {
	case registers <= rest.width || registers <= 3:
		rest.width, rest.count = registers, 1
	case registers == 5:
		rest.width, rest.count, threes.count = 2, 1, 1
	default:
		rest.count = registers % 3
		if i == AVX2 {
			rest.count = (3 - rest.count) % 3
		}
		threes.count = (registers - rest.count*rest.width) / 3
	}
	runs := [3]panelRun{threes, rest}
	if tail := n % lanes; tail != 0 {
		from := &runs[0]
		if rest.count > 0 {
			from = &runs[1]
		}
		from.count--
		runs[2] = panelRun{width: from.width, count: 1, last: tail}
	}
	return runs
}
