package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep/controller"
)

// resumeFlags say how a sweep goes on.
type resumeFlags struct {
	submitFlags
	local, submit, takeover bool
}

func newResume(a *app) *cobra.Command {
	var flags resumeFlags
	c := &cobra.Command{
		Use:   "resume [DIR]",
		Short: "Go on with a sweep that was interrupted, stopped or killed; watch it where it still runs",
		Long: `resume goes on where a sweep is: committed results stay, half-trained trials continue from their last saved state.
It goes on as the sweep was started, --local or --submit change that. Of a submitted sweep it counts the agents that still wait or run, submits those
that are missing (flags change what is asked of SLURM from now on), sees to a controller, and returns at once.
On this machine, where a controller still runs the sweep, it watches that until it ends; with --takeover it asks it to step down and takes its place.`,
		Example: "  sweep resume runs/lr-scan\n  sweep resume --submit --agents 8 --time 4:00:00\n  sweep resume runs/lr-scan --takeover",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			s, err := readSubmission(dir)
			if err != nil {
				return err
			}
			if flags.submit || s != nil && !flags.local {
				return a.resumeOnCluster(c, dir, s, &flags)
			}
			return a.resumeHere(c, dir, s, &flags)
		},
	}
	c.Flags().IntVar(&flags.agents, "agents", 0, "so many agents: on this machine of one slot each (default: one agent with a slot a core); on a cluster in all")
	flags.add(c)
	c.Flags().BoolVar(&flags.local, "local", false, "go on with agents on this machine")
	c.Flags().BoolVar(&flags.submit, "submit", false, "go on with agents on the cluster")
	c.MarkFlagsMutuallyExclusive("local", "submit")
	c.Flags().BoolVar(&flags.accept, "accept-binary", false, "go on with a sweep that another binary has run so far; an event says so")
	c.Flags().BoolVar(&flags.takeover, "takeover", false, "on this machine: ask a live controller to step down, and take its place")
	c.Flags().BoolVar(&a.json, "json", false, "print the sweep's status as JSON at the end, instead of a table; of a submission what was submitted")
	return c
}

// resumeHere goes on with agents on this machine.
func (a *app) resumeHere(c *cobra.Command, dir string, s *submission, flags *resumeFlags) error {
	local := runFlags{agents: flags.agents, nats: flags.hosting.nats, still: flags.hosting.still, takeover: flags.takeover, accept: flags.accept}
	if err := local.check(c); err != nil {
		return err
	}
	if s != nil {
		client := &slurm.Client{}
		if alive, err := living(c.Context(), client, s.Jobs); err != nil {
			fmt.Fprintln(a.stderr, err)
		} else if len(alive) > 0 {
			return usage("%s: %d agents of this sweep wait or run on the cluster: sweep stop ends them first; without --local, resume goes on there", dir, len(alive))
		}
	}
	holder, live, err := controller.LiveHolder(dir)
	if err != nil {
		return err
	}
	if live && !flags.takeover {
		fmt.Fprintf(a.stderr, "the sweep is run by %s; watching it (resume --takeover would take its place)\n", holder)
		return a.watch(c.Context(), dir)
	}
	return a.conduct(c.Context(), dir, local)
}

// resumeOnCluster submits the agents that are missing.
func (a *app) resumeOnCluster(c *cobra.Command, dir string, s *submission, flags *resumeFlags) error {
	if flags.takeover {
		return usage("sweep resume --takeover: it is for a sweep on this machine; give --local too")
	}
	if err := flags.check(c); err != nil {
		return err
	}
	if done, err := a.ended(dir); done || err != nil {
		return err
	}
	release, err := lockSubmission(dir)
	if err != nil {
		return err
	}
	defer release()
	there := 0
	if s == nil {
		if err := inUse(dir); err != nil {
			return err
		}
		spec, err := frozenSpec(dir)
		if err != nil {
			return err
		}
		if s, err = flags.submission(c, spec.Resources); err != nil {
			return err
		}
	} else {
		if s, err = readSubmission(dir); err != nil {
			return err
		}
		alive, err := a.alive(c.Context(), &slurm.Client{}, dir, s)
		if err != nil {
			return err
		}
		there = len(alive)
	}
	if c.Flags().Changed("agents") {
		s.Agents = flags.agents
	}
	if s.Agents < 1 {
		return usage("%s: say how many agents the sweep shall have: --agents N", dir)
	}
	fmt.Fprintf(a.stderr, "%d agents wait or run, %d are wanted\n", there, s.Agents)
	return a.more(c, dir, s, max(s.Agents, there), there, &flags.submitFlags)
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
