package controller

import (
	"fmt"
	"slices"

	"neurosweep/broker"
	"neurosweep/results"
)

// schedule: static gives each agent a part of the plan that depends on nothing but the agent's rank and a trial's place in the plan: trial i is for rank i mod n, as an MPI program
// scatters its work. Nobody takes over what another rank has left: it waits for an agent of that rank, or for a controller with other agents, which scatters what is left anew.

// static tells whether the plan is scattered over ranks.
func (c *Core) static() bool { return c.options.Spec != nil && c.options.Spec.Static }

// unnumbered says why an agent cannot have a part of the plan; "": it can.
func (c *Core) unnumbered(h *broker.Hello) string {
	if !c.static() {
		return ""
	}
	if h.Size < 1 || h.Rank < 0 || h.Rank >= h.Size {
		return "this sweep has schedule: static, and the agent has no number: start agents that are numbered, by srun -n N sweep run, sweep run --agents N, or " +
			"sweep agent --rank R --ranks N"
	}
	for _, a := range c.order {
		if a.greeted && a.fate == staying && a.size != h.Size {
			return fmt.Sprintf("this sweep has schedule: static over %d ranks, and the agent is one of %d: start as many as there were, or stop the sweep first", a.size, h.Size)
		}
	}
	return ""
}

// number gives an agent its rank; the first one of another number of ranks scatters the plan.
func (c *Core) number(a *agent, h *broker.Hello) {
	a.rank, a.size = h.Rank, h.Size
	if !c.static() || len(c.parts) == h.Size {
		return
	}
	c.parts = make([]queue, h.Size)
	for _, t := range c.plan {
		if t.queued {
			t.queued = false
			c.queueOf(t).add(t)
		}
	}
	c.queue = queue{}
	c.write(results.Entry{Event: &results.Event{Kind: results.EventPlanScattered, Detail: fmt.Sprintf("trial i of the plan is for rank i mod %d", h.Size)}})
}

// queueOf is the queue in which a trial waits.
func (c *Core) queueOf(t *trial) *queue {
	if len(c.parts) == 0 {
		return &c.queue
	}
	return &c.parts[t.place%len(c.parts)]
}

// queueFor is the queue from which an agent is served.
func (c *Core) queueFor(a *agent) *queue {
	if len(c.parts) == 0 {
		return &c.queue
	}
	return &c.parts[a.rank]
}

// mine tells whether a trial may go to an agent by its place.
func (c *Core) mine(a *agent, t *trial) bool {
	return len(c.parts) == 0 || t.place%len(c.parts) == a.rank
}

// missing is how many trials must be drawn so that an agent can have so many.
func (c *Core) missing(a *agent, want int) int {
	if len(c.parts) == 0 {
		return want - c.counts.Waiting
	}
	return (want - c.parts[a.rank].length()) * len(c.parts)
}

// leavePart says that the part of an agent that has left waits.
func (c *Core) leavePart(a *agent) {
	if len(c.parts) == 0 || c.mode != working {
		return
	}
	for _, o := range c.order {
		if o.greeted && o.fate == staying && o.rank == a.rank {
			return
		}
	}
	if n := c.parts[a.rank].length(); n > 0 {
		c.write(results.Entry{Event: &results.Event{Kind: results.EventPartWaiting, Agent: a.name, Detail: fmt.Sprintf(
			"rank %d of %d has left %d trials: they wait for an agent of this rank, or for sweep stop and sweep resume", a.rank, a.size, n)}})
	}
}

// missParts stops the sweep when the part of a rank has waited for too long: nobody starts that rank again, and the others would stay for ever.
func (c *Core) missParts() {
	if c.options.PartWait == 0 || c.mode != working || c.paused {
		return
	}
	for rank := range c.parts {
		here := slices.ContainsFunc(c.order, func(a *agent) bool { return a.greeted && a.fate == staying && a.rank == rank })
		since, missed := c.absent[rank]
		switch {
		case here || c.parts[rank].length() == 0:
			delete(c.absent, rank)
		case !missed:
			c.absent[rank] = c.clock
		case c.clock-since >= c.options.PartWait:
			c.stopWhy = fmt.Sprintf("rank %d of %d is gone, and its part of the plan has waited for %v: sweep resume scatters what is left over the agents that it starts", rank, len(c.parts), c.options.PartWait)
			c.write(results.Entry{Event: &results.Event{Kind: results.EventPartWaiting, Detail: c.stopWhy}})
			c.leave(stopping)
			return
		}
	}
}

// length is how many trials wait, counting those that have ended since they were queued.
func (q *queue) length() int {
	n := 0
	for _, l := range []*list{&q.first, &q.again, &q.fresh, &q.alone} {
		n += len(l.trials) - l.front
	}
	return n
}
