package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"neurosweep/results"
	"neurosweep/sweep"
)

// Smoke runs this part of the updates, and of a random sweep so many cells.
const (
	smokePart  = 30
	smokeCells = 10
)

func newSmoke(a *app) *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "smoke " + specArguments,
		Short: "Run every cell through every phase at a thirtieth of its updates, in a folder that is thrown away",
		Long: `smoke trains every cell with its first seed for a thirtieth of the updates, with as many checkpoints as the sweep itself would
make where that is possible, evaluates them on every condition, and throws the results away. Of a random sweep it runs the first 10 cells.`,
		Example: "  sweep smoke sweep.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := flags.check(c); err != nil {
				return err
			}
			spec, err := a.readSpec(args[0], args[1:])
			if err != nil {
				return err
			}
			if err := runnable(spec); err != nil {
				return err
			}
			spec, err = a.readSpec(args[0], smokeArguments(spec, args[1:]))
			if err != nil {
				return err
			}
			plan, err := openPlan(spec)
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "sweep-smoke-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if dir, err = prepareFolder(dir, spec, plan); err != nil {
				return err
			}
			return a.smoke(c, dir, spec, flags)
		},
	}
	flags.add(c)
	return c
}

// smokeArguments are the user's arguments and those that make the sweep small.
func smokeArguments(spec *sweep.Spec, args []string) []string {
	small := map[string]string{"seeds": fmt.Sprintf("[%d]", spec.Seeds[0])}
	if spec.Trains() {
		small["train.updates"] = fmt.Sprint(max(spec.Updates()/smokePart, 1))
		small["checkpoints.every"] = fmt.Sprint(max(spec.Checkpoints.Every/smokePart, 1))
	}
	if spec.Method == "random" {
		small["run_cap"] = fmt.Sprint(smokeCells)
	}
	var all []string
	for _, arg := range args {
		key, _, _ := strings.Cut(arg, "=")
		if _, replaced := small[key]; !replaced {
			all = append(all, arg)
		}
	}
	for _, key := range []string{"seeds", "train.updates", "checkpoints.every", "run_cap"} {
		if value, ok := small[key]; ok {
			all = append(all, key+"="+value)
		}
	}
	return all
}

// smoke runs the small sweep and says what came of it.
func (a *app) smoke(c *cobra.Command, dir string, spec *sweep.Spec, flags runFlags) error {
	ctx, release := interruptible(c.Context())
	defer release()
	summary, err := a.control(ctx, dir, spec, flags)
	if err != nil {
		return err
	}
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, fmt.Errorf("interrupted after %d of %d trials", summary.Ended, summary.Trials)}
	}
	if summary.Failed == 0 {
		fmt.Fprintf(a.stdout, "smoke: %d trials went through training, evaluation and checkpoints\n", summary.Ended)
		return nil
	}
	if err := a.printFailures(d); err != nil {
		return err
	}
	return &exitError{exitFailed, fmt.Errorf("smoke: %d of %d trials failed", summary.Failed, summary.Ended)}
}

// printFailures says of every failed trial how its last attempt ended.
func (a *app) printFailures(d *results.Dataset) error {
	last := map[string]string{}
	for e, err := range d.Events() {
		if err != nil {
			return err
		}
		if e.Trial != "" && e.Detail != "" {
			last[e.Trial] = e.Detail
		}
	}
	for _, t := range d.Trials() {
		if t.Outcome == string(sweep.OutcomeFailed) {
			fmt.Fprintf(a.stderr, "trial %s %s: %s\n", t.Trial[:8], t.Params, last[t.Trial])
		}
	}
	return nil
}
