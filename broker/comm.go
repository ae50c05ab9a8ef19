package broker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"sync/atomic"
	"time"

	"neurosweep/slurm"
)

// A Group is what the ranks that talk to one another agree on, and which of them this process is.
type Group struct {
	Name   string // the same for all, and never used before in this sweep: letters, digits, "-" and "_"
	Rank   int    // 0 … Size-1
	Size   int    // number of ranks
	Binary string // digest of the program; all must be the same
	Spec   string // digest of what it works on; all must be the same

	Silence  time.Duration // a rank of which nothing is heard for so long is dead; 0: 15 s. The same for all
	Patience time.Duration // how long the ranks may take to come together; 0: 2 min
}

// What a Group's zero durations mean.
const (
	defaultSilence  = 15 * time.Second
	defaultPatience = 2 * time.Minute
	leastSilence    = 100 * time.Millisecond
)

// GroupOf is the group of a SLURM step's processes, with their ranks: what is named differs from step to step, and when a job is requeued. Digests are left to the caller.
func GroupOf(e slurm.Environment) Group {
	return Group{Name: fmt.Sprintf("job-%d-step-%s-start-%d", e.JobID, cmp.Or(e.Step, "batch"), e.Restarts), Rank: e.Rank, Size: max(e.Size, 1)}
}

var token = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// check fills in what is left out.
func (g Group) check() (Group, error) {
	if g.Silence == 0 {
		g.Silence = defaultSilence
	}
	if g.Patience == 0 {
		g.Patience = defaultPatience
	}
	switch {
	case !token.MatchString(g.Name):
		return g, fmt.Errorf("the name of a group is %q: it must be letters, digits, - and _", g.Name)
	case g.Size < 1 || g.Size > 1<<20:
		return g, fmt.Errorf("group %s has %d ranks: it must be 1 to %d", g.Name, g.Size, 1<<20)
	case g.Rank < 0 || g.Rank >= g.Size:
		return g, fmt.Errorf("group %s has no rank %d: its %d ranks are 0 to %d", g.Name, g.Rank, g.Size, g.Size-1)
	case g.Silence < leastSilence || g.Patience < 0:
		return g, fmt.Errorf("group %s: silence is %v, at least %v; patience is %v, at least 0", g.Name, g.Silence, leastSilence, g.Patience)
	}
	return g, nil
}

// A Comm is a communicator: ranks that send one another messages and make collective calls together, as in MPI (MPI: A Message-Passing Interface
// Standard, version 4.1, chapters 3 and 6). Join makes the first one, Split smaller ones.
//
// Collective calls (all but Rank, Size, Send and Recv) must be made by all ranks, in the same order, one at a time on each Comm. Calls that do not belong together are an error, not a mixture of
// data. Send and Recv may be called at any time, by any goroutine. Every call ends with its context.
//
// When a rank dies, every call of every rank that is waiting or comes later returns a *RankError. There is no way back: the ranks that are left Close, and may Join
// as another group. The same happens when a rank leaves a collective call before its end, because its context ended or its buffer did not fit the others'.
type Comm struct {
	e      *endpoint
	id     uint64
	ranks  []int // in the world, by rank here
	rank   int
	calls  uint64 // collective calls so far
	inCall atomic.Bool
	split  bool
}

// Rank is this process's number, 0 … Size()-1.
func (c *Comm) Rank() int { return c.rank }

// Size is the number of ranks.
func (c *Comm) Size() int { return len(c.ranks) }

// Join meets the other ranks of a group at the broker of the sweep in dir, which is at an address, and returns when all are there and agree. Where they do not, every rank is
// told who differs. Close it.
func Join(ctx context.Context, dir string, a Address, g Group) (*Comm, error) {
	g, err := g.check()
	if err != nil {
		return nil, err
	}
	u, err := a.agent(dir)
	if err != nil {
		return nil, err
	}
	e, err := newEndpoint(a, u, g)
	if err != nil {
		return nil, fmt.Errorf("join group %s as rank %d of %d: %w", g.Name, g.Rank, g.Size, err)
	}
	if err := e.meet(ctx); err != nil {
		e.end()
		return nil, fmt.Errorf("join group %s as rank %d of %d: %w", g.Name, g.Rank, g.Size, err)
	}
	c := &Comm{e: e, rank: g.Rank, ranks: make([]int, g.Size)}
	for i := range c.ranks {
		c.ranks[i] = i
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.done.Go(func() { e.watch(watch) })
	return c, nil
}

// errClosed is what calls after Close get.
var errClosed = errors.New("the Comm is closed")

// Close leaves the group, once everything that was sent has arrived; the others need not have taken it. Calls of others that wait for more get a *RankError. It returns an error if something may not
// have arrived. It closes the communicators that were split from this one; to Close one of those does nothing.
func (c *Comm) Close() error {
	if c.split {
		return nil
	}
	return c.e.close()
}

// undefined is a rank that takes no part in a split.
const undefined = -1

// Split makes a communicator of all ranks that give the same color, ordered by key, and where keys are equal by rank here. Who gives a negative color takes part in the call, and gets nil.
// It shares the connection, the heartbeats and the fate of this one.
func (c *Comm) Split(ctx context.Context, color, key int) (*Comm, error) {
	mine := []byte(nil)
	mine = binary.LittleEndian.AppendUint64(mine, uint64(int64(max(color, undefined))))
	mine = binary.LittleEndian.AppendUint64(mine, uint64(int64(key)))
	all := make([]byte, len(mine)*c.Size())
	number := c.calls
	if err := c.allgather(ctx, callSplit, Bytes(mine), Bytes(all)); err != nil {
		return nil, err
	}
	if color < 0 {
		return nil, nil
	}
	type member struct{ rank, key int }
	var members []member
	for r := range c.Size() {
		at := all[16*r:]
		if int(int64(binary.LittleEndian.Uint64(at))) == color {
			members = append(members, member{r, int(int64(binary.LittleEndian.Uint64(at[8:])))})
		}
	}
	sort.SliceStable(members, func(i, j int) bool { return members[i].key < members[j].key })
	s := &Comm{e: c.e, split: true, id: splitID(c.id, number, color)}
	for i, m := range members {
		s.ranks = append(s.ranks, c.ranks[m.rank])
		if m.rank == c.rank {
			s.rank = i
		}
	}
	return s, nil
}

// splitID is the id of a new communicator: the same on all its ranks, and for practical purposes another one than any other's.
func splitID(parent, number uint64, color int) uint64 {
	text := fmt.Sprintf("%d %d %d", parent, number, color)
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:]) | 1 // that of the world is 0
}
