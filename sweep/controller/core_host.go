package controller

import "slices"

// A host is the machine of some agents. A trial that ran out of memory is tried once more alone on one: the host is reserved,
// its agents are granted nothing until everything else on it has ended, and nothing beside the trial while it runs.
type host struct {
	name     string
	agents   int
	held     int    // seats of its agents
	reserved *trial // that it is kept free for
	alone    *trial // that runs on it alone

	deaths    []*trial // that died here in a row in their first seconds, each once
	lastDeath string
	sound     bool // a trial has lived here
}

// lodge puts an agent on its host, with what it holds.
func (c *Core) lodge(a *agent, name string) {
	h := c.hosts[name]
	if h == nil {
		h = &host{name: name}
		c.hosts[name] = h
	}
	a.host = h
	h.agents++
	h.held += a.taken
}

// dislodge removes an agent that holds nothing any more.
func (c *Core) dislodge(a *agent) {
	h := a.host
	a.host = nil
	if h.agents--; h.agents > 0 {
		if t := h.reserved; len(c.parts) > 0 && t != nil && c.mine(a, t) { // nobody else here could have it
			h.reserved = nil
			c.queueOf(t).add(t)
			c.wake = true
		}
		return
	}
	delete(c.hosts, h.name)
	if t := h.reserved; t != nil && t.ranks == 1 {
		c.queueOf(t).add(t)
		c.wake = true
	}
}

// leaveSeat takes one rank of a running trial from its agent.
func (c *Core) leaveSeat(t *trial, rank int) {
	a := t.seats[rank].agent
	if a == nil {
		return
	}
	t.seats[rank].agent = nil
	a.taken--
	if !t.has(a) {
		delete(a.held, t.ID)
	}
	h := a.host
	if h == nil {
		return
	}
	h.held--
	if h.alone == t && !slices.ContainsFunc(t.seats, func(s seat) bool { return s.agent != nil && s.agent.host == h }) {
		h.alone = nil
	}
}
