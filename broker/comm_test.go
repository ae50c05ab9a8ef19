package broker

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// endless is a silence that no test waits for: what is found out in such a group was found out otherwise.
const endless = time.Hour

// join makes a group of ranks in this process.
func join(t *testing.T, dir string, g Group) []*Comm {
	t.Helper()
	comms, errs := tryJoin(t, dir, g, func(int, *Group) {})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return comms
}

// tryJoin lets each rank's group be changed before it joins.
func tryJoin(t *testing.T, dir string, g Group, change func(rank int, g *Group)) ([]*Comm, []error) {
	t.Helper()
	a, err := ReadAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	comms, errs := make([]*Comm, g.Size), make([]error, g.Size)
	each(g.Size, func(r int) {
		mine := g
		mine.Rank = r
		change(r, &mine)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		comms[r], errs[r] = Join(ctx, dir, a, mine)
	})
	t.Cleanup(func() {
		each(g.Size, func(r int) {
			if comms[r] != nil {
				_ = comms[r].Close() // some groups have failed
			}
		})
	})
	return comms, errs
}

// each does something for every rank at once, and waits.
func each(size int, f func(r int)) {
	done := make(chan struct{})
	for r := range size {
		go func() {
			f(r)
			done <- struct{}{}
		}()
	}
	for range size {
		<-done
	}
}

// together makes a call on all ranks and returns their errors.
func together(comms []*Comm, f func(ctx context.Context, c *Comm) error) []error {
	errs := make([]error, len(comms))
	each(len(comms), func(r int) {
		ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
		defer cancel()
		errs[r] = f(ctx, comms[r])
	})
	return errs
}

// allBlame checks that every rank's error names the rank that is to blame.
func allBlame(t *testing.T, errs []error, rank int, why string) {
	t.Helper()
	for r, err := range errs {
		dead := new(RankError)
		if !errors.As(err, &dead) || dead.Rank != rank || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), fmt.Sprintf("rank %d (host ", rank)) {
			t.Errorf("rank %d: %v; want it to blame rank %d: %s", r, err, rank, why)
		}
	}
}

// A call that ends with its context ends the calls of all others.
func TestCancelledCall(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := folder(t)
	s, _, _ := start(t, dir, 1)
	comms := join(t, dir, Group{Name: "cancelled", Size: 5, Silence: endless})
	why := errors.New("enough")
	errs := together(comms, func(ctx context.Context, c *Comm) error {
		switch c.Rank() {
		case 0:
			return nil // never calls
		case 3:
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(why)
			return c.Allreduce(ctx, Sum, Float32s(make([]float32, 10)))
		case 4:
			_, err := c.Recv(ctx, 0, 1, Bytes(nil))
			return err
		}
		return c.Allreduce(ctx, Sum, Float32s(make([]float32, 10)))
	})
	if !errors.Is(errs[3], why) {
		t.Errorf("the rank that gave up: %v", errs[3])
	}
	_, errs[0] = comms[0].Recv(t.Context(), 1, 1, Bytes(nil))
	errs[3] = comms[3].Barrier(t.Context())
	allBlame(t, errs, 3, "left its Allreduce before the end: enough")
	each(5, func(r int) {
		if err := comms[r].Close(); err != nil && r != 3 && !strings.Contains(err.Error(), "may not have arrived") {
			t.Error(err)
		}
	})
	s.Close()
}

// A Recv that ends with its context before anything came has done no harm.
func TestCancelledRecv(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	comms := join(t, dir, Group{Name: "recv", Size: 2, Silence: endless})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := comms[1].Recv(ctx, 0, 7, Bytes(nil)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing came: %v", err)
	}
	if err := comms[0].Send(t.Context(), 1, 7, Bytes([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2)
	if n, err := comms[1].Recv(t.Context(), 0, 7, Bytes(b)); n != 1 || err != nil || b[0] != 'x' {
		t.Errorf("received %d bytes %q, %v", n, b[:n], err)
	}
}

func TestCallsThatDoNotBelongTogether(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	for name, call := range map[string]func(ctx context.Context, c *Comm) error{
		"calls": func(ctx context.Context, c *Comm) error {
			if c.Rank() == 1 {
				return c.Bcast(ctx, 1, Float32s(make([]float32, 3)))
			}
			return c.Allreduce(ctx, Sum, Float32s(make([]float32, 3)))
		},
		"lengths": func(ctx context.Context, c *Comm) error {
			return c.Allreduce(ctx, Sum, Float32s(make([]float32, 3+c.Rank())))
		},
		"operations": func(ctx context.Context, c *Comm) error {
			return c.Allreduce(ctx, Sum+Op(c.Rank()), Float32s(make([]float32, 3)))
		},
		"types": func(ctx context.Context, c *Comm) error {
			b := Float32s(make([]float32, 4))
			if c.Rank() == 1 {
				b = Float64s(make([]float64, 2))
			}
			return c.Allreduce(ctx, Sum, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comms := join(t, dir, Group{Name: "mixed-" + name, Size: 2, Silence: endless})
			errs := together(comms, func(ctx context.Context, c *Comm) error { return errors.Join(call(ctx, c), c.Barrier(ctx)) })
			for r, err := range errs {
				if !strings.Contains(fmt.Sprint(err), "do not belong together") {
					t.Errorf("rank %d: %v", r, err)
				}
			}
		})
	}
}

func TestArgumentsOfCalls(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	comms := join(t, dir, Group{Name: "arguments", Size: 2, Silence: endless})
	c, ctx := comms[0], t.Context()
	three := Float32s(make([]float32, 3))
	_, recv := c.Recv(ctx, 0, 0, three)
	for i, err := range []error{
		c.Send(ctx, 2, 0, three), c.Send(ctx, -1, 0, three), c.Send(ctx, 0, 0, three), c.Send(ctx, 1, -1, three), recv,
		c.Bcast(ctx, 2, three), c.Reduce(ctx, -1, Sum, three, three), c.Reduce(ctx, 0, 0, three, three), c.Reduce(ctx, 0, Sum, Bytes(nil), Bytes(nil)),
		c.Reduce(ctx, 0, Sum, three, Buffer{}), c.Scatter(ctx, 0, three, three), c.Gather(ctx, 0, three, three), c.Allgather(ctx, three, three), c.Allreduce(ctx, 9, three),
	} {
		if err == nil {
			t.Errorf("call %d was accepted", i)
		}
	}
	if err := errors.Join(together(comms, func(ctx context.Context, c *Comm) error { return c.Barrier(ctx) })...); err != nil {
		t.Errorf("after calls that were refused: %v", err)
	}
	if err := comms[1].Send(ctx, 0, 3, three); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Recv(ctx, 1, 3, Float32s(make([]float32, 2))); !strings.Contains(fmt.Sprint(err), "sent 12 bytes") {
		t.Errorf("a message that is too long: %v", err)
	}
	if err := comms[1].Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Recv(ctx, 1, 3, three); !strings.Contains(fmt.Sprint(err), "rank 1") || !strings.Contains(fmt.Sprint(err), "has left") {
		t.Errorf("a message of who has left: %v", err)
	}
	if err := comms[1].Barrier(ctx); !errors.Is(err, errClosed) {
		t.Errorf("a call after Close: %v", err)
	}
}

// A receiver that does not take what it is sent stops the sender, and in the end has got everything in order.
func TestSlowReceiver(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	comms := join(t, dir, Group{Name: "slow", Size: 2, Silence: endless})
	const messages, size = 100, 100_000
	sent := make(chan error, 1)
	go func() {
		for i := range messages {
			b := make([]byte, size)
			b[0], b[size-1] = byte(i), byte(i)
			if err := comms[0].Send(context.Background(), 1, 0, Bytes(b)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	p := comms[0].e.peers[1]
	for blocked := false; !blocked; runtime.Gosched() {
		p.mutex.Lock()
		blocked = p.room != nil && p.sent-p.arrived == 0
		if p.sent-p.consumed > comms[0].e.window {
			t.Fatalf("%d bytes are on their way, the window is %d", p.sent-p.consumed, comms[0].e.window)
		}
		p.mutex.Unlock()
	}
	for i := range messages {
		b := make([]byte, size)
		n, err := comms[1].Recv(t.Context(), 0, 0, Bytes(b))
		if err != nil || n != size || b[0] != byte(i) || b[size-1] != byte(i) {
			t.Fatalf("message %d: %d bytes, number %d, %v", i, n, b[0], err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	comms := join(t, dir, Group{Name: "split", Size: 7, Silence: endless})
	errs := together(comms, func(ctx context.Context, c *Comm) error {
		color := c.Rank() % 3
		if color == 2 {
			color = -5
		}
		for range 2 { // two splits are two communicators
			s, err := c.Split(ctx, color, -c.Rank())
			if err != nil || color < 0 {
				if s != nil {
					return errors.New("a rank without a color got a communicator")
				}
				continue
			}
			ranks := make([]float32, s.Size())
			if err := s.Allgather(ctx, Float32s([]float32{float32(c.Rank())}), Float32s(ranks)); err != nil {
				return err
			}
			if want := [][]float32{{6, 3, 0}, {4, 1}}[color]; !slices.Equal(ranks, want) || ranks[s.Rank()] != float32(c.Rank()) {
				return fmt.Errorf("color %d is ranks %v, want %v", color, ranks, want)
			}
			if err := s.Close(); err != nil {
				return err
			}
		}
		return c.Barrier(ctx)
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	for _, c := range comms {
		if n := len(c.e.queues); n != 0 {
			t.Errorf("rank %d still has %d queues", c.Rank(), n)
		}
	}
}
