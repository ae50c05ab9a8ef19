package results

import (
	"fmt"
	"slices"
	"time"

	"neurosweep/sweep"
)

// Apply folds the next entry in and returns the rows that it adds to the tables. A report that was folded in before, by its number, adds nothing;
// a row that is there already, by its natural key, stays as it is, and one that differs from it is an event.
//
// An error says that the entry cannot follow what is there: the log is damaged or of another sweep.
func (s *State) Apply(e Entry) (rows Rows, err error) {
	switch {
	case e.Report != nil:
		err = s.report(e.Time, e.Report, &rows)
	case e.Granted != nil:
		err = s.granted(e.Time, e.Granted, &rows)
	case e.Ended != nil:
		err = s.attemptEnded(e.Time, e.Ended, &rows)
	case e.Outcome != nil:
		err = s.outcome(e.Time, e.Outcome, &rows)
	case e.Extended != nil:
		err = s.extended(e.Time, e.Extended, &rows)
	case e.Planned != nil:
		s.plan(e.Planned.Trials)
		s.draws = e.Planned.Draws
	case e.Event != nil:
		s.event(e.Time, e.Event, &rows)
	case e.State != nil:
		if s.state != e.State.State {
			rows.event(e.Time, EventRow{Kind: "sweep " + e.State.State, Detail: e.State.Why})
		}
		s.state = e.State.State
	default:
		err = fmt.Errorf("a log entry of a kind that this program does not know")
	}
	return rows, err
}

func (r *Rows) event(at time.Time, e EventRow) {
	e.Time = at.UTC().Truncate(time.Microsecond)
	r.Events = append(r.Events, e)
}

// The kinds of events that say who takes part.
const (
	EventTermTaken       = "term taken"
	EventAgentJoined     = "agent joined"
	EventAgentLeft       = "agent left"
	EventAgentHeardAgain = "agent heard again" // after a long silence, in time for its lease

	EventGangWaiting     = "gang waiting"     // a trial has more ranks than all agents have slots
	EventPlanScattered   = "plan scattered"   // over the ranks of a static schedule
	EventPartWaiting     = "part waiting"     // of a rank whose agent has left
	EventNodeQuarantined = "node quarantined" // it gets no trial any more; Event.Node names it
	EventNodeReleased    = "node released"    // it does again
)

func (s *State) event(at time.Time, e *Event, rows *Rows) {
	switch e.Kind {
	case EventTermTaken:
		for name := range s.agents {
			s.agents[name] = false
		}
	case EventAgentJoined:
		s.agents[e.Agent] = true
	case EventAgentLeft:
		delete(s.agents, e.Agent)
	case EventNodeQuarantined:
		s.quarantined[e.Node] = Quarantine{Node: e.Node, Since: at.UTC(), Reason: e.Detail}
	case EventNodeReleased:
		delete(s.quarantined, e.Node)
	}
	detail := e.Detail
	if e.Node != "" {
		detail = e.Node + ": " + detail
	}
	rows.event(at, EventRow{Kind: e.Kind, Trial: string(e.Trial), Attempt: int64(e.Attempt), Agent: e.Agent, Cause: string(e.Cause), Detail: detail})
}

// known finds a planned trial.
func (s *State) known(id sweep.TrialID) (*TrialState, error) {
	t := s.trials[id]
	if t == nil {
		return nil, fmt.Errorf("trial %s is not in the plan", id)
	}
	return t, nil
}

func (s *State) granted(at time.Time, g *Granted, rows *Rows) error {
	for _, grant := range g.Trials {
		t, err := s.known(grant.Trial)
		if err != nil {
			return err
		}
		if n := t.Before + len(t.Attempts); grant.Attempt != n+1 {
			return fmt.Errorf("trial %s: attempt %d is granted after %d", grant.Trial, grant.Attempt, n)
		}
		if t.Outcome != "" || t.Running() != nil {
			return fmt.Errorf("trial %s: attempt %d is granted, but the trial has ended or is running", grant.Trial, grant.Attempt)
		}
		t.Attempts = append(t.Attempts, AttemptState{Number: grant.Attempt, Incarnation: sweep.Incarnation(s.text(string(g.Incarnation))),
			Agent: s.text(g.Agent), Ranks: grant.Ranks, Started: at})
		if s.spec.External() {
			t.resumed, t.silent = t.newest(), true
			t.supersede(t.resumed, rows)
		}
		rows.event(at, EventRow{Kind: "attempt granted", Trial: string(grant.Trial), Attempt: int64(grant.Attempt), Agent: g.Agent, Detail: grant.ranks()})
	}
	return nil
}

// ranks says who has which rank.
func (g Grant) ranks() string {
	if len(g.Ranks) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d ranks:", len(g.Ranks))
	for _, m := range g.Ranks {
		text += " " + m.Agent
	}
	return text
}

func (s *State) attemptEnded(at time.Time, e *Ended, rows *Rows) error {
	t, err := s.known(e.Trial)
	if err != nil {
		return err
	}
	a := t.attempt(e.Attempt)
	if a == nil || a.Ended {
		return fmt.Errorf("trial %s: attempt %d is ended, but does not run", e.Trial, e.Attempt)
	}
	a.Taken, a.Suspect = !e.Own, e.Suspect
	s.endAttempt(at, t, a, End{Cause: e.Cause, Detail: e.Detail, Update: e.Update, Seconds: e.Seconds}, rows)
	return nil
}

// endAttempt closes an attempt in the books.
func (s *State) endAttempt(at time.Time, t *TrialState, a *AttemptState, end End, rows *Rows) {
	end.Cause = sweep.Cause(s.text(string(end.Cause)))
	end.Pace = nil // a measurement for the controller of the moment
	a.Ended, a.End, a.Newest = true, end, t.newest()
	s.causes[end.Cause]++
	rows.event(at, EventRow{Kind: "attempt ended", Trial: string(t.ID), Attempt: int64(a.Number), Agent: a.Agent, Cause: string(end.Cause), Detail: end.Detail})
	rows.Timings = append(rows.Timings, TimingRow{
		Trial: string(t.ID), Attempt: int64(a.Number), Agent: a.Agent, Cause: string(end.Cause),
		Started: a.Started.UTC().Truncate(time.Microsecond), Ended: at.UTC().Truncate(time.Microsecond), Update: int64(end.Update), Seconds: end.Seconds,
	})
}

func (s *State) outcome(at time.Time, o *Outcome, rows *Rows) error {
	t, err := s.known(o.Trial)
	if err != nil {
		return err
	}
	if (o.Outcome == "") == (t.Outcome == "") || t.Running() != nil {
		return fmt.Errorf("trial %s: outcome %q follows %q", o.Trial, o.Outcome, t.Outcome)
	}
	if o.Outcome == "" {
		s.ended--
		s.outcomes[t.Outcome]--
		t.open()
		rows.event(at, EventRow{Kind: "trial opened again", Trial: string(o.Trial), Detail: o.Detail})
		return nil
	}
	s.ended++
	s.outcomes[o.Outcome]++
	t.Outcome, t.Cause = sweep.Outcome(s.text(string(o.Outcome))), sweep.Cause(s.text(string(o.Cause)))
	t.Detail, t.Reached = o.Detail, o.Update
	t.Before, t.Attempts = t.Before+len(t.Attempts), nil
	t.settleCurves()
	s.pack(t)
	rows.Trials = append(rows.Trials, t.row())
	rows.event(at, EventRow{Kind: "trial ended", Trial: string(o.Trial), Cause: string(o.Cause), Detail: o.Detail})
	return nil
}

// extended gives trials more updates, and opens those again that have completed with fewer.
func (s *State) extended(at time.Time, e *Extended, rows *Rows) error {
	for _, id := range e.Trials {
		t, err := s.known(id)
		if err != nil {
			return err
		}
		was := s.updates(t)
		if e.Updates <= was {
			return fmt.Errorf("trial %s: it has %d updates, and is extended to %d", id, was, e.Updates)
		}
		if t.extension == nil {
			t.extension = &extension{}
		}
		t.extension.updates, t.extension.former = e.Updates, append(t.extension.former, was)
		if t.Outcome == sweep.OutcomeCompleted {
			s.ended--
			s.outcomes[t.Outcome]--
			t.open()
		}
		rows.event(at, EventRow{Kind: EventExtended, Trial: string(id), Detail: fmt.Sprintf("from %d to %d updates", was, e.Updates)})
	}
	return nil
}

// EventExtended is the kind of the event that a trial was given more updates.
const EventExtended = "extended"

// open makes an ended trial one that has not ended.
func (t *TrialState) open() {
	t.Outcome, t.Cause, t.Detail, t.Reached = "", "", "", 0
	t.unpack()
}

// report folds in a report if it is the next of its incarnation.
func (s *State) report(at time.Time, r *Report, rows *Rows) error {
	switch high := s.high[r.Incarnation]; {
	case r.Version != ReportVersion:
		return fmt.Errorf("report %d of %s has version %d, this program reads version %d", r.Sequence, r.Incarnation, r.Version, ReportVersion)
	case r.Sequence <= high:
		return nil
	case r.Sequence != high+1:
		return fmt.Errorf("report %d of %s follows report %d: what lies between is lost", r.Sequence, r.Incarnation, high)
	}
	for _, tr := range r.Trials {
		t, err := s.known(tr.Trial)
		if err != nil {
			return err
		}
		s.trialReport(at, r.Incarnation, t, tr, rows)
	}
	s.high[r.Incarnation] = r.Sequence
	return nil
}

func (s *State) trialReport(at time.Time, from sweep.Incarnation, t *TrialState, tr TrialReport, rows *Rows) {
	differs := func(format string, args ...any) {
		s.differ++
		rows.event(at, EventRow{Kind: EventNondeterministic, Trial: string(t.ID), Attempt: int64(tr.Attempt), Detail: fmt.Sprintf(format, args...)})
	}
	if s.spec.External() {
		differs = func(string, ...any) {} // a program need not give the same result twice
	}
	t.unpack()
	for _, c := range tr.Curves {
		c.Metric = s.text(c.Metric)
		if s.spec.External() {
			t.addCommandCurve(at, tr.Attempt, c, rows)
		} else {
			t.addCurve(c, rows, differs)
		}
	}
	for _, e := range tr.Evals {
		e.Condition, e.Metric = s.text(e.Condition), s.text(e.Metric)
		t.addEval(e, rows, differs)
	}
	for _, c := range tr.Checkpoints {
		t.addCheckpoint(c, rows, differs)
	}
	for _, u := range tr.Deleted {
		if i, ok := t.checkpoint(u); ok {
			t.checkpoints[i].Deleted = true
		}
	}
	if t.Outcome != "" {
		s.pack(t)
	}
	if a := t.attempt(tr.Attempt); tr.End != nil && a != nil && !a.Ended && a.Incarnation == from {
		s.endAttempt(at, t, a, *tr.End, rows)
	}
}

// EventNondeterministic is the kind of the event that a row came out differently at a second time.
const EventNondeterministic = "nondeterministic"

// addCurve adds the updates of a run that are not there yet.
func (t *TrialState) addCurve(c Curve, rows *Rows, differs func(string, ...any)) {
	if c.From < 1 {
		differs("a curve of %s begins at update %d", c.Metric, c.From)
		return
	}
	i := slices.IndexFunc(t.curves, func(h heldCurve) bool { return h.Metric == c.Metric })
	if i < 0 {
		i = len(t.curves)
		t.curves = append(t.curves, heldCurve{Metric: c.Metric})
	}
	h := &t.curves[i]
	said := false
	for k, v := range c.Values {
		at := c.From + k // from 1
		if h.Values == nil && at <= h.Count {
			continue
		}
		for h.Values == nil || len(h.Values) < at {
			h.grow()
		}
		switch held := h.Values[at-1]; {
		case held.isAbsent():
			h.Values[at-1] = v
			rows.Curves = append(rows.Curves, CurveRow{string(t.ID), int64(at), c.Metric, v})
		case !held.Same(v) && !said && at > h.Count:
			said = true
			differs("%s after update %d is %v, and was %v before", c.Metric, at, v, held)
		}
	}
}

// grow makes room for one more update. Those up to Count are there, with values that are not known any more.
func (h *heldCurve) grow() {
	if h.Values == nil {
		h.Values = make([]Value, h.Count, h.Count+64)
		if h.Count > 0 {
			return
		}
	}
	h.Values = append(h.Values, absent)
}

func (t *TrialState) addEval(e Eval, rows *Rows, differs func(string, ...any)) {
	for _, h := range t.evals {
		if h.Update != e.Update || h.Metric != e.Metric || h.Condition != e.Condition {
			continue
		}
		if !h.Value.Same(e.Value) {
			differs("%s@%s at update %d is %v, and was %v before", e.Metric, e.Condition, e.Update, e.Value, h.Value)
		}
		return
	}
	t.evals = append(t.evals, heldEval(e))
	rows.Evals = append(rows.Evals, EvalRow{string(t.ID), int64(e.Update), e.Condition, e.Metric, e.Value})
}

func (t *TrialState) addCheckpoint(c Checkpoint, rows *Rows, differs func(string, ...any)) {
	i, ok := t.checkpoint(c.Update)
	if ok {
		if t.checkpoints[i].Digest != c.Digest {
			differs("the checkpoint at update %d has digest %s, and had %s before", c.Update, c.Digest, t.checkpoints[i].Digest)
		}
		return
	}
	t.checkpoints = slices.Insert(t.checkpoints, i, heldCheckpoint{Checkpoint: c})
	rows.Checkpoints = append(rows.Checkpoints, t.checkpoints[i].row(t.ID))
}
