package graph

import "neurosweep/models/kernel"

// A pool gives an engine what a shape needs, all of it from one piece of memory. Data sets that no batch size divides have two shapes in each
// epoch: the larger one's piece does for both.
type pool[F Float] struct {
	memory []F
	given  int // elements of the shape at hand, from the beginning on
	used   int // elements that any shape had: they may be other than zero
}

// begin takes everything back, for a shape that needs up to n elements.
func (m *pool[F]) begin(n int) {
	if m.given = 0; n > len(m.memory) {
		m.memory, m.used = kernel.Pages[F](n), 0
	}
}

// paged is n, rounded up to whole pages of 4 KiB of float32. Rows of 64 or 128 columns then lie in as few pages as can be, at which processors stop to read ahead.
func paged(n int) int { return (n + 1023) &^ 1023 }

// take gives n elements, all zero, that begin with a page.
func (m *pool[F]) take(n int) []F {
	from, to := m.given, m.given+n
	m.given = paged(to)
	if from < m.used {
		clear(m.memory[from:min(to, m.used)])
	}
	m.used = max(m.used, to)
	return m.memory[from:to:to]
}
