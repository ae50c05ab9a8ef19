package controller

// A host is the machine of some agents. A trial that ran out of memory is tried once more alone on one: the host is reserved,
// its agents are granted nothing until everything else on it has ended, and nothing beside the trial while it runs.
type host struct {
	name     string
	agents   int
	held     int    // trials running on it
	reserved *trial // that it is kept free for
	alone    *trial // that runs on it alone
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
	h.held += len(a.held)
}

// dislodge removes an agent that holds nothing any more.
func (c *Core) dislodge(a *agent) {
	h := a.host
	a.host = nil
	if h.agents--; h.agents > 0 {
		return
	}
	delete(c.hosts, h.name)
	if t := h.reserved; t != nil {
		c.queue.add(t)
		c.wake = true
	}
}

// vacate notes that a trial leaves the host on which it runs.
func (c *Core) vacate(t *trial) {
	h := t.holder.host
	if h == nil {
		return
	}
	h.held--
	if h.alone == t {
		h.alone = nil
	}
}

// room takes up to n trials that an agent on h may start now out of the queue.
func (c *Core) room(h *host, n int) []*trial {
	if h.alone != nil || n <= 0 {
		return nil
	}
	if h.reserved != nil && h.reserved.state != waiting {
		h.reserved = nil // another attempt has delivered it
	}
	if h.reserved == nil {
		h.reserved = c.queue.alone.pop()
	}
	if t := h.reserved; t != nil {
		if h.held > 0 {
			return nil
		}
		h.reserved, h.alone = nil, t
		return []*trial{t}
	}
	var taken []*trial
	for len(taken) < n {
		t := c.queue.take()
		if t == nil {
			break
		}
		taken = append(taken, t)
	}
	return taken
}
