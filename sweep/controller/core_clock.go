package controller

import (
	"slices"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// awayAfter is the part of a lease after which a silence of the shell itself means that the controller was away (suspended,
// stopped, or busy): ticks come far more often.
const awayAfter = 4

// advance moves the clocks. Time in which nobody could have been heard is not counted against anybody's lease.
func (c *Core) advance(now time.Duration) {
	passed := max(now-c.now, 0)
	c.now = max(now, c.now)
	switch {
	case c.away:
	case passed > c.options.Expiry/awayAfter:
		c.back()
	default:
		c.clock += passed
	}
}

// back gives every lease a full term, and remembers that losses may be the controller's own fault.
func (c *Core) back() {
	c.epoch++
	c.expire = c.clock + c.options.Expiry
}

// link notes that the broker went away or came back.
func (c *Core) link(up bool) {
	if c.away == up { // a change
		c.away = !up
		c.back()
	}
}

// tick takes the leases that have expired, and reminds of work.
func (c *Core) tick() {
	for _, a := range c.order {
		a.told = false
		if a.gap > 0 && c.ledger.HighWater(a.id) < a.gap {
			c.at = append(c.at, ReadSpool{a.id})
		}
	}
	for _, a := range c.order { // a node's hosts in the order of their agents
		if a.host != nil {
			c.judge(a.host)
		}
	}
	c.wake = c.counts.Waiting > 0
	if c.away || c.clock < c.expire {
		return
	}
	c.missParts()
	c.missFormer()
	for _, a := range c.order {
		switch {
		case a.fate != staying:
		case c.clock-a.heard > c.options.Expiry:
			c.missed(a)
		case a.dead:
			c.missed(a)
		case a.overdue(c.clock - c.options.Expiry):
			c.at = append(c.at, ReadSpool{a.id})
		}
	}
}

// missFormer says which agents of earlier controllers are lost: those that have not come to this one for as long as a lease. What they held has been given to others.
func (c *Core) missFormer() {
	for _, name := range c.former {
		c.write(results.Entry{Event: &results.Event{Kind: results.EventAgentLeft, Agent: name, Detail: "it was lost: it has not come back since the last controller"}})
	}
	c.former = nil
}

// overdue tells whether the agent holds an attempt that it has not named since the given time.
func (a *agent) overdue(since time.Duration) bool {
	for _, t := range a.held {
		if a.overdueAt(t, since) {
			return true
		}
	}
	return false
}

// overdueAt tells whether it has not named one of its ranks of a trial.
func (a *agent) overdueAt(t *trial, since time.Duration) bool {
	return slices.ContainsFunc(t.seats, func(s seat) bool { return s.agent == a && s.named < since })
}

// died takes the leases of an agent whose process has ended.
func (c *Core) died(i sweep.Incarnation) {
	if a := c.agents[i]; a != nil && a.fate == staying {
		a.dead = true
		c.missed(a)
	}
}

// missed takes the leases of an agent that is silent or dead. Where its scheduler can be asked, it says first how the agent's job has ended: one that ran out of memory as a whole has left no
// other trace. An agent that is heard meanwhile is not missed any more.
func (c *Core) missed(a *agent) {
	switch {
	case a.asked:
	case c.options.AsksJobs && a.job != "" && len(a.held) > 0:
		a.asked = true
		c.at = append(c.at, AskJob{a.id, a.job})
	default:
		c.depart(a, lost)
	}
}

// jobAsked takes the scheduler's answer.
func (c *Core) jobAsked(e JobAsked) {
	a := c.agents[e.Incarnation]
	if a == nil || a.fate != staying || !a.asked {
		return
	}
	a.asked = false
	if silent := !c.away && c.clock >= c.expire && c.clock-a.heard > c.options.Expiry; silent || a.dead {
		a.starved = e.OutOfMemory
		c.depart(a, lost)
	}
}
