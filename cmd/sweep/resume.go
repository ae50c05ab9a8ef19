package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep/controller"
)

func newResume(a *app) *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "resume [DIR]",
		Short: "Go on with a sweep that was interrupted, stopped or killed; watch it where it still runs",
		Long: `resume goes on where a sweep is: committed results stay, half-trained trials continue from their last saved state.
Where a controller still runs the sweep, resume watches it until it ends; with --takeover it asks that controller to step down and takes its place.`,
		Example: "  sweep resume runs/lr-scan\n  sweep resume runs/lr-scan --takeover",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if err := flags.check(c); err != nil {
				return err
			}
			if t := flags.team; t != nil && t.Rank > 0 {
				spec, err := frozenSpec(dir)
				if err != nil {
					return err
				}
				return a.follow(c.Context(), t, dir, spec, flags)
			}
			holder, live, err := controller.LiveHolder(dir)
			if err != nil {
				return err
			}
			if live && !flags.takeover {
				fmt.Fprintf(a.stderr, "the sweep is run by %s; watching it (resume --takeover would take its place)\n", holder)
				return a.watch(c.Context(), dir)
			}
			if err := reopen(dir); err != nil {
				return err
			}
			return a.conduct(c.Context(), dir, flags)
		},
	}
	flags.add(c)
	flags.addAccept(c)
	c.Flags().BoolVar(&flags.takeover, "takeover", false, "ask a live controller to step down, and take its place")
	c.Flags().BoolVar(&a.json, "json", false, "print the sweep's status as JSON at the end, instead of a table")
	return c
}

// reopen says to agents that find a stopped sweep that it goes on: they would leave.
func reopen(dir string) error {
	d, err := openDataset(dir)
	if err != nil || d.SweepState() != controller.StateStopped {
		return err
	}
	return controller.Submit(dir, controller.Request{Want: controller.WantResume})
}

// watching is how often a viewer looks.
const watching = time.Second

// watch shows the progress of a sweep that another process controls, until it has ended or has no controller any more.
func (a *app) watch(ctx context.Context, dir string) error {
	ctx, release := interruptible(ctx)
	defer release()
	ticks := time.NewTicker(watching)
	defer ticks.Stop()
	last := -1
	for {
		_, live, err := controller.LiveHolder(dir)
		if err != nil {
			return err
		}
		d, err := results.Open(dir, train.Catalog())
		if err != nil {
			return err
		}
		s, err := results.Summarize(d)
		if err != nil {
			return err
		}
		if s.Ended != last {
			fmt.Fprintln(a.stderr, statusLine(s))
			last = s.Ended
		}
		if !live {
			return a.conclude(dir, controller.Summary{State: s.State, Trials: s.Ended + s.Running + s.Waiting, Ended: s.Ended, Failed: s.Failed})
		}
		select {
		case <-ctx.Done():
			return &exitError{exitInterrupted, fmt.Errorf("no longer watching; the sweep goes on")}
		case <-ticks.C:
		}
	}
}
