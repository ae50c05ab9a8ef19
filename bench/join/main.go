package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// What is held to with -hold.
const (
	mostCluster = 2 * time.Second
	mostLocal   = 5 * time.Second
)

// patience is how long one repeat may take: what does not begin by then never will.
const patience = 2 * time.Minute

func main() {
	sweep := flag.String("sweep", "bin/sweep", "the program under test")
	agents := flag.Int("agents", 64, "agents that join at once on this machine")
	repeats := flag.Int("repeats", 5, "how often each is measured")
	hold := flag.Bool("hold", false, "exit 1 where a repeat takes more than it may")
	optional := flag.Bool("optional", false, "where no SLURM cluster can be started, say so and leave it out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, *sweep, *agents, *repeats, *hold, *optional); err != nil {
		fmt.Fprintln(os.Stderr, "join:", err)
		os.Exit(1)
	}
}

// measure prints the table and judges it.
func measure(ctx context.Context, program string, agents, repeats int, hold, optional bool) error {
	if agents < 1 || repeats < 1 {
		return fmt.Errorf("-agents %d -repeats %d: want 1 or more of each", agents, repeats)
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("the program under test: %w; make build makes it", err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "seconds\tmin\tmedian\tmax\tat most\t")
	cluster, err := repeat(repeats, onCluster(ctx, program))
	switch {
	case err == nil:
		row(w, "on SLURM, from the batch script's first line to the first trial", cluster, mostCluster)
	case optional && errors.Is(err, errNoCluster):
		fmt.Println(err)
	default:
		return err
	}
	local, err := repeat(repeats, onMachine(ctx, program, agents))
	if err != nil {
		return err
	}
	row(w, fmt.Sprintf("on this machine, from sweep run to the last of %d agents' first trials", agents), local, mostLocal)
	if err := w.Flush(); err != nil {
		return err
	}
	if !hold {
		return nil
	}
	return errors.Join(judge("on SLURM", cluster, mostCluster), judge("on this machine", local, mostLocal))
}

// repeat measures so many times.
func repeat(times int, once func(dir string) (time.Duration, error)) (took []time.Duration, err error) {
	for range times {
		dir, err := os.MkdirTemp("", "bench-join-")
		if err != nil {
			return nil, err
		}
		d, err := once(dir)
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}

func row(w *tabwriter.Writer, name string, took []time.Duration, most time.Duration) {
	sorted := slices.Sorted(slices.Values(took))
	fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.0f\t\n", name, sorted[0].Seconds(), sorted[(len(sorted)-1)/2].Seconds(), sorted[len(sorted)-1].Seconds(), most.Seconds())
}

// judge is an error where the slowest repeat took too long.
func judge(where string, took []time.Duration, most time.Duration) error {
	if len(took) == 0 || slices.Max(took) <= most {
		return nil
	}
	return fmt.Errorf("%s a first trial has begun %.2f s after the start, more than %v", where, slices.Max(took).Seconds(), most)
}

// written reads a moment that a program wrote with date +%s.%N; false while it has not.
func written(name string) (time.Time, bool) {
	text, err := os.ReadFile(name)
	if err != nil {
		return time.Time{}, false
	}
	seconds, nanoseconds, _ := strings.Cut(strings.TrimSpace(string(text)), ".")
	s, err1 := strconv.ParseInt(seconds, 10, 64)
	ns, err2 := strconv.ParseInt(nanoseconds, 10, 64)
	return time.Unix(s, ns), err1 == nil && err2 == nil
}

// begun are the moments at which trials of a sweep have begun.
func begun(sweep string) (moments []time.Time, err error) {
	names, err := filepath.Glob(filepath.Join(sweep, "work", "*", "started"))
	for _, name := range names {
		if at, ok := written(name); ok {
			moments = append(moments, at)
		}
	}
	return moments, err
}
