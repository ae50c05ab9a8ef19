package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// How many events are taken before the log is synced for all of them, and how often the world is looked at.
const (
	maxGroup    = 2048
	groupTime   = 5 * time.Millisecond
	pollEvery   = 500 * time.Millisecond
	ticksALease = 16
	// A flush writes the state of every trial, which costs as much as so many rows each: it waits for as many new ones.
	snapshotRows = 4
)

// loop takes events until the core has finished, and a little longer, so that agents hear of it.
func (s *shell) loop(ctx context.Context) error {
	ticks := time.NewTicker(s.o.Expiry / ticksALease)
	defer ticks.Stop()
	polls := time.NewTicker(pollEvery)
	defer polls.Stop()
	interrupted := ctx.Done()
	var giveUp, farewell <-chan time.Time
	for {
		var err error
		select {
		case <-interrupted:
			interrupted = nil
			giveUp = time.After(s.o.Drain)
			err = s.leave()
		case <-giveUp:
			err = s.step(GiveUp{})
		case err = <-s.lost:
		case <-farewell:
			return nil
		case <-ticks.C:
			err = s.step(Tick{})
		case <-polls.C:
			if err = s.requests(); err == nil {
				err = s.lookAtProcesses()
			}
			if giveUp == nil && s.core.mode == stopping {
				giveUp = time.After(s.o.Drain)
			}
		case dead := <-s.jobs.answers:
			err = s.hearOfJobs(dead)
		case up := <-s.hub.Links():
			err = s.step(Link{up})
		case a := <-s.hub.Asks():
			err = s.ask(a)
		case d := <-s.hub.Reports():
			err = s.take(d)
		case err = <-s.hub.Failed():
		case err = <-s.flushing:
			s.flushing = nil
		}
		if err == nil {
			err = s.gather()
		}
		if err != nil {
			return err
		}
		s.flushIfDue()
		s.show(false)
		if s.finished != nil {
			if s.core.mode == handing || s.core.Counts().Agents == 0 {
				return nil
			}
			if farewell == nil {
				farewell = time.After(s.o.Farewell)
			}
		}
	}
}

// leave begins the end of this controller: with its agents, or without them where they outlive it.
func (s *shell) leave() error {
	if s.o.Outlived {
		s.o.Log.Info().Int("term", s.term.Number()).Msg("the controller steps down; agents go on, and find the next one")
		return s.step(SteppedDown{})
	}
	return s.step(Interrupted{})
}

// gather takes what else is there already, within bounds, and commits it.
func (s *shell) gather() error {
	begin := time.Now()
	for n := 0; n < maxGroup && time.Since(begin) < groupTime; n++ {
		var err error
		select {
		case a := <-s.hub.Asks():
			err = s.ask(a)
		case d := <-s.hub.Reports():
			err = s.take(d)
		default:
			return s.commit()
		}
		if err != nil {
			return err
		}
	}
	return s.commit()
}

func (s *shell) ask(a broker.Asked) error {
	s.ticket++
	s.asked[s.ticket] = a
	if h := a.Request.Hello; h != nil {
		s.watch(a.Request.Incarnation, h.Host, h.PID)
	}
	return s.step(Requested{s.ticket, a.Request})
}

// take takes one delivered report. One that is no report is acknowledged like the others, and leaves a line in the log.
func (s *shell) take(d broker.Delivery) error {
	s.delivered = &d
	var r results.Report
	if err := json.Unmarshal(d.Data, &r); err != nil {
		s.o.Log.Warn().Err(err).Msg("a report that is none")
		return nil
	}
	s.note(&r)
	return s.step(Reported{&r})
}

// step gives an event to the core and does what it commands.
func (s *shell) step(e Event) error {
	commands, err := s.core.Step(time.Since(s.begun), e)
	for i := 0; i < len(commands) && err == nil; i++ {
		err = s.do(commands[i])
	}
	return err
}

// commit makes everything durable that the core has decided, and lets it say so.
func (s *shell) commit() error {
	for s.core.Dirty() {
		if err := s.term.Valid(); err != nil {
			return err
		}
		if err := s.writer.Sync(); err != nil {
			return fmt.Errorf("commit: %w; nothing that was committed before is lost, and sweep resume goes on when there is room", err)
		}
		if err := s.step(Synced{}); err != nil {
			return err
		}
	}
	if s.delivered != nil {
		if err := s.delivered.Ack(); err != nil {
			s.o.Log.Debug().Err(err).Msg("an acknowledgement was lost: the reports come again")
		}
		s.delivered = nil
	}
	return s.writer.Sync()
}

// do does one command.
func (s *shell) do(command Command) error {
	switch c := command.(type) {
	case Answer:
		a := s.asked[c.Ticket]
		delete(s.asked, c.Ticket)
		if err := s.hub.Answer(a, c.Reply); err != nil {
			s.o.Log.Debug().Err(err).Msg("an answer could not be sent")
		}
	case Tell:
		if s.hub == nil {
			return nil
		}
		if err := s.hub.Tell(c.Incarnation, c.Control); err != nil {
			s.o.Log.Debug().Err(err).Msg("a control message could not be sent")
		}
	case ReadSpool:
		if err := s.readSpool(c.Incarnation); err != nil {
			return err
		}
		return s.step(SpoolRead(c))
	case AskJob:
		s.jobs.ask(c)
	case Draw:
		trials, draws, err := s.plan.Next(c.Trials)
		if err != nil {
			return fmt.Errorf("draw trials: %w", err)
		}
		return s.step(Drawn{Trials: trials, Draws: draws, End: len(trials) < c.Trials})
	case Finished:
		s.finished = &c
	}
	return nil
}

// pending lists what people want of this controller.
func (s *shell) pending() []Request {
	pending, err := Pending(s.o.Dir)
	if err != nil {
		s.o.Log.Warn().Err(err).Msg("a request cannot be read")
	}
	return slices.DeleteFunc(pending, func(r Request) bool {
		return r.Want == WantTakeover && r.Term != s.term.Number() // for an earlier controller, and whoever made it takes it back
	})
}

// requests does what people want of this controller.
func (s *shell) requests() error {
	pending := s.pending()
	for i, r := range pending {
		if s.core.finished { // the next controller does it
			pending = pending[:i]
			break
		}
		s.o.Log.Info().Str("want", r.Want).Str("cause", string(r.Cause)).Msg("a request")
		var err error
		if r.Want == WantTakeover && s.o.Outlived {
			err = s.leave()
		} else {
			err = s.step(Asked{r})
		}
		if err != nil {
			return err
		}
	}
	if err := s.commit(); err != nil {
		return err
	}
	return doneWith(pending)
}

// doneWith removes requests that are done, and in the log.
func doneWith(requests []Request) error {
	for _, r := range requests {
		if err := r.done(); err != nil {
			return fmt.Errorf("remove a request that is done: %w", err)
		}
	}
	return nil
}

// watch remembers the process of an agent on this machine: that it is gone is then known before its lease expires.
func (s *shell) watch(i sweep.Incarnation, host string, pid int) {
	if host == s.term.Holder().Host && pid > 0 {
		s.watched[i] = pid
	}
}

// lookAtProcesses finds agents of this machine that are gone.
func (s *shell) lookAtProcesses() error {
	for i, pid := range s.watched {
		if syscall.Kill(pid, 0) != syscall.ESRCH {
			if _, alive := processStart(pid); alive || !hasProc() {
				continue
			}
		}
		delete(s.watched, i)
		if err := s.step(Died{i}); err != nil {
			return err
		}
	}
	return nil
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// processOf reads back what AgentName made.
func processOf(name string) (host string, pid int, ok bool) {
	i := strings.LastIndex(name, ":")
	if i < 0 {
		return "", 0, false
	}
	pid, err := strconv.Atoi(name[i+1:])
	return name[:i], pid, err == nil
}

// flushIfDue has rows turned into Parquet, in another goroutine, when there are many or the last time is long ago.
func (s *shell) flushIfDue() {
	due := time.Since(s.lastFlush) >= s.o.Flush || s.writer.Pending() >= s.o.FlushRows+snapshotRows*s.core.Counts().Planned
	if s.flushing != nil || !due || s.finished != nil {
		return
	}
	s.lastFlush = time.Now()
	done := make(chan error, 1)
	s.flushing = done
	go func() { done <- s.writer.Flush(context.Background()) }()
}

// awaitFlush waits for the flush that runs.
func (s *shell) awaitFlush() error {
	if s.flushing == nil {
		return nil
	}
	err := <-s.flushing
	s.flushing = nil
	return err
}
