package controller

import (
	"fmt"
	"slices"

	"neurosweep/results"
	"neurosweep/sweep"
)

// reported takes a report if it is the next of its incarnation. What was taken before is only announced again; one that
// comes too early is left to the spool, which holds what lies between.
func (c *Core) reported(r *results.Report) {
	a := c.agents[r.Incarnation]
	switch high := c.ledger.HighWater(r.Incarnation); {
	case r.Version != results.ReportVersion || r.Sequence == 0:
		return
	case r.Sequence <= high:
		c.announceCommit(a)
		return
	case r.Sequence > high+1:
		if a != nil {
			a.gap = max(a.gap, r.Sequence)
			c.at = append(c.at, ReadSpool{a.id})
			c.announceCommit(a) // tells the agent from where on to send again
		}
		return
	}
	known := c.known(r)
	c.write(results.Entry{Report: c.withoutRanks(known)})
	c.announceCommit(a)
	for _, tr := range known.Trials {
		c.took(r.Incarnation, tr)
	}
	for _, tr := range known.Trials {
		for _, e := range tr.Evals {
			c.check(tr.Trial, e)
		}
	}
}

// announceCommit has the agent told up to where its reports are durable, once they are.
func (c *Core) announceCommit(a *agent) {
	if a != nil && !a.announce && c.ledger.HighWater(a.id) > 0 {
		a.announce = true
		c.committed = append(c.committed, a)
	}
}

// commands tells whether the trials are those of an external program: such need not be deterministic.
func (c *Core) commands() bool { return c.options.Spec != nil && c.options.Spec.External() }

// owns tells whether an incarnation has an attempt at a trial now.
func (c *Core) owns(from sweep.Incarnation, t *trial, attempt, rank int) bool {
	if t.state != running || t.attempt != attempt || rank < 0 || rank >= len(t.seats) {
		return false
	}
	a := t.seats[rank].agent
	return a != nil && a.id == from
}

// withoutRanks is a report as it is logged: without the ends that ranks of gangs have said, of which one ends the attempt, and that is an entry of its own.
func (c *Core) withoutRanks(r *results.Report) *results.Report {
	says := func(tr results.TrialReport) bool { return tr.End != nil && c.trials[tr.Trial].isGang() }
	if !slices.ContainsFunc(r.Trials, says) {
		return r
	}
	logged := *r
	logged.Trials = slices.Clone(r.Trials)
	for i := range logged.Trials {
		if says(logged.Trials[i]) {
			logged.Trials[i].End = nil
		}
	}
	return &logged
}

// known is the report without trials that are not in the plan, which leave an event; of a program's trials only their owner's reports are known.
func (c *Core) known(r *results.Report) *results.Report {
	cleaned := *r
	cleaned.Trials = nil
	for _, tr := range r.Trials {
		if c.trials[tr.Trial] == nil {
			c.write(results.Entry{Event: &results.Event{Kind: "unknown trial", Trial: tr.Trial, Attempt: tr.Attempt,
				Detail: fmt.Sprintf("report %d of incarnation %s", r.Sequence, r.Incarnation)}})
			continue
		}
		if c.commands() && !c.owns(r.Incarnation, c.trials[tr.Trial], tr.Attempt, tr.Rank) {
			continue
		}
		cleaned.Trials = append(cleaned.Trials, tr)
	}
	return &cleaned
}

// took draws the conclusions of what was reported about one trial.
func (c *Core) took(from sweep.Incarnation, tr results.TrialReport) {
	t := c.trials[tr.Trial]
	if t.state == ended {
		return
	}
	if len(tr.Checkpoints) > 0 && c.commands() && t.saved == 0 {
		t.saved = c.now - t.granted
	}
	if end := tr.End; end != nil {
		if owns := c.owns(from, t, tr.Attempt, tr.Rank); owns {
			c.attemptEnded(t, tr.Rank, *end)
		} else if arrived(end.Cause) && tr.Rank == 0 && !t.short(*end) {
			// A zombie: its attempt has ended before, but what it delivers is as good as anybody's.
			t.recorded().note(*end, false, 0)
		}
	}
	if tr.End != nil || t.read().said != "" {
		c.settle(t)
	}
}

// attemptEnded takes what the owner of an attempt, or of one rank of it, says of its end.
func (c *Core) attemptEnded(t *trial, rank int, end results.End) {
	h := t.seats[rank].agent.host
	if rank == 0 {
		c.learn(t, end)
	}
	if h != nil {
		c.witness(t, h, end)
	}
	if t.isGang() {
		c.gangEnded(t, rank, end)
	} else {
		c.free(t)
		c.account(t, end)
	}
	if h != nil {
		c.judge(h)
	}
}

// arrived tells whether a cause says that the attempt got to the trial's end.
func arrived(cause sweep.Cause) bool {
	return cause == sweep.CauseCompleted || cause == sweep.CauseDiverged
}

// account adds the end of an attempt, as its agent reported it, to the trial's record.
func (c *Core) account(t *trial, end results.End) {
	if t.short(end) {
		return
	}
	t.recorded().noteOwn(end, c.ledger.Complete(t.ID, end.Update), c.ledger.Newest(t.ID))
}

// noteOwn adds an attempt's own end. One that got to the trial's end without delivering everything is suspect.
func (r *record) noteOwn(end results.End, complete bool, newest int) {
	if !arrived(end.Cause) {
		r.note(end, spends(end.Cause), newest)
		return
	}
	r.note(end, !complete, newest)
	if !complete {
		r.last.Cause = sweep.CauseCode
		r.last.Detail = fmt.Sprintf("it ended as %s at update %d, but not all of its checkpoints and evaluations were reported", end.Cause, end.Update)
	}
}
