package results

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// at is a checkpoint's place: a trial and an update.
type at struct {
	trial  string
	update int64
}

// measurements is what Best reads from the tables.
type measurements struct {
	values   map[string]map[int64]Value     // trial, update: the metric under the condition
	report   map[at]Value                   // the metric under the reported condition
	names    map[string]map[string]struct{} // condition: metrics that the dataset holds
	files    map[at]CheckpointRow
	last     map[string]int64 // trial: its newest checkpoint
	outcomes map[string]string
}

// measured reads the evals of one metric under two conditions, and all checkpoints.
func (d *Dataset) measured(metric, condition, report string) (measurements, error) {
	m := measurements{map[string]map[int64]Value{}, map[at]Value{}, map[string]map[string]struct{}{}, map[at]CheckpointRow{}, map[string]int64{}, map[string]string{}}
	for _, row := range d.Trials() {
		m.outcomes[row.Trial] = row.Outcome
	}
	for c, err := range d.Checkpoints() {
		if err != nil {
			return m, err
		}
		m.files[at{c.Trial, c.Update}] = c
		m.last[c.Trial] = max(m.last[c.Trial], c.Update)
	}
	for e, err := range d.Evals() {
		if err != nil {
			return m, err
		}
		if m.names[e.Condition] == nil {
			m.names[e.Condition] = map[string]struct{}{}
		}
		m.names[e.Condition][e.Metric] = struct{}{}
		if d.spec.External() { // a program may report its last values without a checkpoint
			m.last[e.Trial] = max(m.last[e.Trial], e.Update)
		}
		if e.Metric != metric {
			continue
		}
		if e.Condition == condition {
			if m.values[e.Trial] == nil {
				m.values[e.Trial] = map[int64]Value{}
			}
			m.values[e.Trial][e.Update] = e.Value
		}
		if e.Condition == report {
			m.report[at{e.Trial, e.Update}] = e.Value
		}
	}
	return m, nil
}

// check turns a query into a rule, or says which conditions and metrics there are.
func (m measurements) check(s *sweep.Spec, q BestQuery) (rule, error) {
	conditions := slices.Collect(maps.Keys(m.names))
	for _, c := range s.Evaluate {
		conditions = append(conditions, c.Name)
	}
	if s.External() {
		conditions = append(conditions, sweep.SummaryCondition)
	}
	slices.Sort(conditions)
	conditions = slices.Compact(conditions)
	if q.Condition == "" && len(conditions) == 1 {
		q.Condition = conditions[0]
	}
	if q.Condition == "" {
		return rule{}, fmt.Errorf("best: the spec has no select; name a condition: %s", strings.Join(conditions, ", "))
	}
	if !slices.Contains(conditions, q.Condition) {
		return rule{}, fmt.Errorf("best: there is no condition %q; the conditions are %s", q.Condition, strings.Join(conditions, ", "))
	}
	metrics := slices.AppendSeq(specMetrics(s, q.Condition), maps.Keys(m.names[q.Condition]))
	if s.Select.Metric != "" && q.Condition == s.Select.Condition {
		metrics = append(metrics, s.Select.Metric)
	}
	slices.Sort(metrics)
	metrics = slices.Compact(metrics)
	if !slices.Contains(metrics, q.Metric) {
		what := fmt.Sprintf("there is no metric %q", q.Metric)
		if q.Metric == "" {
			what = "the spec has no select; name a metric"
		}
		return rule{}, fmt.Errorf("best: %s; condition %s has %s", what, q.Condition, strings.Join(metrics, ", "))
	}
	if q.Goal != minimize && q.Goal != "maximize" {
		return rule{}, fmt.Errorf("best: goal %q; valid are minimize and maximize", q.Goal)
	}
	report := s.Select.Report
	if report == q.Condition {
		report = ""
	}
	return rule{q.By, q.Metric, q.Condition, q.Goal, s.Select.Over, report}, nil
}

// A score is a trial under a rule.
type score struct {
	trial  sweep.Trial
	found  bool // has a finite value
	value  float64
	update int64
	ended  bool // as completed or stopped
	lost   bool // ended otherwise: it will have no value
	report *float64
	file   CheckpointRow
}

// score finds every trial's selected checkpoint.
func (d *Dataset) score(r rule, m measurements) []score {
	scores := make([]score, 0, len(d.plan))
	for _, t := range d.plan {
		id := string(t.ID)
		s := score{trial: t}
		switch outcome := sweep.Outcome(m.outcomes[id]); outcome {
		case sweep.OutcomeCompleted, sweep.OutcomeStopped:
			s.ended = true
		default:
			s.lost = outcome != ""
		}
		for update, v := range m.values[id] {
			file, exists := m.files[at{id, update}]
			switch {
			case v.Nonfinite() != "":
			case trains(d.spec) && !exists:
			case r.over == overLast && (update != m.last[id] || !s.ended && !s.lost):
			case !s.found || better(r.goal, float64(v), s.value) || float64(v) == s.value && update < s.update:
				s.found, s.value, s.update, s.file = true, float64(v), update, file
			}
		}
		if v, ok := m.report[at{id, s.update}]; ok && s.found && v.Nonfinite() == "" {
			f := float64(v)
			s.report = &f
		}
		scores = append(scores, s)
	}
	return scores
}

// trains tells whether a spec's trials have updates and checkpoints.
func trains(s *sweep.Spec) bool { return s.Model.Name != "" }

// better tells whether a is better than b.
func better(goal string, a, b float64) bool {
	if goal == minimize {
		return a < b
	}
	return a > b
}

// place writes a group's row.
func (d *Dataset) place(number int, g group, r rule) Place {
	p := Place{Place: number, Cell: g.cell, Params: g.params, Metric: r.metric, N: len(g.seeds), Planned: g.planned}
	p.Value, p.SD = g.mean, g.sd
	if g.middle != nil {
		p.Seed, p.Trial, p.Update = g.middle.trial.Seed, g.middle.trial.ID, g.middle.update
		if g.middle.file.Path != "" {
			p.Checkpoint, p.Deleted = filepath.Join(d.dir, filepath.FromSlash(g.middle.file.Path)), g.middle.file.Deleted
		}
	} else if r.by != ByCell {
		p.Seed, p.Trial = g.seed, g.trial
	}
	if r.report != "" {
		var values []float64
		for _, s := range g.seeds {
			if s.report != nil {
				values = append(values, *s.report)
			}
		}
		p.Report = &Reported{Condition: r.report, N: len(values)}
		p.Report.Value, p.Report.SD = meanSD(values)
	}
	return p
}
