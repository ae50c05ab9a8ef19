package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"

	"neurosweep/agent"
	"neurosweep/broker"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

// gangSize is how many ranks train the trials that are measured: as many as the machine has cores, on the machines where this is usually run.
const gangSize = 2

// A gangCase is a trial of an example, with a batch that has leaves for every rank.
type gangCase struct {
	name, spec string
	overrides  []string
}

// gangCases are small and large updates. What a trial does beside updates is made small: it is not measured.
var gangCases = []gangCase{
	{"DelayComparison, H64 B32 T100", "examples/delay_comparison.yaml",
		[]string{"model.hidden=64", "train.batch=32", "train.updates=400", "checkpoints.every=400", "evaluate.seq100.batches=1", "evaluate.whole_trial.count=10"}},
	{"GRU-128 3BFF, B64 T500", "examples/three_bit_flip_flop.yaml", []string{"model.hidden=128", "train.batch=64", "train.updates=40", "checkpoints.every=40"}},
	{"GRU-128 3BFF, B800 T500", "examples/three_bit_flip_flop.yaml", []string{"model.hidden=128", "train.batch=800", "train.updates=6", "checkpoints.every=6"}},
}

// job is the example's first trial, in a folder of its own.
func (c gangCase) job(dir string) (job train.Job, err error) {
	text, err := os.ReadFile(c.spec)
	if err != nil {
		return job, fmt.Errorf("%w: run this in the repository's root", err)
	}
	spec, err := sweep.Parse(c.spec, text, c.overrides, train.Catalog())
	if err != nil {
		return job, err
	}
	plan, err := search.Open(spec)
	if err != nil {
		return job, err
	}
	trials, _, err := plan.Next(1)
	if err != nil {
		return job, err
	}
	return train.Job{Spec: spec, Trial: trials[0], Attempt: 1, Dir: dir}, nil
}

// A timedReducer adds up how long the sums of updates take, the wait for the slower rank among it. The first ones, for which programs are compiled and pages are touched, do not count.
type timedReducer struct {
	train.Reducer
	calls      int
	bytes      int
	begin, end time.Time
	summing    time.Duration
}

// warmUp is how many updates do not count.
const warmUp = 2

func (r *timedReducer) Sum(ctx context.Context, x []float64, y []float32) error {
	start := time.Now()
	err := r.Reducer.Sum(ctx, x, y)
	r.end = time.Now()
	if r.calls++; r.calls == warmUp {
		r.begin = r.end
	} else if r.calls > warmUp {
		r.summing += r.end.Sub(start)
	}
	r.bytes = 8*len(x) + 4*len(y)
	return err
}

// playGang is a rank of a gang. Rank 0 prints the bytes of an update's sums, and the milliseconds of an update and of its sums.
func playGang(ctx context.Context, out io.Writer, c *broker.Comm, dir string, number int) error {
	job, err := gangCases[number].job(dir)
	if err != nil {
		return err
	}
	r := &timedReducer{Reducer: agent.NewReducer(c)}
	job.Reducer = r
	end, err := train.Run(ctx, job, func(results.TrialReport) error { return nil })
	if err == nil && end.Cause != sweep.CauseCompleted {
		err = fmt.Errorf("%s: %s: %s", gangCases[number].name, end.Cause, end.Detail)
	}
	if err != nil {
		return err
	}
	if n := float64(r.calls - warmUp); c.Rank() == 0 {
		fmt.Fprintf(out, "%d %.4f %.4f\n", r.bytes, 1e3*r.end.Sub(r.begin).Seconds()/n, 1e3*r.summing.Seconds()/n)
	}
	return nil
}

// measureGangs prints what share of a gang's update is communication, in the round with the fastest update of each case.
func measureGangs(dir string, rounds int) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "trial of %d ranks\tgradients KB\tupdate ms\tof it communication ms\tshare\t\n", gangSize)
	for number, c := range gangCases {
		var size int
		var update, sums float64
		for round := range rounds {
			out, err := startGang(dir, number, round)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			var u, s float64
			if _, err := fmt.Sscan(string(out), &size, &u, &s); err != nil {
				return fmt.Errorf("%s: rank 0 printed %q: %w", c.name, out, err)
			}
			if update == 0 || u < update {
				update, sums = u, s
			}
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.0f %%\t\n", c.name, float64(size)/1e3, update, sums, 100*sums/update)
	}
	return w.Flush()
}

// startGang runs a trial once, and returns what rank 0 printed.
func startGang(dir string, number, round int) ([]byte, error) {
	name := fmt.Sprintf("gang%d-%d", number, round)
	return startTogether(gangSize, func(rank int) *exec.Cmd {
		return exec.Command(os.Args[0], "-gang", fmt.Sprint(number), "-rank", fmt.Sprintf("%s,%s,%d,%d", dir, name, rank, gangSize))
	})
}

// startTogether runs one process a rank, and returns what rank 0 printed.
func startTogether(size int, command func(rank int) *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	var commands []*exec.Cmd
	var errs []error
	for r := range size {
		c := command(r)
		c.Stderr = os.Stderr
		if r == 0 {
			c.Stdout = &out
		}
		if err := c.Start(); err != nil {
			errs = append(errs, err)
			break
		}
		commands = append(commands, c)
	}
	incomplete := len(commands) < size
	for _, c := range commands {
		if incomplete {
			_ = c.Process.Kill()
		}
		errs = append(errs, c.Wait())
	}
	return out.Bytes(), errors.Join(errs...)
}
