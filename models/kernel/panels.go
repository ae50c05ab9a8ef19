package kernel

// lanes is how many numbers a register holds.
func (i ISA) lanes() int {
	if i == AVX512 {
		return 16
	}
	return 8
}

// height is the most rows of a tile of so many registers' width: as many sums as there are registers for. The generator has the same numbers.
func (i ISA) height(width int) int {
	if i == AVX512 {
		return [...]int{1: 12, 2: 12, 3: 8, 4: 6}[width]
	}
	return [...]int{1: 12, 2: 6, 3: 4}[width]
}

// panels are some panels of one width, side by side.
type panels struct {
	width, count int // in registers
	columns      int // in all
	last         int // of the last register; only a single panel may have a last register that is not full
}

// panels cuts the first panels off n columns. AVX-512 is fastest in panels of 3 registers and tiles of 8 rows, then of 4 and 6; AVX2 in panels of 3 and tiles
// of 4 rows, then of 2 and 6. So there are as many threes as can be, and then fours (AVX-512) or twos (AVX2).
func (i ISA) panels(n int) panels {
	lanes := i.lanes()
	registers := uint(n+lanes-1) / uint(lanes)
	fours, twos := registers%3, uint(0)
	if i == AVX2 || registers == 5 {
		fours, twos = 0, (3-fours)%3
	}
	threes := (registers - 4*fours - 2*twos) / 3
	p := panels{last: lanes}
	switch {
	case registers <= 3:
		p.width, p.count = int(registers), 1
	case threes > 0:
		p.width, p.count = 3, int(threes)
	case fours > 0:
		p.width, p.count = 4, int(fours)
	default:
		p.width, p.count = 2, int(twos)
	}
	p.columns = p.width * p.count * lanes
	if p.columns > n {
		if p.count == 1 {
			p.columns, p.last = n, n-(p.width-1)*lanes
		} else {
			p.count--
			p.columns -= p.width * lanes
		}
	}
	return p
}
