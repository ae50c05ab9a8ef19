package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

func newExtend(a *app) *cobra.Command {
	var updates int
	var where []string
	c := &cobra.Command{
		Use:   "extend [DIR] --updates N",
		Short: "Train trials further, from where they ended",
		Long: `extend gives trials a larger number of updates. Those that have completed are open again and go on from their last saved state: what comes out is
what a run of N updates would have given, beside the checkpoint at the former end, which stays. A schedule of the learning rate keeps its horizon.

All trials are extended, or those for which every --where holds: a swept path, seed, cell or trial, with its value. Trials that failed, diverged or were stopped keep their outcome.
A live controller goes on at once, else sweep resume does.`,
		Example: "  sweep extend runs/lr-scan --updates 4000 --where p.train.lr=1e-3 --where seed=2\n  sweep resume runs/lr-scan",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if updates < 1 {
				return usage("--updates %d: want the number of updates that trials shall have in all", updates)
			}
			return a.extend(c, dir, updates, where)
		},
	}
	c.Flags().IntVar(&updates, "updates", 0, "how many updates trials shall have in all; needed")
	c.Flags().StringArrayVar(&where, "where", nil, "only trials with this value: p.train.lr=1e-3, seed=2; may be given several times")
	return c
}

// extend checks what is asked, and has the controller do it.
func (a *app) extend(c *cobra.Command, dir string, updates int, where []string) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	if err := extendable(d); err != nil {
		return err
	}
	trials, err := chosen(d.Plan(), where)
	if err != nil {
		return err
	}
	x, err := extensionOf(d, trials, updates)
	if err != nil {
		return err
	}
	if err := a.request(c, dir, controller.Request{Want: controller.WantExtend, Trials: x.trials, Updates: updates}); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s shall have %d updates; %d that had completed go on\n", counted(len(x.trials), "trial"), updates, x.completed)
	if x.otherwise > 0 {
		fmt.Fprintf(a.stdout, "%d that failed, diverged or were stopped keep their outcome: sweep retry opens them\n", x.otherwise)
	}
	if _, live, err := controller.LiveHolder(dir); err == nil && !live {
		fmt.Fprintf(a.stdout, "go on with: sweep resume %s\n", relative(dir))
	}
	return nil
}

// extendable refuses a sweep whose trials cannot be trained further.
func extendable(d *results.Dataset) error {
	spec, name := d.Spec(), relative(d.Dir())
	switch {
	case spec.External():
		return usage("extend %s: its trials are runs of a program, which itself decides how long it trains; give it more in a sweep of its own", name)
	case !spec.Trains():
		return usage("extend %s: its trials train nothing", name)
	case spec.Metric == nil || spec.Metric.Target == nil:
		return nil
	}
	for e, err := range d.Events() {
		if err != nil {
			return err
		}
		if e.Kind == controller.EventTargetReached {
			return usage("extend %s: %s; trials that go on would be stopped at once", name, e.Detail)
		}
	}
	return nil
}

// An extension is what an extension comes to.
type extension struct {
	trials    []sweep.TrialID
	completed int // of them
	otherwise int // ended otherwise
}

// extensionOf leaves out trials that have as many updates, and refuses what cannot be continued.
func extensionOf(d *results.Dataset, trials []sweep.Trial, updates int) (extension, error) {
	ended := map[string]results.TrialRow{}
	for _, r := range d.Trials() {
		ended[r.Trial] = r
	}
	var x extension
	most := 0
	for _, t := range trials {
		had := d.Updates(t.ID)
		most = max(most, had)
		if had >= updates {
			continue
		}
		x.trials = append(x.trials, t.ID)
		if err := keepsLearning(d.Spec(), t, had); err != nil {
			return x, err
		}
		switch r, ok := ended[string(t.ID)]; {
		case !ok:
		case r.Outcome != string(sweep.OutcomeCompleted):
			x.otherwise++
		default:
			x.completed++
			if err := hasState(d.Dir(), t.ID, int(r.Updates)); err != nil {
				return x, err
			}
		}
	}
	if len(x.trials) == 0 {
		return x, usage("--updates %d: the trials have %d already; it must be more", updates, most)
	}
	return x, nil
}

// keepsLearning refuses a trial whose schedule has brought its learning rate to 0 when it goes on.
func keepsLearning(spec *sweep.Spec, t sweep.Trial, had int) error {
	config, err := spec.Config(t.Params, t.Seed)
	if err != nil {
		return err
	}
	end, ends, err := train.RateEnds(config)
	if err == nil && ends && had >= end {
		return usage("extend: the schedule of trial %s ends at update %d with a learning rate of 0, and keeps that horizon: it would learn nothing more. "+
			"Start a sweep with train.updates and train.schedule.updates as they shall be", t.ID, end)
	}
	return err
}

// hasState refuses a trial whose last state is gone.
func hasState(dir string, id sweep.TrialID, update int) error {
	path := filepath.Join(dir, sweep.StatePath(id, update))
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usage("extend: trial %s cannot go on: %s is gone. Leave it out with --where, or train it again in a sweep of its own", id, path)
	}
	return err
}

// A condition on trials is one --where.
type condition struct{ path, value string }

// chosen are the trials for which every condition holds.
func chosen(plan []sweep.Trial, where []string) ([]sweep.Trial, error) {
	trials := plan
	for _, text := range where {
		path, value, ok := strings.Cut(text, "=")
		c := condition{strings.TrimPrefix(strings.TrimSpace(path), "p."), strings.TrimSpace(value)}
		if !ok || c.path == "" || c.value == "" {
			return nil, usage("--where %s: want a swept path, seed, cell or trial, with its value: p.train.lr=1e-3", text)
		}
		var matched []sweep.Trial
		for _, t := range trials {
			if c.holds(t) {
				matched = append(matched, t)
			}
		}
		if len(matched) == 0 {
			return nil, usage("--where %s: %s", text, c.missing(plan, trials))
		}
		trials = matched
	}
	return trials, nil
}
