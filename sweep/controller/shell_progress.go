package controller

import (
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// progress is what the shell knows of how far the sweep is, for those who watch.
type progress struct {
	best     *BestSoFar
	digest   string
	shown    time.Time
	endedAt  []endedSample // over the last minute
	logged   int
	loggedAt time.Time
}

type endedSample struct {
	at    time.Time
	ended int
}

const (
	showEvery   = 100 * time.Millisecond
	logEvery    = 10 * time.Second
	rateOver    = time.Minute
	sampleEvery = time.Second
)

func (s *shell) startProgress(state *results.State) {
	s.endedAt = []endedSample{{time.Now(), state.Ended()}}
	s.loggedAt = time.Now()
	s.logged = state.Ended()
	for id, e := range state.Evals {
		s.measure(id, e)
	}
}

// note follows the best value so far.
func (s *shell) note(r *results.Report) {
	for _, t := range r.Trials {
		for _, e := range t.Evals {
			s.measure(t.Trial, e)
		}
	}
}

func (s *shell) measure(id sweep.TrialID, e results.Eval) {
	rule := s.o.Spec.Select
	if rule.Metric == "" || e.Metric != rule.Metric || e.Condition != rule.Condition || e.Value.Nonfinite() != "" {
		return
	}
	v := float64(e.Value)
	if s.best == nil || rule.Goal == "minimize" && v < s.best.Value || rule.Goal != "minimize" && v > s.best.Value {
		s.best = &BestSoFar{Trial: id, Update: e.Update, Metric: e.Metric, Condition: e.Condition, Value: v}
	}
}

// show tells how far the sweep is, not too often; always where it is the last time.
func (s *shell) show(last bool) {
	now := time.Now()
	n := s.core.Counts()
	if newest := s.endedAt[len(s.endedAt)-1]; now.Sub(newest.at) >= sampleEvery {
		s.endedAt = append(s.endedAt, endedSample{now, n.Ended})
		for len(s.endedAt) > 2 && now.Sub(s.endedAt[0].at) > rateOver {
			s.endedAt = s.endedAt[1:]
		}
	}
	if n.Ended != s.logged && (now.Sub(s.loggedAt) > logEvery || last) {
		s.logged, s.loggedAt = n.Ended, now
		line := s.o.Log.Info().Str("sweep", s.o.Spec.Name).Int("ended", n.Ended).Int("failed", n.Failed).Int("running", n.Running).Int("waiting", n.Waiting)
		if s.teller.untold > 0 {
			line.Int("events_untold", s.teller.untold)
			s.teller.untold = 0
		}
		line.Msg("progress")
	}
	if s.o.Progress == nil || !last && now.Sub(s.shown) < showEvery {
		return
	}
	s.shown = now
	total, finite := s.plan.Len()
	if s.core.Finite() {
		total, finite = n.Planned, true
	}
	s.o.Progress(Progress{
		Trials: n.Planned, Finite: finite, Cap: total, Ended: n.Ended, Failed: n.Failed, Running: n.Running, Waiting: n.Waiting, Agents: n.Agents,
		Elapsed: now.Sub(s.begun), Rate: s.rate(now, n.Ended), Best: s.best,
	})
}

// rate is ended trials a second over the last minute of this run.
func (s *shell) rate(now time.Time, ended int) float64 {
	first := s.endedAt[0]
	seconds := now.Sub(first.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(ended-first.ended) / seconds
}

// summary is how this run has ended.
func (s *shell) summary() Summary {
	s.show(true)
	n := s.core.Counts()
	sum := Summary{State: StateRunning, Trials: n.Planned, Ended: n.Ended, Failed: n.Failed, Outcomes: s.writer.State().Outcomes(), Digest: s.digest}
	switch {
	case s.finished != nil && s.finished.State == StateEnded && s.digest != "":
		sum.State = StateEnded
	case s.writer.State().SweepState() != "":
		sum.State = s.writer.State().SweepState()
	}
	return sum
}
