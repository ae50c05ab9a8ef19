package controller

import (
	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// maxGrant bounds the trials of one answer, so that it fits a message of 1 MiB with 2 KiB for each trial.
const maxGrant = 512

// ask answers an agent that wants trials. The same sequence gets the same answer, less what the agent has lost or ended since.
func (c *Core) ask(e Requested, a *agent) {
	q := e.Request.Ask
	switch {
	case q.Sequence == a.sequence:
		c.answer(e.Ticket, broker.Reply{Trials: a.granted(), Done: c.mode == over, Drain: c.mode != working})
		return
	case q.Sequence < a.sequence: // it was overtaken: nobody waits for an answer any more
		c.answer(e.Ticket, broker.Reply{})
		return
	}
	want := max(min(q.Free, maxGrant), 0)
	if missing := want - c.counts.Waiting; missing > 0 && !c.finite && c.mode == working && !c.paused {
		c.deferred = append(c.deferred, e)
		c.draw(missing)
		return
	}
	a.sequence, a.answer, a.attempts = q.Sequence, nil, nil
	a.hungry = want > 0
	if c.mode == working && !c.paused {
		c.grant(a, want)
	}
	c.answer(e.Ticket, broker.Reply{Trials: a.granted(), Done: c.mode == over, Drain: c.mode != working})
}

// grant begins attempts at up to want trials.
func (c *Core) grant(a *agent, want int) {
	taken := c.room(a.host, want)
	if len(taken) == 0 {
		return
	}
	grants := make([]results.Grant, len(taken))
	for i, t := range taken {
		c.hand(t, a, t.attempt+1)
		if c.commands() {
			t.resume = max(c.ledger.Newest(t.ID), 0)
		}
		a.host.held++
		a.answer = append(a.answer, t)
		a.attempts = append(a.attempts, t.attempt)
		grants[i] = results.Grant{Trial: t.ID, Attempt: t.attempt}
	}
	a.hungry = len(taken) < want
	c.write(results.Entry{Granted: &results.Granted{Incarnation: a.id, Agent: a.name, Trials: grants}})
}

// granted is the answer to the agent's last ask, as far as it still holds.
func (a *agent) granted() []broker.Granted {
	var list []broker.Granted
	for i, t := range a.answer {
		if a.held[t.ID] == t && t.attempt == a.attempts[i] {
			list = append(list, broker.Granted{Trial: t.Trial, Attempt: t.attempt, Updates: t.updates, Resume: t.resume})
		}
	}
	return list
}

// draw wants more trials of a plan that has no end, or not yet.
func (c *Core) draw(n int) {
	if c.drawing || c.paused || c.mode != working {
		return
	}
	c.drawing = true
	c.at = append(c.at, Draw{n})
}

// drawn adds the drawn trials to the plan and answers the asks that waited for them.
func (c *Core) drawn(e Drawn) {
	c.drawing = false
	c.finite = c.finite || e.End || len(e.Trials) == 0
	var planned []sweep.Trial
	for _, drawn := range e.Trials {
		if t := c.plant(drawn); t != nil {
			planned = append(planned, drawn)
			c.queue.add(t)
		}
	}
	if len(e.Trials) > 0 {
		c.write(results.Entry{Planned: &results.Planned{Trials: planned, Draws: e.Draws}})
	}
	if e.End {
		c.write(results.Entry{Event: &results.Event{Kind: "plan complete", Detail: "no more trials can be drawn"}})
	}
	asks := c.deferred
	c.deferred = nil
	for _, ask := range asks {
		c.requested(ask)
	}
	c.wake = c.wake || len(planned) > 0
}

// wakeHungry tells agents that got less than they could start that there is work now, as many as there are trials.
func (c *Core) wakeHungry() {
	if !c.wake {
		return
	}
	c.wake = false
	if c.mode != working || c.paused {
		return
	}
	n := c.counts.Waiting
	for _, a := range c.order {
		if n == 0 {
			return
		}
		if a.hungry && !a.told && a.fate == staying {
			a.told = true
			n--
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Work: true}})
		}
	}
}
