package controller

import (
	"fmt"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A trial is one trial as the controller sees it.
type trial struct {
	sweep.Trial
	place   int // in the plan
	attempt int // number of the last attempt; 0: none
	updates int // that sweep extend has given it; 0: those of the spec
	resume  int // of a command: the update from which it goes on
	ranks   int // that train it together
	state   trialState
	queued  bool // it stands in a queue
	aside   bool // it is a gang that cannot be granted now

	seats []seat // while running, by rank
	epoch int    // at the grant; -1: an earlier controller granted it

	granted time.Duration // by the controller's clock
	saved   time.Duration // of a command: from the grant to its first checkpoint; 0: it has none

	outcome sweep.Outcome // of an ended trial
	cause   sweep.Cause   // of the outcome
	record  *record       // nil: there is nothing to be said of its attempts, or no more; so it is with most of a million trials at any time
}

// A seat is what an agent has of a running trial: one of its ranks; of most trials, the only one.
type seat struct {
	agent *agent        // nil: this rank has ended
	named time.Duration // when the agent last said that it holds it
}

// A trialState is where a trial stands.
type trialState uint8

const (
	waiting trialState = iota
	running
	ended
)

// A record is what the attempts at a trial have come to since it was planned, or opened again.
type record struct {
	codes    int // attempts that ended by code
	ooms     int
	suspects int  // in a row, without a newer checkpoint
	others   bool // some of these were not lost agents
	mark     int  // newest checkpoint at the last suspect
	crowded  int  // times in a row that it was lost with its agent beside other trials, without a newer checkpoint
	crowdAt  int  // newest checkpoint at the last of these

	said    sweep.Outcome // by an attempt that got to the end: completed or diverged; "": none has
	reached int           // the update that it reached
	last    results.End   // of the last attempt that counts
	word    string        // of a gang: what the first rank said that lost the others

	lasting
}

// lasting is what stays of a record when the trial is opened again: what the trial has shown of nodes and times.
type lasting struct {
	vain   time.Duration // that an attempt has spent without anything to hand over
	diedOn string        // the node on which it last died in its first seconds…
	diedAt time.Duration
	frail  bool // …and it did so on several
}

// recorded is the trial's record, to be written in.
func (t *trial) recorded() *record {
	if t.record == nil {
		t.record = newRecord()
	}
	return t.record
}

func newRecord() *record { return &record{mark: -1, crowdAt: -1} }

// read is the trial's record, to be read.
func (t *trial) read() record {
	if t.record == nil {
		return record{}
	}
	return *t.record
}

// Past is what earlier controllers have left of one trial.
type Past struct {
	Trial    sweep.Trial
	Outcome  sweep.Outcome // "": it has not ended
	Cause    sweep.Cause   // of the outcome
	Attempts []PastAttempt // since it was planned or opened again, by number
	Updates  int           // that sweep extend has given it; 0: those of the spec
	Last     int           // the highest number that an attempt ever had
}

// PastAttempt is one attempt.
type PastAttempt struct {
	Number      int
	Incarnation sweep.Incarnation
	Agent       string           // AgentName
	Ranks       []results.Member // of an attempt that several ranks make
	Ended       bool
	Taken       bool        // it was ended by a controller, not by its agent
	End         results.End // where Ended
	Suspect     bool        // where Taken
	Newest      int         // the trial's newest checkpoint when the attempt ended; -1: none
}

// recall rebuilds one trial.
func (c *Core) recall(p Past) {
	t := c.plant(p.Trial)
	if t == nil {
		return
	}
	t.attempt, t.updates = p.Last, p.Updates
	for _, a := range p.Attempts {
		if a.Ended && a.Taken {
			t.recorded().note(a.End, a.Suspect, a.Newest)
			continue
		}
		if a.Ended && t.short(a.End) {
			continue
		}
		if a.Ended {
			t.recorded().noteOwn(a.End, c.ledger.Complete(t.ID, a.End.Update), a.Newest)
			continue
		}
		members := a.Ranks
		if len(members) == 0 {
			members = []results.Member{{Incarnation: a.Incarnation, Agent: a.Agent}}
		}
		holders := make([]*agent, len(members))
		for rank, m := range members {
			holders[rank] = c.agent(m.Incarnation)
			holders[rank].name = m.Agent
		}
		c.hand(t, holders, a.Number)
		t.epoch = -1
	}
	if p.Outcome != "" {
		c.close(t, p.Outcome, p.Cause)
	}
}

// plant adds a trial to the plan; nil if it is there already.
func (c *Core) plant(planned sweep.Trial) *trial {
	if c.trials[planned.ID] != nil {
		return nil
	}
	t := &trial{Trial: planned, place: len(c.plan), ranks: c.ranksOf(planned), epoch: -1}
	c.plan = append(c.plan, t)
	c.trials[t.ID] = t
	c.counts.Waiting++
	return t
}

// hand gives a waiting trial to agents, one for each rank.
func (c *Core) hand(t *trial, agents []*agent, attempt int) {
	t.state, t.attempt, t.epoch = running, attempt, c.epoch
	t.granted, t.saved = c.now, 0
	if t.record != nil {
		t.record.word = ""
	}
	t.seats = make([]seat, len(agents))
	for rank, a := range agents {
		t.seats[rank] = seat{a, c.clock}
		a.held[t.ID] = t
		a.taken++
		if a.host != nil {
			a.host.held++
		}
	}
	c.counts.Waiting--
	c.counts.Running++
}

// free takes a running trial from its agents.
func (c *Core) free(t *trial) {
	for rank := range t.seats {
		c.leaveSeat(t, rank)
	}
	t.state, t.seats = waiting, nil
	c.counts.Running--
	c.counts.Waiting++
	c.wake = true
}

// close ends a waiting trial in the books.
func (c *Core) close(t *trial, o sweep.Outcome, cause sweep.Cause) {
	if t.state == running {
		c.free(t)
	}
	t.state, t.outcome, t.cause = ended, o, cause
	if o == sweep.OutcomeCompleted {
		t.record = nil
	}
	c.counts.Waiting--
	c.counts.Ended++
	if o == sweep.OutcomeFailed {
		c.counts.Failed++
	}
}

// lose ends the running attempt at a trial in place of its agents.
func (c *Core) lose(t *trial, cause sweep.Cause, suspect bool, detail string) {
	c.write(results.Entry{Ended: &results.Ended{Trial: t.ID, Attempt: t.attempt, Cause: cause, Suspect: suspect, Detail: detail}})
	c.tellRanks(t)
	c.free(t)
	t.recorded().note(results.End{Cause: cause, Detail: detail}, suspect, c.ledger.Newest(t.ID))
	c.settle(t)
}

// settle decides what becomes of a trial that no agent has: it has ended, or it is granted again.
func (c *Core) settle(t *trial) {
	switch r := t.read(); {
	case t.state == ended:
	case r.said != "" && c.ledger.Complete(t.ID, r.reached):
		c.end(t, results.Outcome{Outcome: r.said, Update: r.reached, Cause: causeOf(r.said)})
	case t.state == running:
	default:
		if why := r.verdict(c.options.Spec); why != "" {
			update := max(r.last.Update, c.ledger.Newest(t.ID), 0)
			c.end(t, results.Outcome{Outcome: sweep.OutcomeFailed, Update: update, Cause: r.last.Cause, Detail: why})
			return
		}
		c.queueOf(t).add(t)
	}
}

func causeOf(o sweep.Outcome) sweep.Cause {
	if o == sweep.OutcomeDiverged {
		return sweep.CauseDiverged
	}
	return sweep.CauseCompleted
}

// end gives a trial its outcome. An attempt that still runs is in vain.
func (c *Core) end(t *trial, o results.Outcome) {
	if t.state == running {
		c.recallAttempt(t, sweep.CauseCancelled, "another attempt has delivered the trial")
	}
	o.Trial = t.ID
	c.write(results.Entry{Outcome: &o})
	c.close(t, o.Outcome, o.Cause)
}

// recallAttempt takes a trial from its agents, which are told so.
func (c *Core) recallAttempt(t *trial, cause sweep.Cause, detail string) {
	c.write(results.Entry{Ended: &results.Ended{Trial: t.ID, Attempt: t.attempt, Cause: cause, Detail: detail}})
	for rank, s := range t.seats {
		if s.agent != nil {
			lost := sweep.Hold{Trial: t.ID, Attempt: t.attempt, Rank: rank}
			c.do(Tell{s.agent.id, broker.Control{Version: broker.MessageVersion, Lost: []sweep.Hold{lost}}})
		}
	}
	c.free(t)
}

// spends tells whether an attempt's own end makes it suspect.
func spends(cause sweep.Cause) bool {
	switch cause {
	case sweep.CauseCode, sweep.CauseOOM, sweep.CauseTimeout:
		return true
	}
	return false
}

// note adds an ended attempt to the record; newest is the trial's newest checkpoint at that moment.
func (r *record) note(end results.End, suspect bool, newest int) {
	switch end.Cause {
	case sweep.CauseCompleted:
		r.said, r.reached = sweep.OutcomeCompleted, end.Update
	case sweep.CauseDiverged:
		r.said, r.reached = sweep.OutcomeDiverged, end.Update
	case sweep.CauseCode:
		r.codes++
	case sweep.CauseOOM:
		r.ooms++
	}
	if end.Cause == sweep.CauseNode && !suspect {
		if newest > r.crowdAt {
			r.crowded = 0
		}
		r.crowdAt = newest
		r.crowded++
	}
	if !suspect {
		return
	}
	if newest > r.mark {
		r.suspects, r.others = 0, false
	}
	r.mark = newest
	r.suspects++
	r.others = r.others || end.Cause != sweep.CauseNode
	r.last = end
}

// maxCrowded is how often a trial may be lost with its agent beside others before it is tried alone on its host: two trials that take their agent with them
// would otherwise be granted together for ever, and neither would ever be suspect.
const maxCrowded = 3

// mustBeAlone tells whether the next attempt runs with nothing beside it.
func (r record) mustBeAlone() bool { return r.ooms > 0 || r.crowded >= maxCrowded }

// defaultMaxLost stands in for a spec that says nothing.
const (
	defaultMaxLost = 10
	maxSuspects    = 3
)

// verdict says why a trial is not tried again; "": it is.
func (r *record) verdict(s *sweep.Spec) string {
	lost := s.MaxLost
	if lost <= 0 {
		lost = defaultMaxLost
	}
	switch detail := r.last.Detail; {
	case r.last.Cause == sweep.CauseCode && r.codes > s.Retries:
		return fmt.Sprintf("%d of %d attempts ended by an error: %s", r.codes, s.Retries+1, detail)
	case r.ooms > 1:
		return "it ran out of memory again when it was alone on its node: make it smaller, or give it a node with more memory. " + detail
	case r.others && r.suspects >= max(maxSuspects, s.Retries+1):
		return fmt.Sprintf("%d attempts in a row ended without a newer checkpoint, the last by %s: look at sweep logs, then sweep retry. %s", r.suspects, r.last.Cause, detail)
	case !r.others && r.suspects >= lost:
		return fmt.Sprintf("%d agents in a row were lost while they ran only this trial: it may bring its machine down (memory?); look at sweep logs, then sweep retry", r.suspects)
	}
	return ""
}
