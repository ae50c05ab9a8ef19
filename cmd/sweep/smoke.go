package main

import (
	"fmt"
	"os"
	"slices"
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
			if spec.External() {
				return usage("smoke %s: an external program decides itself how many updates it makes; write a spec with a smaller number of them, and run that", args[0])
			}
			if _, err := openPlan(spec); err != nil { // the whole of it, before a part
				return err
			}
			if spec, err = parseSpec(args[0], smokeArguments(spec, args[1:])); err != nil {
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

// smokeArguments are the user's arguments and those that make the sweep small: one seed, few updates, no target, and as many cells as before.
func smokeArguments(spec *sweep.Spec, args []string) []string {
	small := [][2]string{{"seeds", fmt.Sprintf("[%d]", spec.Seeds[0])}}
	set := func(key string, value any) { small = append(small, [2]string{key, fmt.Sprint(value)}) }
	if spec.DataSeed != nil {
		set("seeds.data", *spec.DataSeed)
	}
	if spec.Trains() {
		set("train.updates", max(spec.Updates()/smokePart, 1))
		if every := spec.Checkpoints.Every; every > 0 {
			set("checkpoints.every", max(every/smokePart, 1))
		}
	}
	cells := spec.RunCap / len(spec.Seeds)
	if spec.Method == "random" && (cells == 0 || cells > smokeCells) {
		cells = smokeCells
	}
	if cells > 0 {
		set("run_cap", cells)
	}
	if spec.Metric != nil && spec.Metric.Target != nil {
		set("metric.target", "null")
	}
	var all []string
	for _, arg := range args {
		key, _, _ := strings.Cut(arg, "=")
		if !slices.ContainsFunc(small, func(s [2]string) bool { return s[0] == strings.TrimSpace(key) }) {
			all = append(all, arg)
		}
	}
	for _, s := range small {
		all = append(all, s[0]+"="+s[1])
	}
	return all
}

// smoke runs the small sweep and says what came of it.
func (a *app) smoke(c *cobra.Command, dir string, spec *sweep.Spec, flags runFlags) error {
	ctx, release := interruptible(c.Context())
	defer release()
	flags.team = nil // it is one process's work
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
