package controller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// An agent is one incarnation as the controller sees it.
type agent struct {
	id      sweep.Incarnation
	name    string // host and process id, for people
	host    *host
	job     string // of the scheduler; "": none
	greeted bool   // it said Hello to this controller; else it is known from the log only
	heard   time.Duration
	slots   int // processes that run trials
	rank    int // of a numbered agent, of so many
	size    int
	held    map[sweep.TrialID]*trial
	taken   int // seats that it has of these
	fate    fate

	sequence uint64        // of the last ask
	answer   []grantedSeat // what it was granted then
	due      []grantedSeat // its part of gangs, which it hears when it asks next
	offered  int           // slots that are kept for the gang that is gathered
	called   int           // free slots that it had when it was told that the gang could have them
	hungry   bool          // it got less than it could start
	told     bool          // of work, since the last tick

	left    time.Duration // of its time, when it last asked; 0: it has no end
	served  bool          // it was granted something
	tooLate string        // why it has no time for anything that waits; "": it has
	why     string        // it said that it leaves
	dead    bool          // its process is gone
	asked   bool          // how its job has ended is being asked
	starved bool          // its job was ended for lack of memory

	gap      uint64 // sequence of a report that came too early
	announce bool   // a commit is to be announced
}

// A fate is why an agent goes.
type fate int

const (
	staying fate = iota
	left         // it said so
	lost         // its lease expired, or its process died
)

// held in plan order, so that equal events give equal entries.
func (a *agent) trials() []*trial {
	return slices.SortedFunc(maps.Values(a.held), func(x, y *trial) int { return cmp.Compare(x.place, y.place) })
}

// agent finds an incarnation, or makes it known.
func (c *Core) agent(i sweep.Incarnation) *agent {
	a := c.agents[i]
	if a == nil {
		a = &agent{id: i, held: map[sweep.TrialID]*trial{}, heard: c.clock}
		c.agents[i] = a
		c.order = append(c.order, a)
	}
	return a
}

// requested answers one request.
func (c *Core) requested(e Requested) {
	r := e.Request
	a := c.agents[r.Incarnation]
	switch {
	case c.mode == handing: // the next controller will answer, when it is asked again
		return
	case r.Version != broker.MessageVersion:
		c.answer(e.Ticket, broker.Reply{Refused: fmt.Sprintf("the agent speaks version %d of the protocol, the controller version %d: start the agent from the controller's binary",
			r.Version, broker.MessageVersion)})
		return
	case r.Hello != nil:
		c.hello(e.Ticket, r)
		return
	case a == nil || !a.greeted || a.fate != staying:
		c.answer(e.Ticket, broker.Reply{Unknown: true})
		return
	}
	c.hear(a)
	switch {
	case r.Ask != nil:
		c.ask(e, a)
	case r.Beat != nil:
		leave, why := c.drain(a)
		c.answer(e.Ticket, broker.Reply{Lost: c.reconcile(a, r.Beat.Holding), Drain: leave, Why: why})
	case r.Leave != nil:
		a.why = r.Leave.Why
		c.depart(a, left)
		c.answer(e.Ticket, broker.Reply{Done: c.mode == over})
	default:
		c.answer(e.Ticket, broker.Reply{Refused: "the request holds no hello, ask, beat or leave"})
	}
}

// silentAfter is the part of a lease after which a silence is worth an event, though nothing was lost: a link that was cut, a machine that was stopped.
const silentAfter = 2

// hear notes a sign of an agent's life.
func (c *Core) hear(a *agent) {
	if silence := c.clock - a.heard; a.greeted && silence > c.options.Expiry/silentAfter {
		detail := fmt.Sprintf("after %.0f s of silence, and kept what it had: its link, or its machine, had stopped", silence.Seconds())
		c.write(results.Entry{Event: &results.Event{Kind: results.EventAgentHeardAgain, Agent: a.name, Detail: detail}})
	}
	a.heard, a.asked = c.clock, false
}

func (c *Core) answer(ticket uint64, r broker.Reply) {
	r.Version, r.Term = broker.MessageVersion, c.options.Term
	c.do(Answer{ticket, r})
}

// hello makes an agent known, or refuses it.
func (c *Core) hello(ticket uint64, r broker.Request) {
	h := r.Hello
	if why := c.refusal(h); why != "" {
		c.answer(ticket, broker.Reply{Refused: why})
		return
	}
	a := c.agent(r.Incarnation)
	if a.fate != staying {
		c.answer(ticket, broker.Reply{Unknown: true})
		return
	}
	c.hear(a)
	if !a.greeted {
		a.greeted = true
		a.slots, a.job = h.Slots, h.Job
		c.number(a, h)
		c.recallAside()
		a.name = AgentName(h.Host, h.PID)
		c.lodge(a, cmp.Or(h.Node, h.Host))
		c.counts.Agents++
		c.former = slices.DeleteFunc(c.former, func(name string) bool { return name == a.name })
		c.write(results.Entry{Event: &results.Event{Kind: results.EventAgentJoined, Agent: a.name, Detail: joining(a.id, h)}})
	}
	c.announceCommit(a)
	leave, why := c.drain(a)
	c.answer(ticket, broker.Reply{Lost: c.reconcile(a, h.Holding), Drain: leave, Why: why})
}

// joining says to people who an agent is.
func joining(i sweep.Incarnation, h *broker.Hello) string {
	text := fmt.Sprintf("incarnation %s, %d slots", i, h.Slots)
	if h.GPUs > 0 {
		text += fmt.Sprintf(", %d GPUs", h.GPUs)
	}
	if h.Job != "" {
		text += ", job " + h.Job
	}
	if h.Node != "" {
		text += ", node " + h.Node
	}
	return text
}

// AgentName is how people know an agent: its host and process id. processOf reads it back.
func AgentName(host string, pid int) string { return fmt.Sprintf("%s:%d", host, pid) }

func (c *Core) refusal(h *broker.Hello) string {
	if want := c.options.Digest; want != "" && h.SpecDigest != want {
		return fmt.Sprintf("the agent was started for a sweep with spec %.12s, this one has %.12s: check its folder", h.SpecDigest, want)
	}
	if want := c.options.Binary; want != "" && h.BinaryDigest != want {
		return fmt.Sprintf("the agent runs another binary (%.12s) than the controller (%.12s): start it from the same one", h.BinaryDigest, want)
	}
	return c.unnumbered(h)
}

// reconcile renews the leases of what an agent holds, and lists what it holds no more.
func (c *Core) reconcile(a *agent, holding []sweep.Hold) (lost []sweep.Hold) {
	for _, h := range holding {
		if t := a.held[h.Trial]; t != nil && t.attempt == h.Attempt && h.Rank >= 0 && h.Rank < len(t.seats) && t.seats[h.Rank].agent == a {
			t.seats[h.Rank].named = c.clock
		} else {
			lost = append(lost, h)
		}
	}
	return lost
}

// depart begins the end of an agent: first everything that it still had to say is read from its spool.
func (c *Core) depart(a *agent, f fate) {
	a.fate = f
	c.at = append(c.at, ReadSpool{a.id})
}

// spoolRead ends what an agent that goes did not end itself, or what one that stays has not named for too long.
func (c *Core) spoolRead(i sweep.Incarnation) {
	a := c.agents[i]
	if a == nil {
		return
	}
	if a.gap > 0 && c.ledger.HighWater(a.id) >= a.gap {
		a.gap = 0
	}
	if a.fate == staying {
		c.endOverdue(a)
		return
	}
	alone := len(a.held) == 1
	for _, t := range a.trials() {
		if a.fate == left {
			c.lose(t, sweep.CausePreempted, false, t.lostAgent(a, "left"))
			continue
		}
		if a.starved {
			c.lose(t, sweep.CauseOOM, true, t.lostAgent(a, "was ended with its job, which SLURM says ran out of memory"))
			continue
		}
		c.lose(t, sweep.CauseNode, alone && t.epoch == c.epoch, t.lostAgent(a, "was lost"))
	}
	c.forget(a)
}

// endOverdue ends attempts of which a living agent knows nothing: the answer that granted them never arrived.
func (c *Core) endOverdue(a *agent) {
	if c.away || c.clock < c.expire {
		return
	}
	for _, t := range a.trials() {
		if a.overdueAt(t, c.clock-c.options.Expiry) {
			c.lose(t, sweep.CauseNode, false, t.lostAgent(a, "did not know of it"))
		}
	}
}

// forget removes an agent. Should it come back, it says Hello and hears what it has lost.
func (c *Core) forget(a *agent) {
	delete(c.agents, a.id)
	c.order = slices.DeleteFunc(c.order, func(o *agent) bool { return o == a })
	c.committed = slices.DeleteFunc(c.committed, func(o *agent) bool { return o == a })
	if !a.greeted {
		return
	}
	c.counts.Agents--
	c.dislodge(a)
	why := cmp.Or(a.why, "it said so")
	switch {
	case a.fate == lost:
		why = "it was lost"
	case a.tooLate != "":
		why += ": " + a.tooLate
	}
	c.write(results.Entry{Event: &results.Event{Kind: results.EventAgentLeft, Agent: a.name, Detail: why}})
	c.leavePart(a)
}

// dismiss tells every agent to hand over and leave.
func (c *Core) dismiss() {
	for _, a := range c.order {
		c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Drain: true}})
	}
}
