package graph

import (
	"fmt"
	"math"
	"math/bits"
)

// A Share is the part of every training batch that a scan machine computes: whole subtrees of the tree over the batch's leaves. The machines of all ranks compute
// a batch together, each in a process of its own, and get the same bits as one machine without a Share.
type Share[F Float] struct {
	Rank, Size int // which part of how many

	// Join makes loss and sums those of all ranks, element by element along a binary tree over the ranks: 2i plus 2i+1, then pairs of pairs. Every call of
	// Gradients calls it once, on every rank. A rank without leaves has -0 everywhere, which changes no sum.
	Join func(loss []float64, sums []F) error
}

func (s *Share[F]) check() error {
	if s.Size < 1 || s.Rank < 0 || s.Rank >= s.Size {
		return fmt.Errorf("share %d of %d of a batch: want one of 0 to the number less 1", s.Rank, s.Size)
	}
	return nil
}

// Ranks is how many of at most so many ranks have work in a batch of size sequences.
func Ranks(size, most int) int {
	leaves := planShape(1, size).Leaves
	each := leavesEach(leaves, most)
	return (leaves + each - 1) / each
}

// Rows are the sequences of a batch of size sequences that a rank computes: from … to-1, maybe none.
func Rows(size, rank, ranks int) (from, to int) {
	p := planShape(1, size)
	from, to = subtree(p.Leaves, rank, ranks)
	return min(from*p.LeafRows, size), min(to*p.LeafRows, size)
}

// subtree are the leaves from … to-1 of a rank: a node of the tree, or, where the tree ends before, the part of it that is there, or nothing.
func subtree(leaves, rank, ranks int) (from, to int) {
	each := leavesEach(leaves, ranks)
	return min(rank*each, leaves), min((rank+1)*each, leaves)
}

// leavesEach is the smallest power of two of leaves with which so many ranks have them all.
func leavesEach(leaves, ranks int) int { return nextPower((leaves + ranks - 1) / ranks) }

// nextPower is the smallest power of two that is not less than n.
func nextPower(n int) int { return 1 << bits.Len(uint(n-1)) }

// own are the leaves that this engine computes, of as many.
func (e *engine[F]) own(leaves int) (from, to int) {
	if s := e.options.Share; s != nil && e.training {
		return subtree(leaves, s.Rank, s.Size)
	}
	return 0, leaves
}

// joinRanks adds what the other ranks have computed.
func (e *engine[F]) joinRanks(loss float64) (float64, error) {
	s := e.options.Share
	if s == nil {
		return loss, nil
	}
	j := e.joiner
	if j.leaves == 0 {
		loss, j.root = math.Copysign(0, -1), j.buffer()
		for i := range j.root {
			j.root[i] = F(loss)
		}
	}
	e.joined[0] = loss
	err := s.Join(e.joined[:], j.root)
	return e.joined[0], err
}
