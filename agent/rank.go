package agent

import (
	"context"
	"encoding/binary"
	"fmt"

	"neurosweep/broker"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

// ranks joins what the processes of a gang compute, over the sweep's broker: a train.Reducer.
type ranks struct{ comm *broker.Comm }

func (r ranks) Rank() int { return r.comm.Rank() }
func (r ranks) Size() int { return r.comm.Size() }

// NewReducer joins the ranks of a Comm as those of a gang are joined.
func NewReducer(c *broker.Comm) train.Reducer { return ranks{c} }

// Sum adds along the tree of Comm, which is that of a batch's leaves.
func (r ranks) Sum(ctx context.Context, x []float64, y []float32) error {
	if err := r.comm.Allreduce(ctx, broker.Sum, broker.Float64s(x)); err != nil {
		return err
	}
	return r.comm.Allreduce(ctx, broker.Sum, broker.Float32s(y))
}

func (r ranks) Send(ctx context.Context, x []float32) error {
	return r.comm.Send(ctx, 0, 0, broker.Float32s(x))
}

func (r ranks) Recv(ctx context.Context, from int, x []float32) error {
	n, err := r.comm.Recv(ctx, from, 0, broker.Float32s(x))
	if err == nil && n != len(x) {
		err = fmt.Errorf("rank %d sent %d numbers, want %d", from, n, len(x))
	}
	return err
}

func (r ranks) Share(ctx context.Context, data []byte) ([]byte, error) {
	length := make([]byte, 8)
	binary.LittleEndian.PutUint64(length, uint64(len(data)))
	if err := r.comm.Bcast(ctx, 0, broker.Bytes(length)); err != nil {
		return nil, err
	}
	if r.Rank() > 0 {
		data = make([]byte, binary.LittleEndian.Uint64(length))
	}
	return data, r.comm.Bcast(ctx, 0, broker.Bytes(data))
}

// rank runs one rank of an attempt. Where the ranks cannot meet, the attempt is cancelled here: whoever is to blame says so itself.
func (s *slotChild) rank(ctx context.Context, g broker.Granted, job train.Job) (results.End, error) {
	comm, err := s.meet(ctx, g.Gang)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		return results.End{Cause: train.Classify(err), Detail: "it was waiting for the other ranks"}, nil
	}
	if err != nil {
		return results.End{Cause: sweep.CauseCancelled, Detail: err.Error()}, nil
	}
	job.Reducer = NewReducer(comm)
	end, err := train.Run(ctx, job, func(r results.TrialReport) error { return s.send(message{Report: &r}) })
	_ = comm.Close() // what may not have arrived is missed by ranks that end anyway, and say so
	return end, err
}

// meet joins the ranks of a gang.
func (s *slotChild) meet(ctx context.Context, g *broker.Gang) (*broker.Comm, error) {
	address, err := broker.ReadAddress(s.dir)
	if err != nil {
		return nil, err
	}
	return broker.Join(ctx, s.dir, address, broker.Group{Name: g.Group, Rank: g.Rank, Size: g.Size, Binary: s.binary, Spec: s.spec.Digest(), Silence: s.silence})
}

// A seat is what an agent can have once: a rank of a trial, of most trials rank 0.
type seat struct {
	trial sweep.TrialID
	rank  int
}

func seatOf(h sweep.Hold) seat { return seat{h.Trial, h.Rank} }

func (j *job) seat() seat { return seatOf(j.hold()) }

// exited tells the other ranks of a gang that the process of one has ended.
func (a *supervisor) exited(j *job, why string) {
	g := j.granted.Gang
	if g == nil || a.link == nil { // without a link, its silence will tell
		return
	}
	if err := a.link.RankExited(g.Group, g.Rank, "is dead: "+why); err != nil {
		a.o.Log.Debug().Err(err).Msg("the other ranks have not been told")
	}
}

// ganged tells whether a slot has a rank of a gang: nothing else is given to it then.
func (s *slot) ganged() bool {
	for _, j := range s.jobs {
		if j.granted.Gang != nil {
			return true
		}
	}
	return false
}

// nextJob is the place among those that wait of the job that comes next, and a slot for it: ranks of gangs come first, for others wait for them, and only where nothing is before
// or behind them; nil: there is none now.
func (a *supervisor) nextJob(s func() *slot) (int, *slot) {
	for i, j := range a.waiting {
		if j.granted.Gang != nil {
			return i, a.idle()
		}
	}
	if best := s(); best != nil && len(best.jobs) < a.depth() {
		return 0, best
	}
	return 0, nil
}

// idle is a slot without jobs, a new one where there may be one more; nil: there is none.
func (a *supervisor) idle() *slot {
	for _, s := range a.slots {
		if !s.killed && len(s.jobs) == 0 {
			return s
		}
	}
	if len(a.slots) < a.o.Slots {
		return a.newSlot()
	}
	return nil
}
