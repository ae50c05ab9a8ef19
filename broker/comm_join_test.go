package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"neurosweep/slurm"
)

func TestRanksThatDoNotAgreeAreRefused(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	for name, c := range map[string]struct {
		change func(rank int, g *Group)
		want   []string
	}{
		"binary": {func(r int, g *Group) {
			if r == 2 {
				g.Binary = "other"
			}
		}, []string{"rank 2 (host ", "runs binary other", "rank 0 (host ", "binary same"}},
		"spec": {func(r int, g *Group) {
			if r == 1 {
				g.Spec = "other"
			}
		}, []string{"rank 1 (host ", "has spec other", "spec same"}},
		"count": {func(r int, g *Group) {
			if r == 0 {
				g.Size = 4
			}
		}, []string{"rank 1 (host ", "as one of 3 ranks", "as one of 4"}},
		"more": {func(r int, g *Group) {
			if r == 2 {
				g.Size, g.Rank = 9, 7
			}
		}, []string{"rank 7 (host ", "as one of 9 ranks", "as one of 3"}},
		"twice": {func(r int, g *Group) {
			if r == 2 {
				g.Rank = 1
			}
		}, []string{"are both rank 1"}},
		"zero": {func(r int, g *Group) {
			if r == 2 {
				g.Rank = 0
			}
		}, []string{"are both rank 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, errs := tryJoin(t, dir, Group{Name: "refused-" + name, Size: 3, Binary: "same", Spec: "same", Silence: endless}, c.change)
			for r, err := range errs {
				for _, want := range c.want {
					if !strings.Contains(fmt.Sprint(err), want) {
						t.Errorf("rank %d: %v; want %q in it", r, err, want)
					}
				}
			}
		})
	}
}

func TestRanksThatDoNotComeAreNamed(t *testing.T) {
	dir := folder(t)
	_, _, a := start(t, dir, 1)
	errs := make([]error, 4)
	each(4, func(r int) {
		if r == 2 {
			return
		}
		wait := patience
		if r == 0 {
			wait = 500 * time.Millisecond
		}
		_, errs[r] = Join(context.Background(), dir, a, Group{Name: "late", Rank: r, Size: 4, Silence: endless, Patience: wait})
	})
	for _, r := range []int{0, 1, 3} {
		if !strings.Contains(fmt.Sprint(errs[r]), "these ranks did not come: 2") {
			t.Errorf("rank %d: %v", r, errs[r])
		}
	}
	_, err := Join(context.Background(), dir, a, Group{Name: "late", Rank: 1, Size: 2, Patience: time.Millisecond})
	if !strings.Contains(fmt.Sprint(err), "rank 0 did not answer") {
		t.Errorf("without rank 0: %v", err)
	}
	for _, g := range []Group{{Name: "a.b", Size: 1}, {Size: 1}, {Name: "a"}, {Name: "a", Size: 2, Rank: 2}, {Name: "a", Size: 2, Rank: -1}, {Name: "a", Size: 1, Silence: 1}} {
		if _, err := Join(context.Background(), dir, a, g); err == nil {
			t.Errorf("%+v was accepted", g)
		}
	}
}

func TestGroupOfASLURMStep(t *testing.T) {
	text := map[string]string{
		"SLURM_JOB_ID": "17", "SLURM_STEP_ID": "2", "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "16", "SLURM_NTASKS": "16", "SLURM_RESTART_COUNT": "1",
		"SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "8(x2)",
	}
	e, ok, err := slurm.Discover(func(name string) (string, bool) { v, ok := text[name]; return v, ok })
	if !ok || err != nil {
		t.Fatal(err)
	}
	g, err := GroupOf(e).check()
	if g.Name != "job-17-step-2-start-1" || g.Rank != 3 || g.Size != 16 || err != nil {
		t.Errorf("%+v, %v", g, err)
	}
}

// Who comes to a group that is complete is sent away, and the group does not notice.
func TestStrangersCannotJoin(t *testing.T) {
	dir := folder(t)
	_, _, a := start(t, dir, 1)
	comms := join(t, dir, Group{Name: "full", Size: 2, Silence: endless})
	for rank := range 2 {
		_, err := Join(context.Background(), dir, a, Group{Name: "full", Rank: rank, Size: 2, Patience: patience})
		if !strings.Contains(fmt.Sprint(err), "group full is complete") {
			t.Errorf("a second rank %d: %v", rank, err)
		}
	}
	if err := errors.Join(together(comms, func(ctx context.Context, c *Comm) error { return c.Barrier(ctx) })...); err != nil {
		t.Error(err)
	}
}

// Connections that are cut again and again lose nothing: what the broker did not deliver is sent again.
func TestConnectionsAreCut(t *testing.T) {
	dir := folder(t)
	s, _, _ := start(t, dir, 1)
	const size, n, rounds = 4, 300_000, 12
	comms := join(t, dir, Group{Name: "cut", Size: size, Silence: endless})
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		cuts := 0
		for at := uint64(0); ; at++ {
			select {
			case <-stop:
				stopped <- cuts
				return
			case <-time.After(100 * time.Millisecond):
			}
			id, err := comms[at%size].e.nc.GetClientID()
			if err == nil && s.nats.DisconnectClientByID(id) == nil {
				cuts++
			}
		}
	}()
	errs := together(comms, func(ctx context.Context, c *Comm) error {
		for round := range rounds {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(round + i*c.Rank())
			}
			if err := c.Allreduce(ctx, Sum, Float64s(x)); err != nil {
				return err
			}
			for i := range x {
				if want := float64(round*size + i*size*(size-1)/2); x[i] != want {
					return fmt.Errorf("rank %d, round %d: element %d is %v, want %v", c.Rank(), round, i, x[i], want)
				}
			}
		}
		return nil
	})
	close(stop)
	cuts := <-stopped
	errs = append(errs, together(comms, func(ctx context.Context, c *Comm) error { return c.Barrier(ctx) })...)
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if cuts == 0 {
		t.Error("no connection was cut")
	}
	t.Logf("%d connections were cut", cuts)
}

// Without the broker every call ends when silence is over.
func TestBrokerIsGone(t *testing.T) {
	dir := folder(t)
	s, _, _ := start(t, dir, 1)
	comms := join(t, dir, Group{Name: "gone", Size: 3, Silence: time.Second})
	s.Close()
	for r, err := range together(comms, func(ctx context.Context, c *Comm) error { return c.Barrier(ctx) }) {
		if !strings.Contains(fmt.Sprint(err), "no connection to the broker for 1s") {
			t.Errorf("rank %d: %v", r, err)
		}
	}
}
