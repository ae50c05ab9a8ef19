package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

func newStop(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "stop [DIR]",
		Short: "Stop a sweep: agents hand over what they train; sweep resume goes on",
		Long: `stop has every running trial saved and handed over, and ends the controller. It returns when that has happened.
What has ended stays; sweep resume goes on with the rest. Of a submitted sweep, agents that wait in the queue are cancelled first.`,
		Example: "  sweep stop runs/lr-scan",
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
			if s == nil {
				return a.request(c, dir, controller.Request{Want: controller.WantStop})
			}
			return a.stopOnCluster(c, dir, s)
		},
	}
	return c
}

// stopOnCluster stops a submitted sweep: what waits is cancelled, so that it does not begin meanwhile; what runs hears of it from the controller, or
// from SLURM where there is none.
func (a *app) stopOnCluster(c *cobra.Command, dir string, s *submission) error {
	release, err := lockSubmission(dir)
	if err != nil {
		return err
	}
	defer release()
	client := &slurm.Client{}
	_, live, err := controller.LiveHolder(dir)
	if err != nil {
		return err
	}
	alive, unasked := a.alive(c.Context(), client, dir, s)
	if unasked == nil {
		controllers, err := living(c.Context(), client, s.Controllers)
		alive = append(alive, controllers...)
		unasked = errors.Join(err, client.CancelWaiting(c.Context(), tasksOf(alive)...))
	}
	if err := a.request(c, dir, controller.Request{Want: controller.WantStop}); err != nil {
		return err
	}
	if unasked != nil {
		return fmt.Errorf("the sweep is stopped, and jobs of it may still wait: %w", unasked)
	}
	if live {
		return nil
	}
	return client.Cancel(c.Context(), tasksOf(alive)...)
}

func newRetry(a *app) *cobra.Command {
	var cause, node string
	c := &cobra.Command{
		Use:   "retry [DIR]",
		Short: "Open failed trials again, all or those of one cause; or give a node trials again",
		Long: `retry opens trials that failed, diverged or were cancelled again. A live controller runs them at once, else sweep resume does.
With --node it ends the quarantine of a node instead (sweep status lists them): agents there get trials again.`,
		Example: "  sweep retry runs/lr-scan --cause oom\n  sweep resume runs/lr-scan\n  sweep retry runs/lr-scan --node node17",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if c.Flags().Changed("node") {
				if err := quarantined(dir, node); err != nil {
					return err
				}
				return a.request(c, dir, controller.Request{Want: controller.WantRelease, Node: node})
			}
			return a.request(c, dir, controller.Request{Want: controller.WantRetry, Cause: sweep.Cause(cause)})
		},
	}
	c.Flags().StringVar(&cause, "cause", "", "only trials whose last attempt ended by this cause (default: all that failed)")
	c.Flags().StringVar(&node, "node", "", "end the quarantine of this node, and open no trial")
	c.MarkFlagsMutuallyExclusive("cause", "node")
	return c
}

// quarantined refuses a node that is not.
func quarantined(dir, node string) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, q := range d.Quarantined() {
		if q.Node == node {
			return nil
		}
		names = append(names, q.Node)
	}
	if len(names) == 0 {
		return usage("--node %s: no node is under quarantine", node)
	}
	return usage("--node %s: it is not under quarantine; these are: %s", node, strings.Join(names, ", "))
}

// request leaves a request for the sweep's controller and waits until it is done. Without a live controller this process
// becomes one that does nothing else.
func (a *app) request(c *cobra.Command, dir string, r controller.Request) error {
	if _, err := openDataset(dir); err != nil {
		return err
	}
	if err := controller.Submit(dir, r); err != nil {
		return refuse(err)
	}
	ctx, release := interruptible(c.Context())
	defer release()
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		_, live, err := controller.LiveHolder(dir)
		if err != nil {
			return err
		}
		if !live {
			if err := a.settle(c, dir); err != nil {
				return err
			}
		}
		pending, err := controller.Pending(dir)
		if err != nil {
			return err
		}
		if len(pending) == 0 && (r.Want != controller.WantStop || !live) {
			break
		}
		select {
		case <-ctx.Done():
			return &exitError{exitInterrupted, fmt.Errorf("the request stays: the sweep's controller will still do it")}
		case <-ticks.C:
		}
	}
	d, err := results.Open(dir, train.Catalog())
	if err != nil {
		return err
	}
	s, err := results.Summarize(d)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, statusLine(s))
	return nil
}

// settle does what is requested of a sweep that nobody controls.
func (a *app) settle(c *cobra.Command, dir string) error {
	pending, err := controller.Pending(dir)
	if err != nil || len(pending) == 0 {
		return err
	}
	spec, err := frozenSpec(dir)
	if err != nil {
		return err
	}
	_, err = controller.Run(c.Context(), controller.Options{Dir: dir, Spec: spec, RequestsOnly: true, Log: a.logger().Level(quiet)})
	return err
}
