package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/agent"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

func newLogs(a *app) *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use:   "logs TRIAL [DIR]",
		Short: "Print what a trial has logged, attempt by attempt",
		Long: `logs prints what all attempts at a trial have logged, with the agent and the time. TRIAL is its key or any unique beginning of it.
With -f it goes on until the trial has ended, wherever it runs.`,
		Example: "  sweep logs 3fa9 runs/lr-scan\n  sweep logs -f 3fa9",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args[1:])
			if err != nil {
				return err
			}
			trial, err := findTrial(dir, args[0])
			if err != nil {
				return err
			}
			lines := agent.FollowTrialLog(dir, trial)
			if follow {
				return a.tailLog(c.Context(), dir, trial, lines)
			}
			printed, err := a.printLines(lines)
			if err == nil && printed == 0 {
				fmt.Fprintf(a.stderr, "trial %s has logged nothing yet\n", trial)
			}
			return err
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the trial has ended")
	return c
}

// printLines prints what is new.
func (a *app) printLines(lines *agent.LogFollower) (printed int, err error) {
	found, err := lines.Next()
	for _, line := range found {
		fmt.Fprintf(a.stdout, "%s attempt %d %s  %s\n", line.Time.UTC().Format("2006-01-02T15:04:05.000Z"), line.Attempt, line.Agent, line.Text)
	}
	return len(found), err
}

// tailLog prints lines as they come, until the trial has ended.
func (a *app) tailLog(ctx context.Context, dir string, trial sweep.TrialID, lines *agent.LogFollower) error {
	ctx, release := interruptible(ctx)
	defer release()
	ticks := time.NewTicker(watching)
	defer ticks.Stop()
	for {
		d, err := openDataset(dir)
		if err != nil {
			return err
		}
		ended := slices.ContainsFunc(d.Trials(), func(t results.TrialRow) bool { return t.Trial == string(trial) })
		if _, err := a.printLines(lines); err != nil || ended {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// findTrial is the planned trial whose key begins with the prefix.
func findTrial(dir, prefix string) (sweep.TrialID, error) {
	plan, err := planOf(dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, t := range plan {
		if strings.HasPrefix(string(t.ID), strings.ToLower(prefix)) {
			found = append(found, string(t.ID))
		}
	}
	switch len(found) {
	case 0:
		return "", usage("%s: no trial's key begins so; sweep best --by trial lists the trials that have a value, sweep plan all", prefix)
	case 1:
		return sweep.TrialID(found[0]), nil
	}
	slices.Sort(found)
	return "", usage("%s: the keys of %d trials begin so, %s and %s among them; give more of it", prefix, len(found), found[0], found[1])
}

// planOf lists the trials planned so far, drawn ones included.
func planOf(dir string) ([]sweep.Trial, error) {
	d, err := openDataset(dir)
	if err != nil {
		return nil, err
	}
	return d.Plan(), nil
}

// openDataset opens the results of the sweep in dir; what cannot be read because of its version is the user's to solve.
func openDataset(dir string) (*results.Dataset, error) {
	d, err := results.Open(dir, train.Catalog())
	return d, datasetError(err)
}
