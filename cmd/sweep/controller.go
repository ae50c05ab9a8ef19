package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/agent"
	"neurosweep/broker"
	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// controllerFlags are what everybody who may start a controller for a cluster needs to know.
type controllerFlags struct {
	listen    string
	advertise []string
	nats      natsFlags
	still     time.Duration
	partWait  time.Duration // of ranks that nobody starts again: controller.Options.PartWait
}

func (f *controllerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.listen, "listen", "", "where the broker listens, HOST, HOST:PORT or :PORT (default: a random port of all addresses, with TLS; a loopback HOST: without)")
	c.Flags().StringSliceVar(&f.advertise, "advertise", nil, "addresses that agents dial, HOST or HOST:PORT, in place of this machine's own")
	addStill(c, &f.still)
	f.nats.add(c)
}

func addStill(c *cobra.Command, still *time.Duration) {
	c.Flags().DurationVar(still, "still", time.Minute, "how long this sweep's controller must have shown no sign of life until another may follow it")
}

func checkStill(still time.Duration) error {
	if still < time.Second {
		return usage("--still %v: want a second or more", still)
	}
	return nil
}

// args are the flags again, for another process.
func (f *controllerFlags) args() []string {
	args := append([]string{"--still", f.still.String()}, f.nats.args()...)
	if f.listen != "" {
		args = append(args, "--listen", f.listen)
	}
	for _, a := range f.advertise {
		args = append(args, "--advertise", a)
	}
	if f.partWait > 0 {
		args = append(args, "--part-wait", f.partWait.String())
	}
	return args
}

// place is where the broker listens.
func (f *controllerFlags) place() (broker.Listen, error) {
	l := broker.Listen{Host: broker.Everywhere, Advertise: f.advertise}
	if f.listen == "" {
		return l, nil
	}
	host, port, err := net.SplitHostPort(f.listen)
	if err != nil { // no port
		host, port = f.listen, "0"
	}
	if host != "" {
		l.Host = host
	}
	if l.Port, err = strconv.Atoi(port); err != nil || l.Port < 0 || l.Port > 65535 {
		return l, usage("--listen %s: %q is no port; want HOST, HOST:PORT or :PORT", f.listen, port)
	}
	if l.Host != broker.Everywhere && net.ParseIP(l.Host) == nil {
		return l, usage("--listen %s: %q is no address of this machine; want a number like 10.0.0.5, or :PORT for all", f.listen, host)
	}
	return l, nil
}

// check refuses what cannot work before anything is started.
func (f *controllerFlags) check(ctx context.Context) error {
	if err := checkStill(f.still); err != nil {
		return err
	}
	if _, err := f.place(); err != nil {
		return err
	}
	return f.nats.check(ctx)
}

// options are those of a controller that its agents outlive.
func (f *controllerFlags) options(dir string) (controller.Options, error) {
	o := controller.Options{Dir: dir, Outlived: true, PartWait: f.partWait, OutOfMemory: outOfMemory(&slurm.Client{}), NATS: f.nats.external(), Term: controller.TermOptions{Still: f.still}}
	err := writable(filepath.Join(dir, sweep.ControlDir))
	if err != nil {
		return o, err
	}
	if o.Spec, err = frozenSpec(dir); err != nil {
		return o, err
	}
	if o.Listen, err = f.place(); err != nil {
		return o, err
	}
	o.Binary, err = agent.BinaryDigest()
	return o, err
}

func newController(a *app) *cobra.Command {
	var flags controllerFlags
	var dir, vacant string
	var hosted, accept, takeover bool
	c := &cobra.Command{
		Use:   "controller --dir DIR",
		Short: "Be the controller of a sweep whose agents are started elsewhere (sweep submit starts one by itself)",
		Long: `controller decides for the sweep in DIR until it has ended or is stopped, and lets agents of other machines connect. It starts none.
TERM, INT and USR1 make it step down: agents go on with what they train, and find the next controller through DIR/broker.json. In a SLURM job
it has the job queued again after the warning before the walltime and after a preemption.
It exits with 0 or 3 when the sweep has ended, and with 130 when it has stepped down or the sweep was stopped.`,
		Example: "  sweep controller --dir runs/lr-scan\n  sweep controller --dir runs/lr-scan --listen :7422 --advertise login1.cluster",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := folderOf(dir)
			if err != nil {
				return err
			}
			if err := flags.check(c.Context()); err != nil {
				return err
			}
			if done, err := a.ended(dir); done || err != nil {
				return err
			}
			o, err := flags.options(dir)
			if err != nil {
				return err
			}
			if o.Term.Vacant, err = controller.ParseVacancy(vacant); err != nil {
				return refuse(err)
			}
			o.Log, o.AcceptBinary, o.Takeover = a.logger(), accept, takeover
			if !hosted {
				return a.decideAlone(c.Context(), o)
			}
			ctx, release := untilClosed(c.Context(), a.stdin)
			defer release()
			err = a.decide(ctx, o)
			var held *controller.HeldError
			if hosted && errors.As(err, &held) {
				return &exitError{code: exitUsage} // another agent's was faster, as always but once; that is nothing to tell
			}
			return err
		},
	}
	flags.add(c)
	c.Flags().StringVar(&dir, "dir", "", "the sweep's folder (default: the one around the current folder)")
	c.Flags().BoolVar(&takeover, "takeover", false, "ask a live controller to step down, and take its place")
	c.Flags().BoolVar(&accept, "accept-binary", false, "go on with a sweep that another binary has run so far; an event says so")
	c.Flags().BoolVar(&hosted, "hosted", false, "an agent has started it: step down when stdin is closed, and leave signals to the agent")
	c.Flags().StringVar(&vacant, "vacant", controller.Vacancy{}.String(), "the term that the agent has seen abandoned")
	c.Flags().DurationVar(&flags.partWait, "part-wait", 0, "schedule: static: how long the part of a rank that is gone waits before the sweep is stopped")
	for _, name := range []string{"hosted", "vacant", "part-wait"} {
		_ = c.Flags().MarkHidden(name) // it exists
	}
	return c
}

// decideAlone is a controller that no agent has started. In a SLURM job it steps down at the warning before the walltime, and has the job queued again.
func (a *app) decideAlone(ctx context.Context, o controller.Options) error {
	j, err := findJob()
	if err != nil {
		return refuse(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	go func() {
		first := <-signals
		signal.Reset(syscall.SIGINT) // a second ^C ends the process at once
		cancel(&signalError{first})
	}()
	err = a.decide(ctx, o)
	var signalled *signalError
	var coded *exitError
	if errors.As(context.Cause(ctx), &signalled) && errors.As(err, &coded) && coded.code == exitInterrupted {
		left := agent.Left{Why: agent.LeftPreempted, Granted: 1}
		if signalled.signal == syscall.SIGUSR1 {
			left.Why = agent.LeftWalltime
		}
		j.requeue(left, o.Log)
	}
	return err
}

// A signalError is the end of a context by a signal.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string { return "signal: " + e.signal.String() }

// decide runs a controller to its end.
func (a *app) decide(ctx context.Context, o controller.Options) error {
	summary, err := controller.Run(ctx, o)
	var held *controller.HeldError
	var other *controller.BinaryError
	switch {
	case errors.As(err, &held), errors.As(err, &other):
		return refuse(err)
	case err != nil:
		return err
	}
	return a.outcome(o.Dir, summary)
}

// untilClosed is ctx until nothing more can be read: whoever holds the other end has closed it, or is dead. Signals are left to that process: SLURM sends them to everybody.
func untilClosed(ctx context.Context, r io.Reader) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, r) // its end is all that matters
		cancel()
	}()
	return ctx, cancel
}
