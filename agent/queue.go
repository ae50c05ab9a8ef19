package agent

import (
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// Trials are given to slots ahead of time on the guess that they are short. This file takes them back where the guess was wrong.

// slow tells whether the slot runs a trial that is not short: nothing shall wait behind it.
func (s *slot) slow(now time.Time) bool {
	j := s.running()
	return j != nil && now.Sub(j.began) > time.Duration(slowAfter)
}

// running is the job that the process has begun; nil: none.
func (s *slot) running() *job {
	if len(s.jobs) == 0 || s.jobs[0].began.IsZero() {
		return nil
	}
	return s.jobs[0]
}

// lookAfter kills a process that does not stop, and has what waits behind a slow trial given back.
func (a *supervisor) lookAfter(s *slot, now time.Time) {
	for _, j := range s.jobs {
		if !j.killAt.IsZero() && now.After(j.killAt) && !s.killed {
			a.o.Log.Warn().Str("trial", string(j.granted.ID)).Int("attempt", j.granted.Attempt).Msg("the trial does not stop: its process is killed")
			s.kill()
		}
	}
	if !s.slow(now) || s.killed {
		return
	}
	a.typical = max(a.typical, now.Sub(s.running().began).Seconds())
	for _, j := range s.jobs[1:] {
		if !j.recall {
			j.recall = true
			h := j.hold()
			s.orders <- order{Recall: &h}
		}
	}
}

// returned takes a job back that a slot has not begun.
func (a *supervisor) returned(j *job) {
	s := j.slot
	for i, w := range s.jobs {
		if w == j {
			s.jobs = append(s.jobs[:i:i], s.jobs[i+1:]...)
			break
		}
	}
	j.slot, j.recall, j.waits = nil, false, time.Now()
	if j.stopped != "" {
		a.finish(j, results.End{Cause: j.stopped, Detail: "it was not running"})
		return
	}
	a.waiting = append(a.waiting, j)
}

// handBack gives the controller back what has waited here for long: another agent may have room for it.
func (a *supervisor) handBack(now time.Time) {
	var late []*job
	for _, j := range a.waiting {
		if now.Sub(j.waits) > patient {
			late = append(late, j)
		}
	}
	for _, j := range late {
		a.finish(j, results.End{Cause: sweep.CausePreempted, Detail: "handed back before it began: the trials before it take longer than was expected"})
	}
}
