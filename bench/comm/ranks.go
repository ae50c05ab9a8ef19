package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"neurosweep/broker"
)

// play is a rank of ours: it makes the calls that its arguments name, as mpi/peer.c does.
func play(ctx context.Context, out io.Writer, c *broker.Comm, plan []measurement) error {
	for _, m := range plan {
		times, err := m.run(ctx, c)
		if err != nil {
			return err
		}
		slices.Sort(times)
		if c.Rank() == 0 {
			fmt.Fprintf(out, "%s %d %.3f %.3f\n", m.call, m.bytes, times[0], times[len(times)/2])
		}
	}
	return nil
}

// A measurement is one kind of call.
type measurement struct {
	call    string
	bytes   int
	repeats int
}

func (m measurement) arguments() []string {
	return []string{m.call, strconv.Itoa(m.bytes), strconv.Itoa(m.repeats)}
}

// parsePlan reads what arguments wrote.
func parsePlan(words []string) (plan []measurement, err error) {
	for i := 0; i+2 < len(words); i += 3 {
		m := measurement{call: words[i]}
		if m.bytes, err = strconv.Atoi(words[i+1]); err != nil {
			return nil, err
		}
		if m.repeats, err = strconv.Atoi(words[i+2]); err != nil {
			return nil, err
		}
		plan = append(plan, m)
	}
	return plan, nil
}

// run returns the microseconds of each call.
func (m measurement) run(ctx context.Context, c *broker.Comm) (times []float64, err error) {
	x := make([]float32, m.bytes/4)
	for k := -2; k < m.repeats; k++ {
		if err := c.Barrier(ctx); err != nil {
			return nil, err
		}
		start := time.Now()
		if err := m.once(ctx, c, x); err != nil {
			return nil, err
		}
		us := time.Since(start).Seconds() * 1e6
		if m.call == "Send" {
			us /= 2
		}
		if k >= 0 {
			times = append(times, us)
		}
	}
	return times, nil
}

func (m measurement) once(ctx context.Context, c *broker.Comm, x []float32) (err error) {
	switch {
	case m.call == "Barrier":
		return c.Barrier(ctx)
	case m.call == "Allreduce":
		return c.Allreduce(ctx, broker.Sum, broker.Float32s(x))
	case c.Rank() == 0:
		if err = c.Send(ctx, 1, 0, broker.Float32s(x)); err == nil {
			_, err = c.Recv(ctx, 1, 0, broker.Float32s(x))
		}
	case c.Rank() == 1:
		if _, err = c.Recv(ctx, 0, 0, broker.Float32s(x)); err == nil {
			err = c.Send(ctx, 0, 0, broker.Float32s(x))
		}
	}
	return err
}
