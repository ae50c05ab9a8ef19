package controller

import (
	"fmt"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A node on which trials die that live elsewhere (no disk, a broken library, a GPU that is gone) would take trial after trial and spend their retries: it is
// always the first to ask. It is put under quarantine when three different trials in a row have died there in their first seconds. Trials die for reasons of
// their own too, so four things speak for the node: a trial that lived there meanwhile or lives now; that those which died there died elsewhere as well; and that
// no other node has shown that trials can live at all.
const (
	infancy   = 10 * time.Second
	maxDeaths = 3
	// avoidFor is how long a trial that died on a node is kept for another one, so that a bad node cannot spend all its retries, and for the proof.
	avoidFor = time.Minute
)

// witness notes what the end of an attempt says of the node on which it ran.
func (c *Core) witness(t *trial, h *host, end results.End) {
	lived := seconds(end.Seconds)
	if lived == 0 {
		lived = c.now - t.granted
	}
	died := end.Cause == sweep.CauseCode || end.Cause == sweep.CauseOOM || end.Cause == sweep.CauseTimeout
	switch {
	case arrived(end.Cause), died && lived >= infancy:
		h.proves()
	case died:
		c.diedEarly(h, t, end)
	}
}

// proves notes that trials can live on a node.
func (h *host) proves() { h.sound, h.deaths = true, nil }

// diedEarly notes that a trial died on a node in its first seconds.
func (c *Core) diedEarly(h *host, t *trial, end results.End) {
	h.lastDeath = fmt.Sprintf("%s: %s", end.Cause, end.Detail)
	r := t.recorded()
	switch {
	case r.frail:
	case r.diedOn != "" && r.diedOn != h.name: // it dies anywhere
		r.frail = true
		if other := c.hosts[r.diedOn]; other != nil {
			other.deaths = slices.DeleteFunc(other.deaths, func(d *trial) bool { return d == t })
		}
	case !slices.Contains(h.deaths, t):
		h.deaths = append(h.deaths, t)
	}
	r.diedOn, r.diedAt = h.name, c.now
}

// judge puts a node under quarantine, or not. While trials still run there they decide.
func (c *Core) judge(h *host) {
	if len(h.deaths) < maxDeaths || c.quarantined[h.name] || c.mode != working {
		return
	}
	if c.livesOn(h) {
		h.proves()
		return
	}
	if h.held > 0 || !c.soundBeside(h) {
		return
	}
	var names []string
	for _, t := range h.deaths {
		names = append(names, string(t.ID))
	}
	c.quarantined[h.name] = true
	c.write(results.Entry{Event: &results.Event{Kind: results.EventNodeQuarantined, Node: h.name, Detail: fmt.Sprintf(
		"%d trials in a row died there within %v of their start, and live elsewhere: %v. The last: %s", len(names), infancy, names, h.lastDeath)}})
	h.deaths = nil
	if t := h.reserved; t != nil && t.ranks == 1 {
		c.queueOf(t).add(t)
	}
	h.reserved = nil
	c.wake = true
	for _, a := range c.order {
		if a.host == h {
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Drain: true, Why: broker.DrainNode}})
		}
	}
}

// suspected tells whether a node gets nothing until it is judged.
func (c *Core) suspected(h *host) bool {
	return len(h.deaths) >= maxDeaths && h.held > 0 && c.soundBeside(h)
}

// soundBeside tells whether trials have lived on another node that can take them, or live there now.
func (c *Core) soundBeside(h *host) bool {
	return c.anyBeside(h, func(o *host) bool { return o.sound || c.livesOn(o) })
}

// livesOn tells whether a trial runs on a node that is beyond its first seconds.
func (c *Core) livesOn(h *host) bool {
	for _, a := range c.order {
		for _, t := range a.held {
			if a.host == h && c.now-t.granted >= infancy {
				return true
			}
		}
	}
	return false
}

// avoids tells whether a trial is kept for another node than h for a while. A gang is not: it needs whatever there is.
func (c *Core) avoids(h *host, t *trial) bool {
	r := t.read()
	return t.ranks == 1 && r.diedOn == h.name && !r.frail && c.now-r.diedAt < avoidFor && c.anyBeside(h, func(*host) bool { return true })
}

func (c *Core) anyBeside(h *host, is func(*host) bool) bool {
	for _, o := range c.hosts {
		if o != h && !c.quarantined[o.name] && is(o) {
			return true
		}
	}
	return false
}

// releaseNode ends the quarantine of a node.
func (c *Core) releaseNode(name string) {
	if c.quarantined[name] {
		delete(c.quarantined, name)
		c.write(results.Entry{Event: &results.Event{Kind: results.EventNodeReleased, Node: name, Detail: "sweep retry --node"}})
	}
}
