package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// A pool keeps agents running on this machine while a controller runs: processes of this binary, started again when they die.
//
// The agents are process groups of their own, so that ^C on the terminal reaches the controller alone, which then tells them to hand over.
// If the controller dies, the kernel sends them TERM: they hand over too.
type pool struct {
	dir     string
	agents  int // processes
	slots   int // of each
	threads int // of a slot
	ranks   int // among so many agents these are rank 0, 1, …
	log     zerolog.Logger

	mu      sync.Mutex
	stopped bool // no agent is started any more
	running map[*exec.Cmd]struct{}
	wait    sync.WaitGroup
}

// An agent that lives for less than rapid has died rapidly; after maxRapid such deaths in a row there is no use in starting it again.
const (
	rapid    = 5 * time.Second
	maxRapid = 6
	backOff  = 100 * time.Millisecond // before the first new start; doubled each time
	maxSaid  = 4 << 10                // bytes that are kept of what an agent has said last
)

// run starts the agents and returns when all have ended for good: an error where one cannot be kept alive. ctx ends the starting
// of new ones, not those that run.
func (p *pool) run(ctx context.Context) error {
	failed := make(chan error, p.agents)
	for rank := range p.agents {
		p.wait.Go(func() { failed <- p.keep(ctx, rank) })
	}
	var errs []error
	for range p.agents {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// keep runs one agent after the other. It stays on one thread: the kernel ties the death signal to the thread that started a process.
func (p *pool) keep(ctx context.Context, rank int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	deaths := 0
	for {
		said := &tail{}
		c := p.command(rank, said)
		if !p.start(c) {
			return nil
		}
		begin := time.Now()
		err := c.Wait()
		p.mu.Lock()
		delete(p.running, c)
		p.mu.Unlock()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		deaths++
		if time.Since(begin) > rapid {
			deaths = 1
		}
		p.log.Warn().Err(err).Int("pid", c.Process.Pid).Str("said", said.String()).Msg("an agent has died and is started again")
		if deaths == maxRapid {
			return fmt.Errorf("an agent died %d times in a row soon after its start, the last time with %w:\n%s", deaths, err, said)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backOff << deaths):
		}
	}
}

func (p *pool) command(rank int, said io.Writer) *exec.Cmd {
	c := exec.Command("/proc/self/exe", "agent", "--dir", p.dir, "--slots", strconv.Itoa(p.slots), "--threads", strconv.Itoa(p.threads),
		"--rank", strconv.Itoa(rank), "--ranks", strconv.Itoa(p.ranks))
	c.Args[0] = os.Args[0]
	c.Stderr = said
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return c
}

// start starts a process unless the pool was stopped.
func (p *pool) start(c *exec.Cmd) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	if err := c.Start(); err != nil {
		p.log.Error().Err(err).Msg("an agent could not be started")
		return false
	}
	if p.running == nil {
		p.running = map[*exec.Cmd]struct{}{}
	}
	p.running[c] = struct{}{}
	return true
}

// stop ends the pool after the controller has ended: agents have been told to leave, and those that have not left in time are killed.
func (p *pool) stop(patience time.Duration) {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		p.wait.Wait()
		close(gone)
	}()
	for _, sig := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
		p.signal(sig)
		select {
		case <-gone:
			return
		case <-time.After(patience):
		}
	}
	<-gone
}

func (p *pool) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.running {
		_ = c.Process.Signal(sig) // it may have ended this moment
	}
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if excess := len(t.text) - maxSaid; excess > 0 {
		t.text = append(t.text[:0], t.text[excess:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
