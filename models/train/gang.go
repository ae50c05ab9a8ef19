package train

import (
	"context"
	"errors"
	"fmt"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

// A Reducer joins what the ranks of a trial compute. All ranks make the same calls of Sum and Share in the same order. An error says that the ranks cannot go on together.
type Reducer interface {
	Rank() int // of this process, 0 … Size()-1
	Size() int

	// Sum makes both buffers, element by element, the sums of all ranks' buffers, along a binary tree over the ranks: 2i plus 2i+1, then pairs of pairs.
	Sum(ctx context.Context, x []float64, y []float32) error

	// Send sends numbers to rank 0, which takes those of each rank in their order by Recv.
	Send(ctx context.Context, x []float32) error
	Recv(ctx context.Context, from int, x []float32) error

	// Share returns rank 0's data on every rank.
	Share(ctx context.Context, data []byte) ([]byte, error)
}

// Ranks is how many ranks a trial of a spec is trained by: as many as have work where a full batch is cut into Spec.Ranks whole subtrees. One where the machine
// cannot share a batch, or nothing is trained.
func Ranks(spec *sweep.Spec, trial sweep.Trial) (int, error) {
	if spec.Ranks <= 1 || !spec.Trains() {
		return 1, nil
	}
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return 1, err
	}
	s, err := parseSettings(config.Train)
	if err != nil || s.machine == ReferenceMachine {
		return 1, err
	}
	return graph.Ranks(s.sequences, spec.Ranks), nil
}

// A ranksError says that the ranks of a trial cannot go on together: it is nobody's fault here.
type ranksError struct{ err error }

func (e *ranksError) Error() string {
	return "the ranks of the trial have lost one another: " + e.err.Error()
}
func (e *ranksError) Unwrap() error { return e.err }

// A gang is this process's part in a trial that several ranks train. nil: the trial has one.
type gang struct {
	ranks   Reducer
	attempt context.Context // of the attempt
	calls   context.Context // of the reducer's: it ends with the attempt, unless that is handed over, which all ranks do at the same update

	numbers [2]float64 // on their way: the loss, and the ranks' wishes to hand over
	wished  float64
	rows    []float32
}

// wishWalltime is the wish of a rank whose time is up; that of one which is preempted is 1. There are fewer ranks than that.
const wishWalltime = 1 << 20

func newGang(ctx context.Context, r Reducer) *gang {
	if r == nil || r.Size() == 1 {
		return nil
	}
	calls, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		if _, handOver := interrupted(ctx); !handOver {
			cancel(context.Cause(ctx))
		}
	})
	return &gang{ranks: r, attempt: ctx, calls: calls}
}

// follows tells whether this process only computes: rank 0 evaluates, writes and reports.
func (g *gang) follows() bool { return g != nil && g.ranks.Rank() > 0 }

// failed wraps an error of a call.
func (g *gang) failed(err error) error {
	if err == nil {
		return nil
	}
	if g.calls.Err() != nil {
		return context.Cause(g.calls)
	}
	return &ranksError{err}
}

// join is graph.Share.Join. It also tells the ranks which of them wish to hand over.
func (g *gang) join(loss []float64, sums []float32) error {
	g.numbers = [2]float64{loss[0], 0}
	if cause, handOver := interrupted(g.attempt); handOver && cause == sweep.CauseWalltime {
		g.numbers[1] = wishWalltime
	} else if handOver {
		g.numbers[1] = 1
	}
	err := g.failed(g.ranks.Sum(g.calls, g.numbers[:], sums))
	loss[0], g.wished = g.numbers[0], g.numbers[1]
	return err
}

// collect brings the outputs of all sequences of a batch to rank 0.
func (g *gang) collect(b *graph.Batch[float32], outputs []float32) error {
	channels := len(outputs) / (b.Steps * b.Size)
	if g.follows() {
		return g.failed(g.exchange(b, channels, outputs, g.ranks.Rank()))
	}
	for rank := 1; rank < g.ranks.Size(); rank++ {
		if err := g.exchange(b, channels, outputs, rank); err != nil {
			return g.failed(err)
		}
	}
	return nil
}

// exchange sends a rank's outputs to rank 0, or takes them there.
func (g *gang) exchange(b *graph.Batch[float32], channels int, outputs []float32, rank int) error {
	from, to := graph.Rows(b.Size, rank, g.ranks.Size())
	width := (to - from) * channels
	if width == 0 {
		return nil
	}
	g.rows = sized(g.rows, b.Steps*width)
	if !g.follows() {
		if err := g.ranks.Recv(g.calls, rank, g.rows); err != nil {
			return err
		}
	}
	for t := range b.Steps {
		of, packed := outputs[(t*b.Size+from)*channels:][:width], g.rows[t*width:]
		if g.follows() {
			copy(packed, of)
		} else {
			copy(of, packed)
		}
	}
	if g.follows() {
		return g.ranks.Send(g.calls, g.rows)
	}
	return nil
}

// over says why the attempt ends after the update at hand: nil, it goes on. Ranks hand over together, when each of them has heard that one wishes it.
func (g *gang) over(ctx context.Context) error {
	if g == nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	switch {
	case g.calls.Err() != nil:
		return context.Cause(g.calls)
	case g.wished >= wishWalltime:
		return ErrWalltime
	case g.wished > 0:
		return ErrHandOver
	}
	return nil
}

// stopped tells whether err ends an attempt that is not to blame, by which cause, and whether a state shall be left behind.
func (g *gang) stopped(ctx context.Context, err error) (cause sweep.Cause, save, ok bool) {
	lost := new(ranksError)
	switch {
	case g != nil && errors.Is(err, ErrHandOver):
		return sweep.CausePreempted, true, true
	case g != nil && errors.Is(err, ErrWalltime):
		return sweep.CauseWalltime, true, true
	case errors.As(err, &lost):
		return sweep.CauseCancelled, true, true // whoever is to blame says so itself
	case ctx.Err() == nil || !errors.Is(err, context.Cause(ctx)):
		return "", false, false
	}
	cause, save = interrupted(ctx)
	return cause, save, true
}

// part waits until rank 0 has written and reported everything: then all ranks end. Rank 0 need not know whether they have heard it.
func (g *gang) part() error {
	if g == nil {
		return nil
	}
	_, err := g.ranks.Share(g.calls, nil)
	if g.follows() {
		return g.failed(err)
	}
	return nil
}

// share is the part of each batch that this process computes; nil: all.
func (g *gang) share() *graph.Share[float32] {
	if g == nil {
		return nil
	}
	return &graph.Share[float32]{Rank: g.ranks.Rank(), Size: g.ranks.Size(), Join: g.join}
}

// adopt has all ranks begin where rank 0 does. Only rank 0 looks at files, so that it does not matter which of them each machine sees.
func (r *run) adopt() error {
	if r.gang == nil {
		return nil
	}
	var file []byte
	if !r.gang.follows() && r.saved >= 0 {
		var err error
		if file, err = r.snapshot(); err != nil {
			return err
		}
	}
	file, err := r.gang.ranks.Share(r.gang.calls, file)
	if err != nil || len(file) == 0 || !r.gang.follows() {
		return r.gang.failed(err)
	}
	s, err := decodeState(file)
	if err == nil {
		err = r.restore(s, s.Update)
	}
	if err != nil {
		return fmt.Errorf("rank %d takes over the state of rank 0: %w", r.gang.ranks.Rank(), err)
	}
	return nil
}

// follow is the attempt of a rank other than 0, from rank 0's state on: it computes its part of every update.
func (r *run) follow(ctx context.Context) error {
	for r.done < r.updates {
		if err := r.gang.over(ctx); err != nil {
			return err
		}
		metrics, finite, err := r.update()
		if err != nil {
			return err
		}
		if !finite {
			r.noteDiverged(metrics)
			return nil
		}
	}
	return nil
}
