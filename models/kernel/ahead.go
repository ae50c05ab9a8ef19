package kernel

import "unsafe"

// lineBytes is what processors move between caches and memory at once.
const lineBytes = 64

// An Ahead knows memory through which a program walks step by step. In each step the products that run bring what a later one needs into the second-level cache, a line with each
// turn of a tile's inner loop: multiplying takes as long as without, and whoever comes to that memory does not wait for nearly every line of it. Many lines at once would not do, as
// processors forget what they have no room to ask for; and no pattern tells them what a step needs of matrices that lie far apart.
//
// The zero Ahead brings in nothing. It serves one goroutine. What the memory holds plays no part, nor whether there is any where a walk ends.
type Ahead struct {
	next  uintptr // of the parts, the first with lines left; the assembly moves on
	parts []part  // one for each walk, and one without lines
	walks []walk
}

// A part is memory that has yet to be brought in. The generator knows its layout.
type part struct {
	from  uintptr
	lines int
}

// A walk is where the next step's part begins, its bytes, and how far on that of the step after it lies.
type walk struct {
	from      uintptr
	bytes, by int
}

// nothingAhead is for products that bring in nothing.
var nothingAhead = new(Ahead).Clear()

// Clear forgets all walks.
func (a *Ahead) Clear() *Ahead {
	a.walks, a.parts = a.walks[:0], append(a.parts[:0], part{})
	a.next = addressOf(a.parts)
	return a
}

// Walk begins a walk through s: in the next step n elements from the index at on, which may lie outside of s, are to be brought in, and in each one after it those that begin by elements later.
func Walk[T any](a *Ahead, s []T, at, n, by int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	a.walks = append(a.walks, walk{addressOf(s) + uintptr(at*size), n * size, by * size})
	a.parts = append(a.parts, part{})
	a.next = addressOf(a.parts[len(a.walks):])
}

// Step begins the next step. What the last one's products were too few for is left out.
func (a *Ahead) Step() {
	for i := range a.walks {
		w := &a.walks[i]
		from := w.from &^ (lineBytes - 1)
		a.parts[i] = part{from, (int(w.from-from) + w.bytes + lineBytes - 1) / lineBytes}
		w.from += uintptr(w.by)
	}
	a.next = addressOf(a.parts)
}

// list is what the assembly reads.
func (a *Ahead) list() unsafe.Pointer {
	if a == nil || a.next == 0 {
		return unsafe.Pointer(nothingAhead)
	}
	return unsafe.Pointer(a)
}
