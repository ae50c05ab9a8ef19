package train

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"neurosweep/results"
	"neurosweep/sweep"
)

// A testGroup is the ranks of a trial, each a goroutine.
type testGroup struct {
	mutex  sync.Mutex
	turn   *sync.Cond
	size   int
	calls  []string // of the ranks that wait in the present call; "": not there yet
	count  int
	round  int
	x      [][]float64
	y      [][]float32
	data   []byte
	boxes  []chan []float32
	failed error
	done   chan struct{} // closed when it has failed
}

var errRankDied = errors.New("rank 1 (host a, process 7) is dead")

func newTestGroup(size int) *testGroup {
	g := &testGroup{size: size, calls: make([]string, size), x: make([][]float64, size), y: make([][]float32, size), done: make(chan struct{})}
	g.turn = sync.NewCond(&g.mutex)
	for range size {
		g.boxes = append(g.boxes, make(chan []float32, 64))
	}
	return g
}

// fail ends all calls.
func (g *testGroup) fail(err error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.failed == nil {
		g.failed = err
		close(g.done)
		g.turn.Broadcast()
	}
}

// meet waits until all ranks are in a call; the last one does it.
func (g *testGroup) meet(ctx context.Context, rank int, call string, do func()) error {
	stop := context.AfterFunc(ctx, func() { g.fail(fmt.Errorf("rank %d left: %w", rank, context.Cause(ctx))) })
	defer stop()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.calls[rank] = call
	round := g.round
	if g.count++; g.count == g.size {
		for _, c := range g.calls {
			if c != call && g.failed == nil {
				g.failed = fmt.Errorf("one rank is in %s, another in %s", call, c)
				close(g.done)
			}
		}
		if g.failed == nil {
			do()
		}
		g.count, g.round = 0, round+1
		g.turn.Broadcast()
	}
	for g.round == round && g.failed == nil {
		g.turn.Wait()
	}
	return g.failed
}

// A testRank is one rank of a testGroup. It dies in its call number dies, if that is not 0.
type testRank struct {
	*testGroup
	rank, dies, called int
}

func (r *testRank) Rank() int { return r.rank }
func (r *testRank) Size() int { return r.size }

func (r *testRank) Sum(ctx context.Context, x []float64, y []float32) error {
	if r.called++; r.called == r.dies {
		r.fail(errRankDied)
		return errKilled
	}
	r.mutex.Lock()
	r.x[r.rank], r.y[r.rank] = x, y
	r.mutex.Unlock()
	return r.meet(ctx, r.rank, "Sum", func() {
		for step := 1; step < r.size; step *= 2 {
			for left := 0; left+step < r.size; left += 2 * step {
				for i, v := range r.x[left+step] {
					r.x[left][i] += v
				}
				for i, v := range r.y[left+step] {
					r.y[left][i] += v
				}
			}
		}
		for i := range r.x {
			copy(r.x[i], r.x[0])
			copy(r.y[i], r.y[0])
		}
	})
}

func (r *testRank) Send(_ context.Context, x []float32) error {
	r.boxes[r.rank] <- append([]float32(nil), x...)
	return nil
}

func (r *testRank) Recv(_ context.Context, from int, x []float32) error {
	select {
	case got := <-r.boxes[from]:
		if copy(x, got) != len(x) || len(got) != len(x) {
			return fmt.Errorf("rank %d sent %d numbers, want %d", from, len(got), len(x))
		}
		return nil
	case <-r.done:
		return r.failed
	}
}

func (r *testRank) Share(ctx context.Context, data []byte) ([]byte, error) {
	if r.rank == 0 {
		r.mutex.Lock()
		r.data = data
		r.mutex.Unlock()
	}
	if err := r.meet(ctx, r.rank, "Share", func() {}); err != nil {
		return nil, err
	}
	return r.data, nil
}

// A rankEnd is how a rank's attempt ended.
type rankEnd struct {
	results.End
	err error
}

// attempt runs one attempt at a job on all ranks. contexts and dies are by rank, and may be missing.
func attempt(j Job, ranks int, report Reporter, contexts map[int]context.Context, dies map[int]int) []rankEnd {
	group, ends := newTestGroup(ranks), make([]rankEnd, ranks)
	var all sync.WaitGroup
	for rank := range ranks {
		all.Go(func() {
			own := j
			own.Reducer = &testRank{testGroup: group, rank: rank, dies: dies[rank]}
			ctx := contexts[rank]
			if ctx == nil {
				ctx = context.Background()
			}
			say := report
			if rank > 0 {
				say = func(results.TrialReport) error { return errors.New("only rank 0 reports") }
			}
			end, err := Run(ctx, own, say)
			ends[rank] = rankEnd{end, err}
			if err != nil || end.Cause == sweep.CauseCancelled {
				group.fail(errRankDied) // its process ends or leaves the group
			}
		})
	}
	all.Wait()
	return ends
}

// Trials of several ranks have the rows and the files of one rank: whatever the number of leaves of a batch, with a last batch that has fewer.
func TestGangsHaveTheBitsOfOneRank(t *testing.T) {
	for name, text := range map[string]string{
		"gru, batches of 3 and 1 leaves":  flipFlop("gru, hidden: 9", 15, 44, 37, 5),
		"node, batches of 9 and 1 leaves": flipFlop("node, latent: 3, hidden: 9", 15, 140, 131, 5),
		"leaky rnn, batches of 5 leaves":  delay(9, 80, 25, 5),
	} {
		t.Run(name, func(t *testing.T) {
			j := job(t, text, 6)
			_, want, tree := complete(t, j)
			for _, ranks := range []int{2, 3, 4, 8} {
				own := j
				own.Dir = t.TempDir()
				rows := newLedger(t)
				for rank, end := range attempt(own, ranks, rows.report, nil, nil) {
					if end.err != nil || end.Cause != sweep.CauseCompleted || end.Update != 5 {
						t.Fatalf("rank %d of %d: %+v", rank, ranks, end)
					}
				}
				if files(t, own.Dir) != tree || rows.String() != want.String() {
					t.Errorf("%d ranks: files\n%swant\n%srows\n%swant\n%s", ranks, files(t, own.Dir), tree, rows, want)
				}
			}
		})
	}
}

// In each attempt another rank wishes to hand over, or dies in the midst of an update that no checkpoint comes before: all ranks stop, say so, and lose one update at most. Attempts
// alternate between numbers of ranks, one of them among these.
func TestGangsGoOn(t *testing.T) {
	j := job(t, flipFlop("gru, hidden: 9", 15, 44, 37, 12), 6)
	_, want, tree := complete(t, j)
	for _, c := range []struct {
		why   error // of the hand-over; nil: a rank dies
		cause sweep.Cause
	}{{ErrHandOver, sweep.CausePreempted}, {ErrWalltime, sweep.CauseWalltime}, {nil, sweep.CauseCancelled}} {
		own := j
		own.Dir = t.TempDir()
		rows := newLedger(t)
		last := 0
		for own.Attempt = 1; ; own.Attempt++ {
			if own.Attempt > 20 {
				t.Fatalf("%v: 20 attempts were not enough", c.why)
			}
			ranks := []int{3, 2, 1}[own.Attempt%3]
			if ranks == 1 {
				end, err := Run(newCountdown(4, ErrHandOver), own, rows.report)
				if err != nil {
					t.Fatal(err)
				}
				if last = end.Update; end.Cause == sweep.CauseCompleted {
					break
				}
				continue
			}
			victim := own.Attempt % ranks
			var ends []rankEnd
			if c.why == nil {
				ends = attempt(own, ranks, rows.report, nil, map[int]int{victim: 4})
			} else {
				ctx, cancel := context.WithCancelCause(context.Background())
				cancel(c.why)
				ends = attempt(own, ranks, rows.report, map[int]context.Context{victim: ctx}, nil)
			}
			if ends[0].Cause == sweep.CauseCompleted {
				break
			}
			for rank, end := range ends {
				dead := c.why == nil && rank == victim
				if dead != (end.Cause == sweep.CauseCancelled && strings.Contains(end.Detail, errKilled.Error())) || end.err != nil || end.Cause != c.cause {
					if victim == 0 && c.why != nil && end.err == nil { // rank 0 may leave in an evaluation, where the others cannot hear its wish
						continue
					}
					t.Errorf("%v: attempt %d, rank %d of %d, victim %d: %+v", c.why, own.Attempt, rank, ranks, victim, end)
				}
			}
			if victim > 0 && ends[0].Update <= last {
				t.Errorf("%v: attempt %d ended at update %d, the one before at %d", c.why, own.Attempt, ends[0].Update, last)
			}
			last = max(last, ends[0].Update)
		}
		if files(t, own.Dir) != tree || rows.String() != want.String() {
			t.Errorf("%v: files\n%swant\n%srows\n%swant\n%s", c.why, files(t, own.Dir), tree, rows, want)
		}
	}
}

// A trial has as many ranks as its batch has leaves for, and no more than the spec says.
func TestRanksOfTrials(t *testing.T) {
	for _, c := range []struct{ batch, allowed, want int }{{16, 4, 1}, {17, 4, 2}, {37, 4, 3}, {64, 4, 4}, {800, 1, 1}, {800, 4, 4}, {800, 8, 7}, {80, 8, 5}} {
		spec, err := sweep.Parse("f.yaml", []byte(delay(5, c.batch, 10, 1)+fmt.Sprintf("ranks: %d\n", c.allowed)), nil, Catalog())
		if err != nil {
			t.Fatal(err)
		}
		trial, err := spec.Trial(0, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Ranks(spec, trial); got != c.want || err != nil {
			t.Errorf("batch %d, ranks %d: %d ranks, %v; want %d", c.batch, c.allowed, got, err, c.want)
		}
	}
	text := strings.ReplaceAll(delay(5, 64, 10, 1), "train: {", "train: {machine: reference, ")
	j := job(t, text+"ranks: 2\n", 1)
	if got, err := Ranks(j.Spec, j.Trial); got != 1 || err != nil {
		t.Errorf("the reference machine shares a batch: %d, %v", got, err)
	}
	j.Reducer = &testRank{testGroup: newTestGroup(2)}
	if _, err := Run(context.Background(), j, nil); err == nil || !strings.Contains(err.Error(), "take train.machine: scan") {
		t.Errorf("error %v", err)
	}
}
