package controller

import (
	"fmt"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// Agents of a cluster have an end. One that has little time left is given only what it can bring to a point from which the next attempt goes on: as much as
// trials of this sweep have needed so far, by what ended attempts have measured of themselves (learn).
const (
	leastTime = 10 * time.Second // with less left, an agent gets nothing
	// needed is how much more than the longest time that was measured must be left: machines differ, and are shared.
	needed = 1.25
	// forget is how fast the need follows shorter ones; a longer one is believed at once.
	forget = 0.05
)

// need is what the next attempt at any trial probably needs; 0: nothing is known yet.
func (c *Core) need() time.Duration { return time.Duration(needed * float64(c.longest)) }

// hasTime tells whether an agent has time for a trial of which nothing in particular is known. One that is new gets a trial in any case: it has all the time
// that agents of its kind ever have, and a guess shall not end a sweep.
func (c *Core) hasTime(a *agent) bool {
	switch {
	case a.left <= 0:
		return true
	case a.left < leastTime:
		return false
	}
	return !a.served || a.left >= c.need()
}

// inTime tells whether an agent has time for this trial: more than attempts at it have spent in vain.
func (c *Core) inTime(a *agent, t *trial) bool {
	vain := t.read().vain
	if a.left <= 0 || a.left > vain {
		return true
	}
	c.late = max(c.late, vain)
	return false
}

// tooLate tells an agent that holds nothing and was granted nothing that it has no time for what there is; "": that is not the reason.
func (c *Core) tooLate(a *agent) (detail string) {
	if a.left <= 0 || len(a.held) > 0 || c.mode != working || c.paused {
		return ""
	}
	left := a.left.Round(time.Second)
	switch {
	case a.left < leastTime:
		return fmt.Sprintf("it had only %v left", left)
	case !c.hasTime(a):
		return fmt.Sprintf("it had %v left, and a trial needs about %v", left, c.need().Round(time.Second))
	case c.late > 0:
		return fmt.Sprintf("it had %v left, and attempts at what waits have spent %v in vain: give the agents more time", left, c.late.Round(time.Second))
	}
	return ""
}

// learn follows how long an attempt needs until it has something to hand over: a trial that is trained the start, an update and a checkpoint; a program's
// the time to its first checkpoint; any other the whole trial. An attempt that was told to leave before that was in vain, and the trial needs more than it took.
func (c *Core) learn(t *trial, end results.End) {
	var took time.Duration
	switch p := end.Pace; {
	case p != nil && p.Updates > 0:
		took = seconds(p.Start + p.Update + p.Checkpoint)
	case p != nil:
	case t.saved > 0:
		took = t.saved
	case arrived(end.Cause):
		took = seconds(end.Seconds)
	}
	if took > 0 {
		if t.record != nil {
			t.record.vain = 0
		}
		if c.longest = max(c.longest, took); took < c.longest {
			c.longest -= time.Duration(forget * float64(c.longest-took))
		}
		return
	}
	if end.Cause == sweep.CausePreempted || end.Cause == sweep.CauseWalltime {
		r := t.recorded()
		r.vain = max(r.vain, seconds(end.Seconds))
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// drain tells whether an agent shall leave, and why where that concerns it alone.
func (c *Core) drain(a *agent) (leave bool, why string) {
	switch {
	case c.mode != working:
		return true, ""
	case a.host != nil && c.quarantined[a.host.name]:
		return true, broker.DrainNode
	case c.drained[a.job]:
		return true, broker.DrainJob
	case a.tooLate != "":
		return true, broker.DrainTime
	}
	return false, ""
}
