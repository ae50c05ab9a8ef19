package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"neurosweep/slurm"
	"neurosweep/sweep/controller"
)

func newScale(a *app) *cobra.Command {
	var flags submitFlags
	c := &cobra.Command{
		Use:   "scale N [DIR]",
		Short: "Change how many agents a submitted sweep has on its cluster",
		Long: `scale submits more agents, as the sweep's first ones were (flags change what is asked of SLURM from now on), or ends some: those that wait in
the queue are cancelled first, newest first; then agents that run are asked to hand over what they train, and leave. scale 0 keeps none.`,
		Example: "  sweep scale 16\n  sweep scale 4 runs/lr-scan\n  sweep scale 32 --partition long --time 1-0",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 0 {
				return usage("sweep scale %s: want how many agents there shall be, 0 or more", args[0])
			}
			dir, err := folder(args[1:])
			if err != nil {
				return err
			}
			if err := flags.check(c); err != nil {
				return err
			}
			s, err := readSubmission(dir)
			if err != nil {
				return err
			}
			if s == nil {
				return usage("%s: this sweep was not submitted: sweep resume --submit --agents N does it", dir)
			}
			return a.scale(c, dir, n, &flags)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&flags.accept, "accept-binary", false, "go on with a sweep that another binary has run so far; an event says so")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// scale submits or ends agents until there are n.
func (a *app) scale(c *cobra.Command, dir string, n int, flags *submitFlags) error {
	release, err := lockSubmission(dir)
	if err != nil {
		return err
	}
	defer release()
	s, err := readSubmission(dir)
	if err != nil {
		return err
	}
	client := &slurm.Client{}
	alive, err := a.alive(c.Context(), client, dir, s)
	if err != nil {
		return err
	}
	if n >= len(alive) {
		if err := a.endedAlready(dir); n > 0 && err != nil {
			return err
		}
		return a.more(c, dir, s, n, len(alive), flags)
	}
	s.Agents = n
	if err := s.write(dir); err != nil {
		return err
	}
	return a.fewer(c, client, dir, alive, len(alive)-n)
}

// endedAlready refuses agents for a sweep that has nothing left to do.
func (a *app) endedAlready(dir string) error {
	s, err := status(dir)
	if err == nil && s.State == controller.StateEnded {
		return usage("%s: this sweep has ended", dir)
	}
	return err
}

// more submits what is missing to n agents, of which some are there.
func (a *app) more(c *cobra.Command, dir string, s *submission, n, there int, flags *submitFlags) error {
	spec, err := frozenSpec(dir)
	if err != nil {
		return err
	}
	if err := s.change(c, flags); err != nil {
		return err
	}
	s.Agents = n
	o, err := a.order(c.Context(), dir, spec, s, n-there, flags.dryRun)
	if err != nil {
		return err
	}
	if flags.dryRun {
		return a.dryRun(dir, o)
	}
	return a.place(c.Context(), dir, o, flags.accept)
}

// fewer ends so many agents: first those that wait.
func (a *app) fewer(c *cobra.Command, client *slurm.Client, dir string, alive []slurm.Job, excess int) error {
	ending := alive[:excess]
	var waiting, running []slurm.Task
	for _, j := range ending {
		if j.State.Waiting() {
			waiting = append(waiting, j.Task)
		} else {
			running = append(running, j.Task)
		}
	}
	if err := client.CancelWaiting(c.Context(), waiting...); err != nil {
		return unanswered(err)
	}
	begun, err := a.begunMeanwhile(c.Context(), client, waiting)
	if err != nil {
		return err
	}
	running = append(running, begun...)
	fmt.Fprintf(a.stderr, "%d agents that waited are cancelled, %d that run are asked to hand over and leave\n", len(waiting)-len(begun), len(running))
	if len(running) == 0 {
		return nil
	}
	return a.drain(c, client, dir, running)
}

// begunMeanwhile are those of the tasks that began before they could be cancelled.
func (a *app) begunMeanwhile(ctx context.Context, client *slurm.Client, tasks []slurm.Task) ([]slurm.Task, error) {
	jobs := map[int64]bool{}
	var list []int64
	wanted := map[slurm.Task]bool{}
	for _, t := range tasks {
		wanted[t] = true
		if !jobs[t.Job] {
			jobs[t.Job] = true
			list = append(list, t.Job)
		}
	}
	now, err := client.Queue(ctx, list...)
	if err != nil {
		return nil, unanswered(err)
	}
	var begun []slurm.Task
	for _, j := range now {
		if wanted[j.Task] && j.State.Running() {
			begun = append(begun, j.Task)
		}
	}
	return begun, nil
}

// drain asks the agents of some jobs to hand over and leave. Without a controller nobody could tell them: then SLURM does.
func (a *app) drain(c *cobra.Command, client *slurm.Client, dir string, tasks []slurm.Task) error {
	_, live, err := controller.LiveHolder(dir)
	if err != nil {
		return err
	}
	if !live {
		return client.Cancel(c.Context(), tasks...)
	}
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.String()
	}
	return a.request(c, dir, controller.Request{Want: controller.WantDrain, Jobs: names})
}
