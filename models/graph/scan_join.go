package graph

import (
	"math/bits"
	"sync"

	"neurosweep/models/kernel"
)

// A joiner adds the gradients of leaves along a binary tree over their numbers: leaf 2i and 2i+1, then pairs of pairs. Who adds, and when, changes no
// bit: each node is its left part plus its right part.
type joiner[F Float] struct {
	leaves int
	size   int // of a buffer

	mutex   sync.Mutex
	waiting [][]F // finished parts whose neighbour is not: by number of the leaf where they begin
	level   []int // and how many times their leaves have been paired, plus 1; 0: none
	free    [][]F // buffers
	root    []F   // the sum of all
}

// joinBuffers is how many buffers a joiner needs at most.
func joinBuffers(leaves, threads int) int {
	return min(leaves, threads*(bits.Len(uint(leaves))+1))
}

func newJoiner[F Float](m *pool[F], leaves, threads, size int) *joiner[F] {
	j := &joiner[F]{leaves: leaves, waiting: make([][]F, leaves), level: make([]int, leaves), size: size}
	for range joinBuffers(max(leaves, 1), threads) {
		j.free = append(j.free, m.take(size))
	}
	return j
}

// buffer gives a leaf memory for its gradients.
func (j *joiner[F]) buffer() []F {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	n := len(j.free)
	if n == 0 {
		return kernel.Aligned[F](j.size)
	}
	b := j.free[n-1]
	j.free = j.free[:n-1]
	return b
}

// release takes a buffer back.
func (j *joiner[F]) release(b []F) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.free = append(j.free, b)
}

// finished takes a leaf's gradients, and adds what can be added.
func (j *joiner[F]) finished(leaf int, sum []F, adder *adder[F]) {
	for level := 0; ; level++ {
		size := 1 << level // leaves in a part
		if leaf == 0 && size >= j.leaves {
			j.root = sum
			return
		}
		left := leaf &^ (2*size - 1)
		neighbour := left + size
		if leaf != left {
			neighbour = left
		}
		if neighbour >= j.leaves { // no leaves there
			continue
		}
		j.mutex.Lock()
		if j.level[neighbour] != level+1 {
			j.waiting[leaf], j.level[leaf] = sum, level+1
			j.mutex.Unlock()
			return
		}
		other := j.waiting[neighbour]
		j.waiting[neighbour], j.level[neighbour] = nil, 0
		j.mutex.Unlock()
		if leaf != left {
			sum, other = other, sum
		}
		adder.add(sum, other)
		j.release(other)
		leaf = left
	}
}

// begin forgets the last update.
func (j *joiner[F]) begin() {
	if j.root != nil {
		j.free = append(j.free, j.root)
		j.root = nil
	}
	for i := range j.waiting { // after an error
		if j.level[i] > 0 {
			j.free = append(j.free, j.waiting[i])
			j.waiting[i], j.level[i] = nil, 0
		}
	}
}

// treeSum adds n numbers, which lie stride apart, along the same tree.
func treeSum(parts []float64, stride, n int) float64 {
	if n == 1 {
		return parts[0]
	}
	half := 1 << (bits.Len(uint(n-1)) - 1)
	return treeSum(parts, stride, half) + treeSum(parts[half*stride:], stride, n-half)
}
