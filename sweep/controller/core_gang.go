package controller

import (
	"fmt"
	"slices"
	"strings"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A gang is a trial that several ranks train together, each in a slot of an agent. It is granted when slots for all its ranks are free, on one agent or several; its attempt
// ends once, for all of them.
//
// Who is first in the queue is served first. Where that is a gang, slots that become free are kept for it until they are enough, and nothing else is granted
// meanwhile: neither gangs nor single trials starve, and fewer slots stand idle than the gang has ranks. A gang with more ranks than all agents have slots is put
// aside until there are more agents, and the others go on.

// ranksOf is how many slots a trial takes.
func (c *Core) ranksOf(t sweep.Trial) int {
	if c.options.Ranks == nil {
		return 1
	}
	return max(c.options.Ranks(t), 1)
}

// pick takes the next trial of one rank that an agent may start out of the queue; nil: there is none for it. The agent can start so many trials, what is due to it among
// them; gangs that come first get what it offers.
func (c *Core) pick(a *agent, room int) *trial {
	h := a.host
	if h.alone != nil || c.suspected(h) {
		return nil
	}
	may := func(t *trial) bool { return c.mine(a, t) && c.inTime(a, t) && !c.avoids(h, t) }
	if h.reserved != nil && h.reserved.state != waiting {
		h.reserved = nil // another attempt has delivered it
	}
	if h.reserved == nil {
		h.reserved = c.queueFor(a).alone.popThat(may)
	}
	if t := h.reserved; t != nil && t.ranks == 1 {
		if h.held > 0 || !may(t) {
			return nil
		}
		h.reserved, h.alone = nil, t
		return t
	}
	for len(a.due) < room {
		due := len(a.due)
		if c.gather(a, room-due) {
			break
		}
		if len(a.due) > due {
			continue
		}
		t := c.queueFor(a).take(may)
		if t == nil || t.ranks == 1 {
			return t
		}
		c.seek(t)
	}
	return nil
}

// seek begins to keep slots for a gang, or puts it aside.
func (c *Core) seek(t *trial) {
	switch {
	case t == c.gathering || t.aside:
	case c.gathering != nil || !c.possible(t):
		t.aside = true
		c.aside = append(c.aside, t)
	default:
		c.gathering = t
		for _, a := range c.order {
			a.offered, a.called = 0, 0
		}
		c.wake = true
	}
}

// possible tells whether the agents have slots for all ranks of a trial.
func (c *Core) possible(t *trial) bool {
	slots := 0
	for _, a := range c.order {
		if a.greeted && a.fate == staying {
			slots += a.slots
		}
	}
	if slots < t.ranks && !c.short {
		c.short = true
		c.write(results.Entry{Event: &results.Event{Kind: results.EventGangWaiting, Trial: t.ID,
			Detail: fmt.Sprintf("it needs %d slots at a time, all agents together have %d: start more agents", t.ranks, slots)}})
	}
	return slots >= t.ranks
}

// gather keeps the slots that an agent offers for the gang that is gathered, and grants that if they are enough. true: the agent gets nothing else.
func (c *Core) gather(a *agent, offered int) bool {
	t := c.gathering
	if t != nil && (t.state != waiting || !c.possible(t)) {
		c.scatter()
		if t.state == waiting {
			c.seek(t)
		}
		t = nil
	}
	if t == nil || !c.kept(t, a.host) {
		return false
	}
	a.offered = min(offered, a.slots-a.taken)
	members := c.members(t)
	if len(members) < t.ranks {
		return true
	}
	c.grantGang(t, members, a)
	c.scatter()
	return false
}

// kept tells whether a host's slots are for a gang: all hosts' are, but where it must be alone only those that are kept free for it.
func (c *Core) kept(t *trial, h *host) bool {
	if !t.read().mustBeAlone() || h.reserved == t {
		return h.reserved == nil || h.reserved == t
	}
	if h.reserved != nil {
		return false
	}
	slots := 0
	for _, a := range c.order {
		if a.host != nil && a.host.reserved == t {
			slots += a.slots
		}
	}
	if slots < t.ranks {
		h.reserved = t
	}
	return h.reserved == t
}

// members are the agents whose offered slots a gang may have, one for each rank; fewer than it has ranks where they are not enough.
func (c *Core) members(t *trial) (members []*agent) {
	alone := t.read().mustBeAlone()
	for _, a := range c.order {
		h := a.host
		if h == nil || a.fate != staying || a.asked || c.quarantined[h.name] || c.drained[a.job] || h.alone != nil || h.reserved != nil && h.reserved != t || alone && (h.reserved != t || h.held > 0) || !c.inTime(a, t) {
			continue
		}
		n := min(a.offered, a.slots-a.taken, t.ranks-len(members))
		members = append(members, slices.Repeat([]*agent{a}, max(n, 0))...)
	}
	return members
}

// scatter ends the keeping of slots, with or without a grant: gangs that were put aside come first now.
func (c *Core) scatter() {
	for _, h := range c.hosts {
		if h.reserved == c.gathering {
			h.reserved = nil
		}
	}
	c.gathering = nil
	c.recallAside()
}

// recallAside gives gangs that were put aside another try.
func (c *Core) recallAside() {
	for _, t := range c.aside {
		t.aside = false
		if t.state == waiting && !t.queued {
			t.queued = true
			c.queue.first.push(t)
		}
	}
	c.aside = c.aside[:0]
	c.wake = true
}

// hurryGang has the gang that is gathered wait for nobody's next ask: it is granted when what its agents have offered is enough by now, and agents that would offer more than
// they have, because trials of theirs have ended since they asked in vain, are told to ask.
func (c *Core) hurryGang() {
	t := c.gathering
	if !c.wake || t == nil || t.state != waiting || c.mode != working || c.paused {
		return
	}
	if members := c.members(t); len(members) >= t.ranks {
		c.grantGang(t, members, nil)
		c.scatter()
		return
	}
	for _, a := range c.order {
		if free := a.slots - a.taken; a.fate == staying && a.hungry && free > a.offered && free != a.called {
			a.called = free
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Work: true}})
		}
	}
}

// grantGang begins an attempt of several ranks. The agent that asks gets its part with the answer; the others, or all where nobody asks, are told to ask.
func (c *Core) grantGang(t *trial, members []*agent, asking *agent) {
	c.hand(t, members, t.attempt+1)
	grant := results.Grant{Trial: t.ID, Attempt: t.attempt}
	for rank, a := range members {
		grant.Ranks = append(grant.Ranks, results.Member{Incarnation: a.id, Agent: a.name})
		a.due = append(a.due, grantedSeat{t, t.attempt, rank})
		if t.read().mustBeAlone() {
			a.host.alone = t
		}
	}
	c.write(results.Entry{Granted: &results.Granted{Incarnation: members[0].id, Agent: members[0].name, Trials: []results.Grant{grant}}})
	for _, a := range slices.Compact(slices.Clone(members)) {
		if a != asking {
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Work: true}})
		}
	}
}

// gangEnded takes what one rank says of its end. Rank 0 speaks for all of them, unless it has only lost the others: whoever is to blame says so itself, or its lease expires.
func (c *Core) gangEnded(t *trial, rank int, end results.End) {
	switch {
	case end.Cause == sweep.CauseCancelled, rank > 0 && arrived(end.Cause):
		c.leaveSeat(t, rank)
		if end.Cause == sweep.CauseCancelled {
			if r := t.recorded(); r.word == "" {
				r.word = end.Detail
			}
			c.tellRanks(t)
		}
		if !t.seated() {
			c.lose(t, sweep.CauseNode, t.epoch == c.epoch && !c.away, strings.TrimSpace("its ranks lost one another. "+t.read().word))
		}
		return
	case rank > 0:
		end.Detail = strings.TrimSpace(fmt.Sprintf("rank %d: %s", rank, end.Detail))
	}
	c.leaveSeat(t, rank)
	c.write(results.Entry{Ended: &results.Ended{Trial: t.ID, Attempt: t.attempt, Cause: end.Cause, Detail: end.Detail, Own: true, Update: end.Update, Seconds: end.Seconds}})
	if !arrived(end.Cause) {
		c.tellRanks(t)
	}
	c.free(t)
	c.account(t, end)
}

// isGang tells whether several ranks train a trial.
func (t *trial) isGang() bool { return t.ranks > 1 || len(t.seats) > 1 }

// has tells whether an agent has a rank of a running trial.
func (t *trial) has(a *agent) bool {
	return slices.ContainsFunc(t.seats, func(s seat) bool { return s.agent == a })
}

// seated tells whether a rank of a running trial has not ended.
func (t *trial) seated() bool {
	return slices.ContainsFunc(t.seats, func(s seat) bool { return s.agent != nil })
}

// tellRanks tells the agents of a gang to stop their ranks.
func (c *Core) tellRanks(t *trial) {
	if len(t.seats) < 2 {
		return
	}
	for rank, s := range t.seats {
		if s.agent != nil && s.agent.fate == staying {
			lost := sweep.Hold{Trial: t.ID, Attempt: t.attempt, Rank: rank}
			c.do(Tell{s.agent.id, broker.Control{Version: broker.MessageVersion, Lost: []sweep.Hold{lost}}})
		}
	}
}

// seatsOf are the ranks of a running trial that an agent has.
func (t *trial) seatsOf(a *agent) (ranks []int) {
	for rank, s := range t.seats {
		if s.agent == a {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// lostAgent says in whose place an attempt is ended.
func (t *trial) lostAgent(a *agent, what string) string {
	if len(t.seats) < 2 {
		return "the agent " + what
	}
	ranks := strings.Trim(fmt.Sprint(t.seatsOf(a)), "[]")
	return fmt.Sprintf("the agent of rank %s %s", strings.ReplaceAll(ranks, " ", ", "), what)
}
