package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/agent"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep/controller"
)

// A host is the part of an agent that gives the sweep a controller where it has none. It looks at the term only while this agent hears of no controller; when the term is free,
// it starts one, with its broker, in a process of its own beside the agent: what becomes of one does not touch the other. The controller steps down when its stdin is
// closed, which the kernel does should this process die.
type host struct {
	dir     string
	args    []string // of the controller
	stderr  io.Writer
	log     zerolog.Logger
	over    func() // ends the agent: the sweep has ended, or was stopped
	contact chan bool
}

// How the many agents of a sweep that lost its controller keep out of each other's way: each looks soon at first, then more and more seldom, each time after a random pause, and waits
// once more for a moment before it starts a controller.
const (
	lookSoon      = 250 * time.Millisecond
	lookSeldom    = 10 * time.Second
	lastMoment    = 300 * time.Millisecond
	tryAgainAfter = time.Second // a controller that failed; doubled each time
	tryAgainMost  = time.Minute
	handOverMost  = 15 * time.Second // after a signal the agent's trials have so long; then the controller steps down, whatever they do
)

// heard is told by the agent whether a controller has answered. It never waits: only the last word counts.
func (h *host) heard(answered bool) {
	for {
		select {
		case h.contact <- answered:
			return
		default:
		}
		select {
		case <-h.contact:
		default:
		}
	}
}

// run hosts controllers until ctx ends, and then until the one that it has started has stepped down, or ended the sweep.
func (h *host) run(ctx context.Context) {
	retry := tryAgainAfter
	for alone := true; ctx.Err() == nil; {
		if !alone {
			select {
			case <-ctx.Done():
			case answered := <-h.contact:
				alone = !answered
			}
			continue
		}
		vacancy, ok := h.look(ctx)
		if !ok {
			alone = false
			continue
		}
		if h.done() {
			h.over()
			return
		}
		err := h.serve(ctx, vacancy)
		var exited *exec.ExitError
		switch {
		case err == nil, errors.As(err, &exited) && exited.ExitCode() == exitFailed:
			return // the sweep has ended
		case errors.As(err, &exited) && (exited.ExitCode() == exitUsage || exited.ExitCode() == exitInterrupted):
			retry = tryAgainAfter // another was faster, or it has stepped down
		default:
			h.log.Error().Err(err).Msg("the controller beside this agent has failed; the agent goes on, and another controller is tried")
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry/2 + rand.N(retry)):
		}
		retry = min(2*retry, tryAgainMost)
	}
}

// look waits for a term that is free; false: a controller has answered meanwhile.
func (h *host) look(ctx context.Context) (controller.Vacancy, bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan controller.Vacancy, 1)
	go func() {
		defer close(found)
		for ctx.Err() == nil {
			vacancy, err := h.vacant(ctx)
			if err == nil {
				found <- vacancy
				return
			}
			if ctx.Err() == nil {
				h.log.Warn().Err(err).Msg("the sweep's term cannot be read; it is tried again")
				pause(ctx, lookSeldom)
			}
		}
	}()
	for {
		select {
		case answered := <-h.contact:
			if answered {
				return controller.Vacancy{}, false
			}
		case vacancy, ok := <-found:
			return vacancy, ok
		}
	}
}

// vacant waits for a free term, and makes sure that it still is after a random moment.
func (h *host) vacant(ctx context.Context) (controller.Vacancy, error) {
	look := lookSoon
	seldom := func() time.Duration {
		look = min(look+look/4, lookSeldom)
		return look/2 + rand.N(look)
	}
	for {
		vacancy, err := controller.AwaitVacancy(ctx, h.dir, seldom)
		if err != nil {
			return vacancy, err
		}
		if vacancy.Term > 0 {
			pause(ctx, rand.N(lastMoment))
		}
		if newest, err := controller.NewestTerm(h.dir); err != nil || newest == vacancy.Term {
			return vacancy, errors.Join(err, ctx.Err())
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// done tells whether nobody needs this agent any more: the sweep has ended or was stopped, and nobody has asked for anything since, as sweep resume does.
func (h *host) done() bool {
	d, err := results.Open(h.dir, train.Catalog())
	if err != nil {
		return false // the controller will say so
	}
	state := d.SweepState()
	pending, err := controller.Pending(h.dir)
	over := (state == controller.StateEnded || state == controller.StateStopped) && len(pending) == 0 && err == nil
	if over {
		h.log.Info().Str("state", state).Msg("nothing is left to do: the agent leaves")
	}
	return over
}

// serve runs one controller. When ctx ends it steps down.
func (h *host) serve(ctx context.Context, v controller.Vacancy) error {
	c := exec.Command("/proc/self/exe", append([]string{"controller", "--dir", h.dir, "--hosted", "--vacant", v.String()}, h.args...)...)
	c.Args[0] = os.Args[0]
	c.Stderr = h.stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ^C on a terminal is for the agent
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stdin.Close() })
	defer stop()
	return c.Wait()
}

// Where a sweep's controller is.
const (
	controllerAgent = "agent"
	controllerLogin = "login"
	controllerJob   = "job"
)

var controllerPlaces = []string{controllerAgent, controllerLogin, controllerJob}

// clusterPatience is how long an agent of a cluster waits for a controller: one that died without a word is followed after a minute, and one that is a job may have to queue.
const clusterPatience = 10 * time.Minute

// checkController refuses an agent that could not host what it is asked to.
func checkController(ctx context.Context, where string, f *controllerFlags) error {
	if where != "" && !slices.Contains(controllerPlaces, where) {
		return usage("--controller %s: it is in one of these places: %s", where, strings.Join(controllerPlaces, ", "))
	}
	if where != controllerAgent {
		return nil
	}
	return f.check(ctx)
}

// host runs an agent with a host beside it. A signal is the agent's first: it hands its trials over, then the controller steps down; if that takes too long, at the same time.
func (a *app) host(ctx context.Context, o agent.Options, args []string) (agent.Left, error) {
	ctx, over := context.WithCancel(ctx)
	defer over()
	h := &host{dir: o.Dir, args: args, stderr: a.stderr, log: o.Log, over: over, contact: make(chan bool, 1)}
	o.Contact = h.heard
	hosting, stepDown := context.WithCancel(context.WithoutCancel(ctx))
	defer stepDown()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			time.AfterFunc(handOverMost, stepDown)
		case <-hosting.Done():
		}
	}()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		h.run(hosting)
	}()
	left, err := agent.Run(ctx, o)
	stepDown()
	<-gone
	return left, err
}
