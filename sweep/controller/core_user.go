package controller

import (
	"fmt"
	"math"
	"strings"

	"neurosweep/results"
	"neurosweep/sweep"
)

// asked does what a person wants.
func (c *Core) asked(r Request) {
	switch r.Want {
	case WantStop:
		if nothingLeft := c.finite && c.counts.Waiting == 0 && c.counts.Running == 0; !nothingLeft {
			c.leave(stopping)
		}
	case WantTakeover:
		if r.Term == c.options.Term {
			c.leave(leaving)
		}
	case WantPause, WantResume:
		if pause := r.Want == WantPause; pause != c.paused && c.mode == working {
			state := StateRunning
			if pause {
				state = StatePaused
			}
			c.paused, c.wake = pause, true
			c.write(results.Entry{State: &results.Change{State: state, Why: "sweep " + r.Want}})
		}
	case WantRelease:
		c.releaseNode(r.Node)
	case WantRetry:
		c.retry(r.Cause)
	case WantDrain:
		c.drainJobs(r.Jobs)
	case WantExtend:
		c.extend(r.Trials, r.Updates)
	}
}

// leave begins the end of this controller.
func (c *Core) leave(m mode) {
	if c.mode == working {
		c.mode = m
		c.dismiss()
	}
}

// stepDown ends this controller, and nothing else: nobody is told. A controller that was told to stop or to leave before gives up waiting for that.
func (c *Core) stepDown() {
	if c.mode != working {
		c.giveUp()
		return
	}
	c.mode = handing
	c.write(results.Entry{Event: &results.Event{Kind: "stepped down", Detail: fmt.Sprintf("term %d; agents go on, and find the next controller", c.options.Term)}})
}

// giveUp takes everything from agents that did not hand it over in time.
func (c *Core) giveUp() {
	if c.mode != stopping && c.mode != leaving {
		return
	}
	for _, a := range c.order {
		for _, t := range a.trials() {
			c.recallAttempt(t, sweep.CauseCancelled, "the controller left")
			c.settle(t)
		}
	}
}

// retry opens ended trials again: those whose outcome has the cause, or without one those that failed.
func (c *Core) retry(cause sweep.Cause) {
	for _, t := range c.plan {
		switch {
		case t.state != ended || t.outcome == sweep.OutcomeCompleted:
		case cause == "" && t.outcome != sweep.OutcomeFailed:
		case cause != "" && t.cause != cause:
		default:
			c.reopen(t)
		}
	}
}

func (c *Core) reopen(t *trial) {
	c.write(results.Entry{Outcome: &results.Outcome{Trial: t.ID}})
	c.open(t)
}

// open puts an ended trial back into the queue.
func (c *Core) open(t *trial) {
	c.counts.Ended--
	c.counts.Waiting++
	if t.outcome == sweep.OutcomeFailed {
		c.counts.Failed--
	}
	t.state, t.outcome, t.cause = waiting, "", ""
	if old := t.record; old != nil {
		t.record = newRecord()
		t.record.lasting = old.lasting
	}
	c.queueOf(t).add(t)
	c.wake = true
}

// EventTargetReached is the kind of the event that a sweep's target was reached.
const EventTargetReached = "target reached"

// A target ends a sweep as soon as one checkpoint's metric reaches it.
type target struct {
	metric, condition string
	sign              float64 // 1: to be maximised; -1: minimised; 0: there is no target
	value             float64
}

func targetOf(s *sweep.Spec) target {
	if s == nil || s.Metric == nil || s.Metric.Target == nil {
		return target{}
	}
	metric, condition, ok := strings.Cut(s.Metric.Name, "@")
	if !ok {
		condition = s.Select.Condition
	}
	sign := 1.0
	if s.Metric.Goal == "minimize" {
		sign = -1
	}
	return target{metric, condition, sign, *s.Metric.Target}
}

func (t target) reached(v float64) bool {
	return t.sign != 0 && !math.IsNaN(v) && t.sign*v >= t.sign*t.value
}

// check looks whether an evaluation reaches the target.
func (c *Core) check(id sweep.TrialID, e results.Eval) {
	if e.Metric == c.target.metric && e.Condition == c.target.condition {
		c.measured(id, float64(e.Value))
	}
}

// measured ends the sweep when the target is reached: trials that run end with what is complete of them, the others are cancelled.
func (c *Core) measured(id sweep.TrialID, value float64) {
	if c.mode != working || !c.target.reached(value) {
		return
	}
	c.finite = true
	c.target.sign = 0
	why := fmt.Sprintf("the target %g of %s@%s is reached: %g by trial %s", c.target.value, c.target.metric, c.target.condition, value, id)
	c.write(results.Entry{Event: &results.Event{Kind: EventTargetReached, Trial: id, Detail: why}})
	for _, t := range c.plan {
		switch t.state {
		case running:
			c.recallAttempt(t, sweep.CauseStopped, why)
			c.cut(t, why)
		case waiting:
			c.cut(t, why)
		}
	}
}

// cut ends a trial at its newest checkpoint, or cancels it where it has none.
func (c *Core) cut(t *trial, why string) {
	newest := c.ledger.Newest(t.ID)
	o := results.Outcome{Outcome: sweep.OutcomeCancelled, Cause: sweep.CauseStopped, Detail: why}
	if newest >= 0 && c.ledger.Complete(t.ID, newest) {
		o.Outcome, o.Update = sweep.OutcomeStopped, newest
	}
	c.end(t, o)
}
