package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/agent"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
	"neurosweep/sweep/search"
)

// runFlags are the flags that run, resume and smoke share.
type runFlags struct {
	agents   int
	nats     natsFlags
	still    time.Duration
	team     *team // that this process is rank 0 of; nil: it is alone
	takeover bool
	accept   bool // of another binary
}

func (f *runFlags) addAccept(c *cobra.Command) {
	c.Flags().BoolVar(&f.accept, "accept-binary", false, "go on with a sweep that another binary has run so far; an event says so")
}

func (f *runFlags) add(c *cobra.Command) {
	c.Flags().IntVar(&f.agents, "agents", 0, "start so many agents of one slot each (default: one agent with a slot a core)")
	f.nats.add(c)
	addStill(c, &f.still)
}

// check refuses what cannot work before anything is made.
func (f *runFlags) check(c *cobra.Command) error {
	if c.Flags().Changed("agents") && f.agents < 1 {
		return usage("--agents %d: want 1 or more", f.agents)
	}
	var err error
	if f.team, err = discoverTeam(os.LookupEnv); err != nil {
		return refuse(err)
	}
	if f.team != nil && f.agents > 0 {
		return usage("--agents %d: each of the %d ranks is an agent already", f.agents, f.team.Size)
	}
	return errors.Join(checkStill(f.still), f.nats.check(c.Context()))
}

func newRun(a *app) *cobra.Command {
	var flags runFlags
	var dir string
	c := &cobra.Command{
		Use:   "run " + specArguments,
		Short: "Run a sweep to its end, or go on with it",
		Long: `run checks the spec, freezes it in the sweep's folder, trains and evaluates every trial with agents on this machine, and
returns when all trials have ended. On a folder that holds the same sweep it goes on where that stopped.
A key=value argument replaces what the file says: one value fixes a path, several (a,b or range(from,to,step)) sweep it.`,
		Example: "  sweep run sweep.yaml\n  sweep run sweep.yaml train.lr=1e-4,1e-3 'model.hidden=range(32,129,32)' seeds=5 --agents 4",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			spec, err := a.readSpec(args[0], args[1:])
			if err != nil {
				return err
			}
			if err := runnable(spec); err != nil {
				return err
			}
			if err := locate(spec, args[0]); err != nil {
				return err
			}
			plan, err := openPlan(spec)
			if err != nil {
				return err
			}
			if err := flags.check(c); err != nil {
				return err
			}
			if dir == "" {
				dir = filepath.Join("runs", spec.Name)
			}
			if dir, err = filepath.Abs(dir); err != nil {
				return err
			}
			if t := flags.team; t != nil && t.Rank > 0 {
				return a.follow(c.Context(), t, dir, spec, flags)
			}
			if dir, err = prepareFolder(dir, spec, plan); err != nil {
				return err
			}
			return a.conduct(c.Context(), dir, flags)
		},
	}
	flags.add(c)
	flags.addAccept(c)
	c.Flags().StringVar(&dir, "dir", "", "the sweep's folder (default runs/NAME)")
	c.Flags().BoolVar(&a.json, "json", false, "print the sweep's status as JSON at the end, instead of a table")
	return c
}

// prepareFolder makes the sweep's folder, or finds that it holds this very sweep. It returns the absolute path.
func prepareFolder(dir string, spec *sweep.Spec, plan *search.Plan) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if isSweep(dir) {
		return dir, sameSweep(dir, spec)
	}
	if err := emptyFolder(dir); err != nil {
		return "", err
	}
	var trials []sweep.Trial
	if n, finite := plan.Len(); finite && spec.Method != "random" {
		if trials, _, err = plan.Next(n); err != nil {
			return "", err
		}
	}
	err = results.Create(dir, spec, trials)
	if errors.Is(err, fs.ErrExist) && isSweep(dir) { // another process was faster
		err = sameSweep(dir, spec)
	}
	return dir, err
}

// sameSweep checks that the folder holds the sweep of a spec.
func sameSweep(dir string, spec *sweep.Spec) error {
	frozen, err := frozenSpec(dir)
	if err != nil {
		return err
	}
	if frozen.Digest() == spec.Digest() {
		return nil
	}
	return differs(dir, frozen, spec)
}

// differs says what distinguishes the spec given from the one in the folder.
func differs(dir string, frozen, spec *sweep.Spec) error {
	text := ""
	for _, line := range frozen.Diff(spec) {
		text += "\n  " + line
	}
	return usage("%s: this folder holds another sweep; choose another folder with --dir. The difference:%s", dir, text)
}

// frozenSpec reads the spec of a sweep's folder.
func frozenSpec(dir string) (*sweep.Spec, error) {
	name := filepath.Join(dir, sweep.SpecFile)
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	spec, err := sweep.Parse(name, data, nil, train.Catalog())
	return spec, refuse(err)
}

// conduct is a controller with its agents: it returns when the sweep in dir has ended, was stopped or interrupted. Other ranks hear how.
func (a *app) conduct(ctx context.Context, dir string, flags runFlags) error {
	err := a.conductAlone(ctx, dir, flags)
	if flags.team != nil {
		return flags.team.tell(dir, err)
	}
	return err
}

func (a *app) conductAlone(ctx context.Context, dir string, flags runFlags) error {
	spec, err := frozenSpec(dir)
	if err != nil {
		return err
	}
	if done, err := a.ended(dir); done || err != nil {
		return err
	}
	if err := writable(filepath.Join(dir, sweep.ControlDir)); err != nil {
		return err
	}
	ctx, release := interruptible(ctx)
	defer release()
	summary, err := a.control(ctx, dir, spec, flags)
	var ranks *ranksError
	var held *controller.HeldError
	var other *controller.BinaryError
	switch {
	case errors.As(err, &held), errors.As(err, &other), errors.As(err, &ranks):
		return refuse(err)
	case err != nil:
		return err
	}
	return a.conclude(dir, summary)
}

// ended reports on a sweep that has ended, and that nobody wants anything of; false: there is work to do.
func (a *app) ended(dir string) (bool, error) {
	d, err := openDataset(dir)
	if err != nil {
		return false, err
	}
	pending, err := controller.Pending(dir)
	if d.SweepState() != controller.StateEnded || len(pending) > 0 || err != nil {
		return false, err
	}
	s, err := results.Summarize(d)
	if err != nil {
		return false, err
	}
	return true, a.conclude(dir, controller.Summary{State: s.State, Trials: s.Ended, Ended: s.Ended, Failed: s.Failed, Digest: d.Digest()})
}

// interruptible is ctx until ^C or TERM; a second one ends the process at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	return ctx, release
}

// control runs the controller in this process and the agents in their own.
func (a *app) control(ctx context.Context, dir string, spec *sweep.Spec, flags runFlags) (controller.Summary, error) {
	binary, err := agent.BinaryDigest()
	if err != nil {
		return controller.Summary{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	log := a.logger()
	agents, err := a.pool(dir, spec, flags)
	if err != nil {
		return controller.Summary{}, err
	}
	agents.log = log
	options := controller.Options{
		Dir: dir, Spec: spec, NATS: flags.nats.external(), Takeover: flags.takeover, Log: log,
		Binary: binary, AcceptBinary: flags.accept, Term: controller.TermOptions{Still: flags.still},
		Ready: func(ctx context.Context) {
			go func() {
				err := flags.team.gather(ctx, dir, spec)
				if err == nil {
					err = agents.run(ctx)
				}
				if err != nil {
					cancel(err)
				}
			}()
		},
	}
	if flags.team != nil {
		options.Listen, options.PartWait = flags.team.listen(), partWait
	}
	if isTerminal(a.stderr) {
		bar := &progressBar{w: a.stderr}
		options.Progress = bar.show
		options.Log = log.Level(quiet)
		agents.log = options.Log
		defer bar.done()
	}
	summary, err := controller.Run(ctx, options)
	agents.stop(10 * time.Second)
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return summary, err
}

// pool is the agents that this process starts.
func (a *app) pool(dir string, spec *sweep.Spec, flags runFlags) (*pool, error) {
	if t := flags.team; t != nil {
		threads := max(fixedThreads(spec), 1)
		if err := a.teamSlots(t, spec, threads); err != nil {
			return nil, err
		}
		fmt.Fprintf(a.stderr, "%d ranks, each with %d trials at a time\n", t.Size, t.slots(threads))
		return &pool{dir: dir, agents: 1, slots: t.slots(threads), threads: threads, ranks: t.Size}, nil
	}
	where, err := a.placed(dir, spec, flags)
	if err != nil {
		return nil, err
	}
	if flags.agents > 0 {
		return &pool{dir: dir, agents: flags.agents, slots: 1, threads: where.Threads, ranks: flags.agents}, nil
	}
	return &pool{dir: dir, agents: 1, slots: where.Trials, threads: where.Threads, ranks: 1}, nil
}

// placed decides how the trials that are left go on this machine, and says it.
func (a *app) placed(dir string, spec *sweep.Spec, flags runFlags) (placement, error) {
	if !spec.Trains() {
		return place(spec, nil, nil, flags.agents)
	}
	plan, err := openPlan(spec)
	if err != nil {
		return placement{}, err
	}
	trials, _, err := plan.Next(placedTrials)
	if err != nil {
		return placement{}, err
	}
	var left *int
	if n, finite := plan.Len(); finite {
		d, err := openDataset(dir)
		if err != nil {
			return placement{}, err
		}
		s, err := results.Summarize(d)
		if err != nil {
			return placement{}, err
		}
		n -= s.Ended
		left = &n
	}
	p, err := place(spec, trials, left, flags.agents)
	if err != nil {
		return p, err
	}
	a.warnSlow()
	fmt.Fprintln(a.stderr, p)
	return p, nil
}

// placedTrials is how many trials of the plan are looked at to choose threads.
const placedTrials = 1000

// conclude prints how a sweep stands, and ends with its exit code.
func (a *app) conclude(dir string, s controller.Summary) error {
	if err := a.report(dir); err != nil {
		return err
	}
	return a.outcome(dir, s)
}

// outcome turns how a sweep stands into the exit code.
func (a *app) outcome(dir string, s controller.Summary) error {
	if s.Digest != "" {
		fmt.Fprintf(a.stderr, "digest of the tables: %s (equal sweeps have the same)\n", s.Digest)
	}
	switch {
	case s.State != controller.StateEnded:
		return &exitError{exitInterrupted, fmt.Errorf("%d of %d trials have ended; go on with: sweep resume %s", s.Ended, s.Trials, relative(dir))}
	case s.Failed > 0:
		return &exitError{exitFailed, fmt.Errorf("%d of %d trials have failed: see sweep status and sweep logs TRIAL; sweep retry opens them again", s.Failed, s.Trials)}
	}
	return nil
}

// report prints the sweep's status as JSON, or the table of its cells.
func (a *app) report(dir string) error {
	if a.json {
		return a.printStatus(dir)
	}
	d, err := results.Open(dir, train.Catalog())
	if err != nil {
		return err
	}
	if d.Spec().Select.Metric == "" {
		return nil
	}
	table, err := results.Cells(d)
	if err != nil {
		return err
	}
	return results.WriteTable(a.stdout, table)
}

// relative is the shorter of a path and the same path from the current folder.
func relative(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(here, dir); err == nil && len(rel) < len(dir) {
		return rel
	}
	return dir
}
