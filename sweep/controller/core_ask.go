package controller

import (
	"fmt"
	"slices"

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
		c.answerAsk(e.Ticket, a)
		return
	case q.Sequence < a.sequence: // it was overtaken: nobody waits for an answer any more
		c.answer(e.Ticket, broker.Reply{})
		return
	}
	want := max(min(q.Free, maxGrant), 0)
	a.left = q.TimeLeft
	c.judge(a.host)
	if leave, _ := c.drain(a); leave || !c.hasTime(a) {
		want = 0
	}
	if missing := c.missing(a, want); missing > 0 && !c.finite && c.mode == working && !c.paused {
		c.deferred = append(c.deferred, e)
		c.draw(missing)
		return
	}
	a.sequence, a.answer, a.offered, a.called = q.Sequence, nil, 0, 0
	a.due = slices.DeleteFunc(a.due, func(s grantedSeat) bool { return !s.holds(a) })
	a.hungry = want > len(a.due)
	c.late = 0
	if c.mode == working && !c.paused {
		c.grant(a, want)
		a.tooLate = c.tooLate(a)
	}
	a.answer, a.due = append(a.due, a.answer...), nil
	a.served = a.served || len(a.answer) > 0
	c.answerAsk(e.Ticket, a)
}

func (c *Core) answerAsk(ticket uint64, a *agent) {
	leave, why := c.drain(a)
	c.answer(ticket, broker.Reply{Trials: a.granted(), Done: c.mode == over, Drain: leave, Why: why})
}

// grant begins attempts, so that the agent has up to want trials to start, with its part of gangs.
func (c *Core) grant(a *agent, want int) {
	var grants []results.Grant
	for len(grants)+len(a.due) < want {
		t := c.pick(a, want-len(grants))
		if t == nil {
			break
		}
		c.hand(t, []*agent{a}, t.attempt+1)
		if c.commands() {
			t.resume = max(c.ledger.Newest(t.ID), 0)
		}
		a.answer = append(a.answer, grantedSeat{t, t.attempt, 0})
		grants = append(grants, results.Grant{Trial: t.ID, Attempt: t.attempt})
	}
	a.hungry = len(grants)+len(a.due) < want
	if len(grants) > 0 {
		c.write(results.Entry{Granted: &results.Granted{Incarnation: a.id, Agent: a.name, Trials: grants}})
	}
}

// A grantedSeat is a seat as it was granted.
type grantedSeat struct {
	trial         *trial
	attempt, rank int
}

// holds tells whether the agent still has it.
func (s grantedSeat) holds(a *agent) bool {
	t := s.trial
	return t.state == running && t.attempt == s.attempt && t.seats[s.rank].agent == a
}

// granted is the answer to the agent's last ask, as far as it still holds.
func (a *agent) granted() []broker.Granted {
	var list []broker.Granted
	for _, s := range a.answer {
		t := s.trial
		if !s.holds(a) {
			continue
		}
		g := broker.Granted{Trial: t.Trial, Attempt: t.attempt, Updates: t.updates, Resume: t.resume}
		if n := len(t.seats); n > 1 {
			g.Gang = &broker.Gang{Group: fmt.Sprintf("trial-%s-%d", t.ID, t.attempt), Rank: s.rank, Size: n}
		}
		list = append(list, g)
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
			c.queueOf(t).add(t)
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
	n := c.counts.Waiting - len(c.aside)
	for _, a := range c.order {
		if n <= 0 {
			return
		}
		if a.hungry && !a.told && (len(c.parts) == 0 || c.parts[a.rank].length() > 0) && a.fate == staying {
			a.told = true
			n--
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Work: true}})
		}
	}
}
