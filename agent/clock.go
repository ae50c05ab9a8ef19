package agent

import (
	"context"
	"time"
)

// A clock is what the agent knows of its own end.
type clock struct {
	ends   chan time.Time // what Options.End has found out
	known  bool
	until  time.Time // when the agent must leave; zero: it has no end
	since  time.Time // when it began
	busyAt time.Time // when it last held a trial
}

// endWithin is how long the first ask waits for the end to be known.
const endWithin = 2 * time.Second

// startClock finds out when the agent ends, beside everything else.
func (a *supervisor) startClock(ctx context.Context) {
	now := time.Now()
	a.clock = clock{ends: make(chan time.Time, 1), since: now, busyAt: now, known: a.o.End == nil}
	if a.o.End == nil {
		return
	}
	go func() {
		end, err := a.o.End(ctx)
		if err != nil {
			a.o.Log.Warn().Err(err).Msg("it is not known when this job ends: the agent relies on the warning")
		}
		a.ends <- end
	}()
}

// ending is how long before its end the agent leaves: trials get Grace to stop, and what they have said must reach the controller.
func (a *supervisor) ending() time.Duration { return a.o.Grace + 2*a.o.Heartbeat }

// learnEnd takes when the agent ends; zero: nobody knows, or it does not.
func (a *supervisor) learnEnd(end time.Time) {
	a.known = true
	if !end.IsZero() {
		now := time.Now()
		a.until = now.Add(end.Round(0).Sub(now.Round(0)) - a.ending()) // by the wall clock now, by the monotonic one from now on
	}
}

// timeLeft is for an ask: 0 without an end, never 0 with one.
func (a *supervisor) timeLeft(now time.Time) time.Duration {
	if a.until.IsZero() {
		return 0
	}
	return max(a.until.Sub(now), 1)
}

// watchClock leaves when the time is up, or when there was nothing to do for too long.
func (a *supervisor) watchClock(now time.Time) {
	if len(a.jobs) > 0 || !a.greeted {
		a.busyAt = now
	}
	switch {
	case !a.until.IsZero() && now.After(a.until):
		a.leave(LeftWalltime)
	case a.o.IdleTimeout > 0 && now.Sub(a.busyAt) >= a.o.IdleTimeout:
		a.leave(LeftIdle)
	}
}
