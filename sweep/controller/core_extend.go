package controller

import (
	"neurosweep/results"
	"neurosweep/sweep"
)

// extend gives trials more updates. One that has completed is granted again, to go on from its last state; one that an agent has goes on to the end that it
// was granted, and then again. Those that have ended otherwise keep their outcome. What has as many updates already stays as it is, so that a
// request which is done twice, because a controller died in between, is done once.
func (c *Core) extend(ids []sweep.TrialID, updates int) {
	var chosen []*trial
	for _, id := range ids {
		t := c.trials[id]
		if t == nil || updates <= c.updates(t) {
			continue
		}
		chosen = append(chosen, t)
	}
	if len(chosen) == 0 {
		return
	}
	e := &results.Extended{Updates: updates}
	for _, t := range chosen {
		e.Trials = append(e.Trials, t.ID)
		t.updates = updates
		if t.record != nil {
			t.record.said, t.record.reached = "", 0
		}
		if t.state == ended && t.outcome == sweep.OutcomeCompleted {
			c.open(t)
		}
	}
	c.write(results.Entry{Extended: e})
}

// updates is how many updates a trial is to have.
func (c *Core) updates(t *trial) int {
	if t.updates > 0 {
		return t.updates
	}
	return c.options.Spec.Updates()
}

// short tells whether an attempt has completed what the trial was before it was extended.
func (t *trial) short(end results.End) bool {
	return end.Cause == sweep.CauseCompleted && end.Update < t.updates
}
