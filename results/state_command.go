package results

import (
	"fmt"
	"slices"
	"time"
)

// The rows of external programs. They need not come out the same a second time, so only those of the attempt that has the trial count (the controller leaves out
// the others), and what an attempt has reported beyond the update from which the next one goes on is superseded.

// supersede takes out what lies beyond an update.
func (t *TrialState) supersede(after int, rows *Rows) {
	some := false
	for i := range t.curves {
		if t.curves[i].Count > after {
			t.curves[i].Count, some = after, true
		}
	}
	t.evals = slices.DeleteFunc(t.evals, func(e heldEval) bool {
		some = some || e.Update > after
		return e.Update > after
	})
	t.checkpoints = slices.DeleteFunc(t.checkpoints, func(c heldCheckpoint) bool { return c.Update > after })
	if some {
		rows.add(Rows{Superseded: []Superseded{{string(t.ID), int64(after)}}})
	}
}

// addCommandCurve adds the updates of a metric that come after those which are there. The first one that an attempt reports shows where the program really went
// on: if it began before the update that it was told, everything from there on is that of the new attempt.
func (t *TrialState) addCommandCurve(at time.Time, attempt int, c Curve, rows *Rows) {
	if c.From < 0 || len(c.Values) == 0 {
		return
	}
	if t.silent {
		t.silent = false
		if c.From <= t.resumed {
			t.supersede(c.From-1, rows)
			rows.event(at, EventRow{Kind: EventWentBack, Trial: string(t.ID), Attempt: int64(attempt),
				Detail: fmt.Sprintf("it was to go on from update %d, and began with update %d: what was reported from there on does not count any more", t.resumed, c.From)})
		}
	}
	i := slices.IndexFunc(t.curves, func(h heldCurve) bool { return h.Metric == c.Metric })
	if i < 0 {
		i = len(t.curves)
		t.curves = append(t.curves, heldCurve{Metric: c.Metric, Count: -1})
	}
	h := &t.curves[i]
	for k, v := range c.Values {
		if update := c.From + k; update > h.Count {
			h.Count = update
			rows.Curves = append(rows.Curves, CurveRow{string(t.ID), int64(update), c.Metric, v})
		}
	}
}

// EventWentBack is the kind of the event that an external program began before the update from which it was to go on.
const EventWentBack = "went back"
