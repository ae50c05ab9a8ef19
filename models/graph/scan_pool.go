package graph

import "neurosweep/models/kernel"

// A pool gives an engine what a shape needs, out of what the shape before it had. Data sets that no batch size divides have two shapes in each
// epoch, and what one needs is most of what the other needs.
type pool[F Float] struct {
	given [][]F // to the shape at hand
	spare [][]F // of the shapes before it
	most  int   // elements of the largest shape until now
}

// begin takes everything back, for another shape.
func (m *pool[F]) begin() {
	m.spare = append(m.spare, m.given...)
	m.given = nil
}

// take gives n elements, all zero: the smallest piece that is large enough, or a new one.
func (m *pool[F]) take(n int) []F {
	best := -1
	for i, piece := range m.spare {
		if len(piece) >= n && (best < 0 || len(piece) < len(m.spare[best])) {
			best = i
		}
	}
	if best < 0 {
		piece := kernel.Aligned[F](n)
		m.given = append(m.given, piece)
		return piece
	}
	piece := m.spare[best]
	m.spare[best] = m.spare[len(m.spare)-1]
	m.spare = m.spare[:len(m.spare)-1]
	m.given = append(m.given, piece)
	clear(piece[:n])
	return piece[:n:n]
}

// end drops the pieces that are left where they are more than the largest shape has needed; a smaller shape keeps them for when a larger one returns.
func (m *pool[F]) end() {
	given := elements(m.given)
	m.most = max(m.most, given)
	if given+elements(m.spare) > m.most {
		m.spare = nil
	}
}

func elements[F Float](pieces [][]F) (n int) {
	for _, p := range pieces {
		n += len(p)
	}
	return n
}
