package graph

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"neurosweep/models/kernel"
)

// A testJoin joins the numbers of ranks that are goroutines.
type testJoin[F Float] struct {
	mutex  sync.Mutex
	all    *sync.Cond
	losses [][]float64
	sums   [][]F
	count  int
	round  int
}

func newTestJoin[F Float](ranks int) *testJoin[F] {
	j := &testJoin[F]{losses: make([][]float64, ranks), sums: make([][]F, ranks)}
	j.all = sync.NewCond(&j.mutex)
	return j
}

func (j *testJoin[F]) join(rank int, loss []float64, sums []F) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.losses[rank], j.sums[rank] = loss, sums
	round := j.round
	if j.count++; j.count < len(j.losses) {
		for j.round == round {
			j.all.Wait()
		}
		return nil
	}
	for step := 1; step < len(j.losses); step *= 2 {
		for left := 0; left+step < len(j.losses); left += 2 * step {
			addTo(j.losses[left], j.losses[left+step])
			addTo(j.sums[left], j.sums[left+step])
		}
	}
	for r := range j.losses {
		copy(j.losses[r], j.losses[0])
		copy(j.sums[r], j.sums[0])
	}
	j.count, j.round = 0, round+1
	j.all.Broadcast()
	return nil
}

func addTo[F Float](to, from []F) {
	for i, x := range from {
		to[i] += x
	}
}

// Machines that share batches get the bits of one machine, whatever the number of leaves, and write the outputs of their own rows.
func TestSharesHaveTheBitsOfOneMachine(t *testing.T) {
	set := kernel.Set32(kernel.ISAs()[0])
	sizes := []int{7, 16, 37, 80, 131, 16} // 1, 1, 3, 5, 9 and 1 leaves
	for name, c := range testCells() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			var batches []*Batch[float32]
			for _, size := range sizes {
				batches = append(batches, testBatch[float32](r, c, SquaredError, 3, size, true))
			}
			weights := testWeights[float32](r, c)
			one, err := NewScan(c, SquaredError, ScanOptions[float32]{Set: set, Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			var want []answer[float32]
			for _, b := range batches {
				want = append(want, computed[float32](t, one, c, b, weights))
			}
			for _, ranks := range []int{1, 2, 3, 4, 8} {
				join := newTestJoin[float32](ranks)
				var done sync.WaitGroup
				for rank := range ranks {
					share := &Share[float32]{Rank: rank, Size: ranks, Join: func(loss []float64, sums []float32) error { return join.join(rank, loss, sums) }}
					m, err := NewScan(c, SquaredError, ScanOptions[float32]{Set: set, Threads: 1 + rank%2, Share: share})
					if err != nil {
						t.Fatal(err)
					}
					done.Go(func() {
						for i, b := range batches {
							compareShare(t, c, b, rank, ranks, computed[float32](t, m, c, b, weights), want[i])
						}
					})
				}
				done.Wait()
			}
		})
	}
}

func compareShare(t *testing.T, c Cell, b *Batch[float32], rank, ranks int, got, want answer[float32]) {
	if math.Float64bits(got.loss) != math.Float64bits(want.loss) || !slices.Equal(bitsOf(got.gradients), bitsOf(want.gradients)) {
		t.Errorf("%d sequences, rank %d of %d: loss %g, alone %g; or gradients differ", b.Size, rank, ranks, got.loss, want.loss)
	}
	if !slices.Equal(got.forward, want.forward) {
		t.Errorf("%d sequences, rank %d of %d: Forward gives other outputs", b.Size, rank, ranks)
	}
	from, to := Rows(b.Size, rank, ranks)
	for step := range b.Steps {
		lo, hi := (step*b.Size+from)*c.Outputs(), (step*b.Size+to)*c.Outputs()
		if !slices.Equal(got.outputs[lo:hi], want.outputs[lo:hi]) {
			t.Errorf("%d sequences, rank %d of %d: outputs of rows %d to %d differ", b.Size, rank, ranks, from, to)
		}
	}
}

func bitsOf(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
	}
	return b
}

// Every sequence is one rank's, no rank goes without, and none has more leaves than the cut gives it.
func TestRowsOfRanks(t *testing.T) {
	for size := 1; size <= 300; size++ {
		for most := 1; most <= 32; most *= 2 {
			next, ranks := 0, Ranks(size, most)
			for rank := range ranks {
				from, to := Rows(size, rank, ranks)
				if from != next || to <= from || (to-from)*most > 4*max(size, leafRows*most) {
					t.Fatalf("%d sequences in up to %d parts: rank %d of %d has %d to %d, those before it end at %d", size, most, rank, ranks, from, to, next)
				}
				next = to
			}
			if next != size || ranks > most {
				t.Fatalf("%d sequences in up to %d parts: %d ranks, up to %d are somebody's", size, most, ranks, next)
			}
		}
	}
}

func TestShareMistakes(t *testing.T) {
	c := leakyCell(2, 3, 2)
	for _, s := range []Share[float64]{{Rank: 2, Size: 2}, {Rank: -1, Size: 2}, {}} {
		if _, err := NewScan(c, SquaredError, ScanOptions[float64]{Share: &s}); err == nil {
			t.Errorf("share %d of %d was accepted", s.Rank, s.Size)
		}
	}
	wrong := errors.New("no rank there")
	m, err := NewScan(c, SquaredError, ScanOptions[float64]{Share: &Share[float64]{Size: 2, Join: func([]float64, []float64) error { return wrong }}})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	b, w := testBatch[float64](r, c, SquaredError, 2, 20, false), testWeights[float64](r, c)
	if _, err := m.Gradients(b, w, make([]float64, len(w)), make([]float64, 2*20*2)); !errors.Is(err, wrong) {
		t.Errorf("a join that failed gave %v", err)
	}
}
