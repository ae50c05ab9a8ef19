package broker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"testing"
)

// number is element i of what a rank contributes: of mixed sizes, so that every order of adding has its own bits.
func number(rank, i int) float64 {
	return math.Ldexp(float64(uint32(1+rank*7919+i)*2654435761), (rank*31+i)%40-50)
}

// plain is the reduction by definition: over ranks from to from+n, the left part is the largest power of two.
func plain[F float32 | float64](op Op, i, from, n int) F {
	if n == 1 {
		return F(number(from, i))
	}
	half := 1 << (bits.Len(uint(n-1)) - 1)
	x, y := plain[F](op, i, from, half), plain[F](op, i, from+half, n-half)
	switch op {
	case Min:
		return min(x, y)
	case Max:
		return max(x, y)
	}
	return x + y
}

func input[F float32 | float64](rank, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(number(rank, i))
	}
	return x
}

// tryCollectives makes every call over buffers of many sizes, and compares with plain computations.
func tryCollectives(ctx context.Context, c *Comm) error {
	for _, n := range []int{0, 1, 7, 1000, chunkBytes/8 + 1} {
		if err := errors.Join(tryReductions[float32](ctx, c, Float32s, n), tryReductions[float64](ctx, c, Float64s, n), tryCopies(ctx, c, n), trySends(ctx, c, n)); err != nil {
			return err
		}
	}
	if err := c.Barrier(ctx); err != nil {
		return err
	}
	if c.Size()%3 != 2 { // large ones for 2, 5 and 8 ranks
		return nil
	}
	return tryReduction[float32](ctx, c, Float32s, 1_000_001, Sum) // 4 MB
}

func tryReductions[F float32 | float64](ctx context.Context, c *Comm, of func([]F) Buffer, n int) error {
	for _, op := range []Op{Sum, Min, Max} {
		if n > 1000 && op != Sum {
			continue
		}
		if err := tryReduction(ctx, c, of, n, op); err != nil {
			return fmt.Errorf("%v of %d elements: %w", op, n, err)
		}
	}
	return nil
}

func tryReduction[F float32 | float64](ctx context.Context, c *Comm, of func([]F) Buffer, n int, op Op) error {
	x := input[F](c.Rank(), n)
	if err := c.Allreduce(ctx, op, of(x)); err != nil {
		return err
	}
	step := max(1, n/5000) // elements that are compared
	for i := 0; i < n; i += step {
		if want := plain[F](op, i, 0, c.Size()); x[i] != want {
			return fmt.Errorf("Allreduce: element %d is %v, want %v", i, x[i], want)
		}
	}
	root := n % c.Size()
	send, recv := input[F](c.Rank(), n), []F(nil)
	if c.Rank() == root {
		recv = make([]F, n)
	}
	if err := c.Reduce(ctx, root, op, of(send), of(recv)); err != nil {
		return err
	}
	for i := 0; i < len(recv); i += step {
		if recv[i] != x[i] {
			return fmt.Errorf("Reduce: element %d is %v, Allreduce's %v", i, recv[i], x[i])
		}
	}
	for i := 0; i < n; i += step {
		if send[i] != F(number(c.Rank(), i)) {
			return fmt.Errorf("Reduce changed what it was to read, element %d", i)
		}
	}
	return nil
}

// tryCopies makes the calls that compute nothing.
func tryCopies(ctx context.Context, c *Comm, n int) error {
	size, me := c.Size(), c.Rank()
	root := (n + 1) % size
	all := make([]float32, 0, size*n)
	for r := range size {
		all = append(all, input[float32](r, n)...)
	}
	mine := input[float32](me, n)

	b := input[float32](me, n)
	if err := c.Bcast(ctx, root, Float32s(b)); err != nil {
		return err
	}
	var send, recv []float32
	if me == root {
		send, recv = all, make([]float32, size*n)
	}
	part, every := make([]float32, n), make([]float32, size*n)
	if err := c.Scatter(ctx, root, Float32s(send), Float32s(part)); err != nil {
		return err
	}
	if err := c.Gather(ctx, root, Float32s(mine), Float32s(recv)); err != nil {
		return err
	}
	if err := c.Allgather(ctx, Float32s(mine), Float32s(every)); err != nil {
		return err
	}
	for what, pair := range map[string][2][]float32{
		"Bcast": {b, all[root*n : (root+1)*n]}, "Scatter": {part, mine}, "Gather": {recv, all[:len(recv)]}, "Allgather": {every, all},
	} {
		for i, x := range pair[0] {
			if x != pair[1][i] {
				return fmt.Errorf("%s of %d elements: element %d is %v, want %v", what, n, i, x, pair[1][i])
			}
		}
	}
	return nil
}

// trySends sends around the ring, two tags in the other order than they are received.
func trySends(ctx context.Context, c *Comm, n int) error {
	if c.Size() == 1 {
		return nil
	}
	right, left := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	sent := make(chan error, 1)
	go func() {
		sent <- errors.Join(c.Send(ctx, right, 1, Float64s(input[float64](c.Rank(), n))), c.Send(ctx, right, 2, Bytes([]byte("end"))))
	}()
	end, got := make([]byte, 5), make([]float64, n+3)
	k, err := c.Recv(ctx, left, 2, Bytes(end))
	if err != nil || string(end[:k]) != "end" {
		return fmt.Errorf("tag 2: %q, %w", end[:k], err)
	}
	if k, err = c.Recv(ctx, left, 1, Float64s(got)); err != nil || k != n {
		return fmt.Errorf("tag 1: %d elements of %d, %w", k, n, err)
	}
	for i, x := range got[:n] {
		if x != number(left, i) {
			return fmt.Errorf("tag 1: element %d is %v, want %v", i, x, number(left, i))
		}
	}
	return <-sent
}

func TestCollectives(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	for size := 1; size <= 9; size++ {
		comms := join(t, dir, Group{Name: fmt.Sprint("all-", size), Size: size, Silence: endless})
		for r, err := range together(comms, tryCollectives) {
			if err != nil {
				t.Errorf("rank %d of %d: %v", r, size, err)
			}
		}
		for _, c := range comms {
			if n := len(c.e.queues); n != 0 {
				t.Errorf("rank %d of %d still has %d queues", c.Rank(), size, n)
			}
		}
	}
}
