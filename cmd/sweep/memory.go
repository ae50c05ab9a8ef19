package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"neurosweep/slurm"
)

// outOfMemory tells a controller which of some jobs SLURM has ended for lack of memory. A job that has not ended yet, though its agent is dead, is waited for.
func outOfMemory(client *slurm.Client) func(context.Context, []string) (map[string]bool, error) {
	return func(ctx context.Context, jobs []string) (map[string]bool, error) {
		starved := map[string]bool{}
		for again := 1; ; again++ {
			ends, err := endsOf(ctx, client, jobs)
			if err != nil {
				if errors.Is(err, slurm.ErrNotInstalled) {
					err = nil
				}
				return starved, err
			}
			running := false
			for _, e := range ends {
				starved[e.Task.String()] = e.OutOfMemory && !e.State.Waiting()
				running = running || e.State.Running() && !e.OutOfMemory
			}
			if !running || again == maxAsked {
				return starved, nil
			}
			pause(ctx, askAgainAfter)
		}
	}
}

// How often jobs are asked for that have not ended.
const (
	maxAsked      = 5
	askAgainAfter = time.Second
)

// endsOf asks how some jobs have ended, of those that their array has.
func endsOf(ctx context.Context, client *slurm.Client, jobs []string) ([]slurm.JobEnd, error) {
	wanted := map[slurm.Task]bool{}
	var ids []int64
	for _, name := range jobs {
		tasks, err := slurm.ParseTasks(name)
		if err != nil {
			return nil, err
		}
		wanted[tasks[0]] = true
		if !slices.Contains(ids, tasks[0].Job) {
			ids = append(ids, tasks[0].Job)
		}
	}
	all, err := client.Ends(ctx, ids...)
	var ends []slurm.JobEnd
	for _, e := range all {
		if wanted[e.Task] {
			ends = append(ends, e)
		}
	}
	return ends, err
}
