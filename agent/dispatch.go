package agent

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// How far ahead trials are given to a slot, and asked for: enough that short ones stream, never so much that a long one waits behind a neighbour.
const (
	ahead    = 0.25 // seconds of work
	maxAhead = 64   // trials given to one slot
	maxAsked = 512  // trials held in all

	slowAfter = 4 * ahead * float64(time.Second) // a trial that runs for so long is not short
	patient   = 3 * time.Second                  // a trial that waits here for so long is handed back
	maxEarly  = 5                                // processes in a row that die before they are ready

	judgeAfter = 2 * time.Second
	diskPause  = 30 * time.Second
)

// depth is how many trials a slot is given at a time.
func (a *supervisor) depth() int {
	if a.typical <= 0 || a.typical > ahead {
		return 1
	}
	return min(int(ahead/a.typical)+1, maxAhead)
}

// capacity is how many trials this agent wants to hold.
func (a *supervisor) capacity() int {
	per := 1
	if a.typical > 0 && a.typical < 2*ahead {
		per = int(2*ahead/a.typical) + 1
	}
	return min(a.o.Slots*per, maxAsked)
}

// dispatch gives waiting trials to slots, the emptiest first, and starts processes as they are needed.
func (a *supervisor) dispatch() {
	if len(a.waiting) == 0 {
		return
	}
	now := time.Now()
	for len(a.waiting) > 0 && a.leaving == "" && a.fatal == nil {
		i, s := a.nextJob(func() *slot { return a.emptiest(now) })
		if s == nil {
			return
		}
		j := a.waiting[i]
		a.waiting = slices.Delete(a.waiting, i, i+1)
		j.slot = s
		s.jobs = append(s.jobs, j)
		s.orders <- order{Run: &j.granted}
	}
}

// emptiest is the slot with the fewest jobs; a new one where there are fewer than there may be and all are busy.
func (a *supervisor) emptiest(now time.Time) *slot {
	var best *slot
	for _, s := range a.slots {
		if !s.killed && !s.ganged() && !s.slow(now) && (best == nil || len(s.jobs) < len(best.jobs)) {
			best = s
		}
	}
	if (best == nil || len(best.jobs) > 0) && len(a.slots) < a.o.Slots {
		if s := a.newSlot(); s != nil {
			return s
		}
	}
	return best
}

// newSlot starts a process under the first free number.
func (a *supervisor) newSlot() *slot {
	taken := map[int]bool{}
	for _, s := range a.slots {
		taken[s.number] = true
	}
	number := 0
	for taken[number] {
		number++
	}
	a.serial++
	s, err := startSlot(number, a.serial, a.o, a.log, a.events)
	if err != nil {
		a.fatal = err
		return nil
	}
	s.orders <- order{Setup: &setup{Dir: a.o.Dir, Grace: a.o.Grace, Binary: a.hello.BinaryDigest, Silence: a.o.Silence}}
	a.slots = append(a.slots, s)
	return s
}

// slotEvent hears a slot.
func (a *supervisor) slotEvent(e slotEvent) {
	var s *slot
	for _, candidate := range a.slots {
		if candidate.serial == e.serial {
			s = candidate
		}
	}
	switch {
	case s == nil:
	case e.ended:
		a.slotDied(s, e)
	case e.message.Ready:
		s.ready, a.early = true, 0
		a.warm = a.warm || !slices.ContainsFunc(a.slots, func(s *slot) bool { return !s.ready })
	case e.message.Begun != nil:
		if j := s.find(*e.message.Begun); j != nil {
			j.began = time.Now()
			if j.stopped != "" { // it was told to stop before it began, and has not heard it as its own
				a.sendStop(j)
			}
		}
	case e.message.Returned != nil:
		if j := s.find(*e.message.Returned); j != nil {
			a.returned(j)
		}
	case e.message.Printed != nil:
		for _, line := range e.message.Printed.Lines {
			a.log.print(e.message.Printed.Hold, line)
		}
	case e.message.Report != nil:
		a.slotReport(s, e.message.Report)
	}
}

func (s *slot) find(h sweep.Hold) *job {
	for _, j := range s.jobs {
		if j.hold() == h {
			return j
		}
	}
	return nil
}

// slotReport passes a report on; with an End, the job is over.
func (a *supervisor) slotReport(s *slot, r *results.TrialReport) {
	a.report(*r)
	if r.End == nil {
		return
	}
	j := s.find(sweep.Hold{Trial: r.Trial, Attempt: r.Attempt, Rank: r.Rank})
	if j == nil {
		return
	}
	if !j.began.IsZero() && r.End.Cause == sweep.CauseCompleted {
		a.learn(time.Since(j.began).Seconds())
	}
	if r.End.Cause == sweep.CauseDisk {
		a.pausedUntil = time.Now().Add(diskPause)
		a.o.Log.Error().Str("trial", string(r.Trial)).Str("detail", r.End.Detail).Msg("the disk is full: this agent takes no trial for a while")
	}
	if text := r.End.Detail; text != "" {
		if a.o.external { // what the program said stands there already
			text, _, _ = strings.Cut(text, "\n")
		}
		a.log.print(j.hold(), text)
	}
	a.drop(j)
}

// learn follows how long trials take: a longer one is believed at once.
func (a *supervisor) learn(seconds float64) {
	const slowly = 0.2
	seconds = max(seconds, 1e-4)
	if a.typical == 0 || seconds > a.typical {
		a.typical = seconds
		return
	}
	a.typical += slowly * (seconds - a.typical)
}

// slotDied takes the job that ran in a dead process as ended; those behind it wait again.
func (a *supervisor) slotDied(s *slot, e slotEvent) {
	a.slots = slices.DeleteFunc(a.slots, func(other *slot) bool { return other == s })
	close(s.orders)
	if !s.ready {
		a.early++
	}
	jobs := s.jobs
	s.jobs = nil
	status, _ := e.state.Sys().(syscall.WaitStatus)
	var again []*job
	for _, j := range jobs {
		j.slot, j.recall = nil, false
		if !j.began.IsZero() {
			a.exited(j, e.state.String())
		}
		switch {
		case j.stopped != "":
			a.finish(j, results.End{Cause: j.stopped, Detail: "its process did not stop in time and was killed"})
		case j.began.IsZero():
			again = append(again, j)
		case status.Signaled():
			a.judge(j, s, e)
		default:
			a.finish(j, death(e.state, s.said.String(), false, ""))
		}
	}
	a.waiting = append(again, a.waiting...)
	began := len(again) < len(jobs)
	switch {
	case a.leaving != "" || a.fatal != nil:
	case !began && !status.Signaled(), a.early >= maxEarly:
		a.fatal = fmt.Errorf("a slot's process cannot be kept alive: %w: %s", e.err, s.said)
	default:
		a.newSlot()
	}
}

// judge says after a moment why a signal ended an attempt's process: SLURM signals every process at once, and the kernel counts late.
func (a *supervisor) judge(j *job, s *slot, e slotEvent) {
	words := s.said.String()
	j.dead = true
	a.dying[j] = func() results.End {
		kills := memoryKills()
		forMemory := kills > a.memoryKills
		a.memoryKills = kills
		leaving := a.leaving
		if !a.signalled {
			leaving = ""
		}
		return death(e.state, words, forMemory, leaving)
	}
	if a.signalled {
		a.buryOne(j)
		return
	}
	time.AfterFunc(judgeAfter, func() { a.deaths <- j })
}

// buryOne reports the end of an attempt whose process a signal has ended.
func (a *supervisor) buryOne(j *job) {
	end := a.dying[j]
	delete(a.dying, j)
	if end != nil && a.jobs[j.seat()] == j {
		a.finish(j, end())
	}
}

// bury does so for all of them: the agent was signalled, too, so nothing more is to be waited for.
func (a *supervisor) bury() {
	for j := range a.dying {
		a.buryOne(j)
	}
}
