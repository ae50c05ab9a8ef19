package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"neurosweep/broker"
	"neurosweep/command"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

// RunSlot is the child process of an agent: orders come on in, messages go to out, and what else there is to say goes to stderr. It returns
// when in is closed, which means that the agent has ended. Signals that a terminal or SLURM sends to every process are left to the agent.
func RunSlot(ctx context.Context, in io.Reader, out io.Writer) error {
	// Caught and passed over rather than ignored, which programs that are started here would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGPIPE)
	orders := bufio.NewReaderSize(in, 1<<16)
	var first order
	if err := readFrame(orders, &first); err != nil {
		return fmt.Errorf("start a slot: %w", err)
	}
	if first.Setup == nil {
		return errors.New("start a slot: the first order is not the setup")
	}
	s := &slotChild{dir: first.Setup.Dir, binary: first.Setup.Binary, silence: first.Setup.Silence, out: bufio.NewWriterSize(out, 1<<16), committed: map[sweep.TrialID]map[int]bool{}}
	s.wake = sync.NewCond(&s.mu)
	if err := s.load(first.Setup.Grace); err != nil {
		return err
	}
	if err := s.send(message{Ready: true}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.obey(orders) }()
	if err := s.work(ctx); err != nil {
		return err
	}
	return <-ended
}

// A slotChild is the state of a child process.
type slotChild struct {
	dir     string
	binary  string
	silence time.Duration
	spec    *sweep.Spec
	runner  *command.Runner // of a sweep of an external program

	writing sync.Mutex
	out     *bufio.Writer
	failed  error // of a flush: the supervisor is gone

	mu        sync.Mutex
	wake      *sync.Cond
	waiting   []broker.Granted
	running   *sweep.Hold
	cancel    context.CancelCauseFunc // of the running attempt
	committed map[sweep.TrialID]map[int]bool
	closed    bool
}

func (s *slotChild) load(grace time.Duration) (err error) {
	if s.spec, err = readSpec(s.dir); err == nil && s.spec.External() {
		s.runner, err = command.NewRunner(s.spec, s.dir, command.Options{Grace: grace * 3 / 4, Print: s.print, MemoryKills: memoryKills})
	}
	if err != nil {
		return fmt.Errorf("start a slot: %w", err)
	}
	return nil
}

// print passes on what the present attempt prints.
func (s *slotChild) print(lines []string) {
	s.mu.Lock()
	hold := s.running
	s.mu.Unlock()
	if hold != nil {
		_ = s.send(message{Printed: &printed{*hold, lines}}) // that the supervisor is gone is seen elsewhere
	}
}

// obey reads orders until the pipe is closed.
func (s *slotChild) obey(in *bufio.Reader) error {
	for {
		var o order
		err := readFrame(in, &o)
		var returned *sweep.Hold
		s.mu.Lock()
		switch {
		case err != nil:
			s.closed = true
			if s.cancel != nil {
				s.cancel(command.ErrAbandoned)
			}
		case o.Run != nil:
			s.waiting = append(s.waiting, *o.Run)
		case o.Stop != nil:
			returned = s.stop(*o.Stop)
		case o.Recall != nil:
			returned = s.giveBack(*o.Recall)
		case o.Committed != nil:
			if s.committed[o.Committed.Trial] == nil {
				s.committed[o.Committed.Trial] = map[int]bool{}
			}
			s.committed[o.Committed.Trial][o.Committed.Update] = true
		}
		s.mu.Unlock()
		s.wake.Signal()
		if returned != nil {
			if err := s.send(message{Returned: returned}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
	}
}

// causes of the contexts of attempts.
var stopCauses = map[sweep.Cause]error{sweep.CausePreempted: train.ErrHandOver, sweep.CauseWalltime: train.ErrWalltime, sweep.CauseCancelled: context.Canceled}

// stop cancels the attempt if it runs, and gives it back if it has not begun.
func (s *slotChild) stop(o stopOrder) *sweep.Hold {
	if s.running != nil && *s.running == o.Hold {
		s.cancel(stopCauses[o.Why])
		return nil
	}
	return s.giveBack(o.Hold)
}

// giveBack takes an attempt that has not begun out of the queue; nil: there is none.
func (s *slotChild) giveBack(h sweep.Hold) *sweep.Hold {
	for i, g := range s.waiting {
		if g.Hold() == h {
			s.waiting = slices.Delete(s.waiting, i, i+1)
			return &h
		}
	}
	return nil
}

// next waits for the next trial; false: there will be none.
func (s *slotChild) next(ctx context.Context) (broker.Granted, context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for told := false; len(s.waiting) == 0 && !s.closed; {
		if told {
			s.wake.Wait()
			continue
		}
		s.mu.Unlock()
		s.flush() // the end of the trial before
		s.mu.Lock()
		told = true
	}
	if s.closed {
		return broker.Granted{}, nil, false
	}
	g := s.waiting[0]
	s.waiting = s.waiting[1:]
	hold := g.Hold()
	s.running = &hold
	ctx, s.cancel = context.WithCancelCause(ctx)
	return g, ctx, true
}

// work runs one trial after the other.
func (s *slotChild) work(ctx context.Context) error {
	defer s.flush()
	if s.runner != nil {
		runtime.LockOSThread() // for the life of this process: the kernel ties the death of programs to the thread that starts them
	}
	for {
		g, ctx, ok := s.next(ctx)
		if !ok {
			return nil
		}
		if err := s.send(message{Begun: s.running}); err != nil {
			return err
		}
		end := s.attempt(ctx, g)
		s.mu.Lock()
		s.running = nil
		s.cancel(nil)
		delete(s.committed, g.ID)
		s.mu.Unlock()
		if err := s.send(message{Report: &results.TrialReport{Trial: g.ID, Attempt: g.Attempt, Rank: g.Hold().Rank, End: &end}}); err != nil {
			return err
		}
	}
}

// attempt runs one attempt and turns an error into its end.
func (s *slotChild) attempt(ctx context.Context, g broker.Granted) results.End {
	if s.runner != nil {
		return s.external(ctx, g)
	}
	job := train.Job{Spec: s.spec, Trial: g.Trial, Attempt: g.Attempt, Updates: g.Updates, Dir: s.dir, Committed: func(update int) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.committed[g.ID][update]
	}}
	run := func() (results.End, error) {
		return train.Run(ctx, job, func(r results.TrialReport) error { return s.send(message{Report: &r}) })
	}
	if g.Gang != nil {
		run = func() (results.End, error) { return s.rank(ctx, g, job) }
	}
	end, err := run()
	if err != nil {
		return results.End{Cause: train.Classify(err), Update: end.Update, Detail: err.Error()}
	}
	return end
}

// external runs one attempt of an external program.
func (s *slotChild) external(ctx context.Context, g broker.Granted) results.End {
	end, err := s.runner.Run(ctx, command.Job{Trial: g.Trial, Attempt: g.Attempt, Resume: g.Resume},
		func(r results.TrialReport) error { return s.send(message{Report: &r}) })
	s.mu.Lock()
	idle := len(s.waiting) == 0
	s.mu.Unlock()
	if idle {
		s.runner.Tidy()
	}
	if err != nil {
		return results.End{Cause: train.Classify(err), Update: end.Update, Detail: err.Error()}
	}
	return end
}

// A message may wait so long for others.
const flushAfter = time.Millisecond

// send passes a message to the supervisor, a moment later at most. The end of a trial goes with the beginning of the next, or before next waits for one.
func (s *slotChild) send(m message) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil {
		return s.failed
	}
	ends := m.Report != nil && m.Report.End != nil
	if s.out.Buffered() == 0 && m.Begun == nil && !ends {
		time.AfterFunc(flushAfter, s.flush)
	}
	err := writeFrame(s.out, m)
	if err == nil && m.Begun != nil { // whatever the trial does to this process, the supervisor knows whose fault it is
		err = s.out.Flush()
	}
	return err
}

// flush sends what waits.
func (s *slotChild) flush() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.failed = s.out.Flush()
}
