package results

import (
	"fmt"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// What a place of Best stands for.
const (
	ByCell  = "cell"  // a configuration over its seeds
	BySeed  = "seed"  // the best trial of each seed
	ByTrial = "trial" // each trial
)

// A BestQuery asks for the best cells, seeds or trials. What is left empty is taken from the spec's select.
type BestQuery struct {
	By        string // cell (the default), seed or trial
	Metric    string // may be "accuracy@seq100"
	Condition string
	Goal      string // minimize or maximize; by default that of select, and minimize for another metric that is called a loss or an error
	Top       int    // places at most; 0: all
	Replicate string // a swept path whose values are replicates of a cell, as seeds are: "seed" of a command's sweep; "": none
}

// A Place is one row of sweep best. Of a cell, Seed, Trial, Update and Checkpoint are those of the seed nearest to the cell's median.
type Place struct {
	Place      int           `json:"place"` // from 1
	Cell       sweep.CellID  `json:"cell"`
	Params     sweep.Values  `json:"params"` // the swept paths
	Seed       int64         `json:"seed"`
	Trial      sweep.TrialID `json:"trial"`  // "" where no seed has a value
	Update     int64         `json:"update"` // 0 where the task does not train
	Metric     string        `json:"metric"`
	Value      *float64      `json:"value"`      // of a cell the mean over its seeds; nil: none is finite yet
	SD         *float64      `json:"sd"`         // over the seeds, with n-1; nil for n below 2
	N          int           `json:"n"`          // seeds in Value
	Planned    int           `json:"planned"`    // seeds in the plan
	Checkpoint string        `json:"checkpoint"` // absolute path; "" where there is none
	Deleted    bool          `json:"deleted,omitempty"`
	Report     *Reported     `json:"report,omitempty"` // where select.report names a condition: the same checkpoints there
}

// Reported is the metric of the chosen checkpoints under the condition that select.report names.
type Reported struct {
	Condition string   `json:"condition"`
	Value     *float64 `json:"value"`
	SD        *float64 `json:"sd"`
	N         int      `json:"n"`
}

// Best ranks the cells, seeds or trials of a sweep by the spec's rule (docs/protocol.md, "Best"), from what is committed.
//
// A trial's value is that of its own selected checkpoint. A cell's is the mean over the seeds whose trials ended as completed or stopped;
// by seed and by trial, a running trial takes part with the checkpoints that it has, unless select.over is last.
// Whoever lacks a seed, or has no finite value, ranks below everyone complete. Ties: earlier update, smaller seed, cell key.
func Best(d *Dataset, q BestQuery) ([]Place, error) {
	missing := d.spec.Select.Missing
	places, err := d.places(q, missing)
	if err != nil {
		return nil, err
	}
	if q.Top > 0 && len(places) > q.Top {
		places = places[:q.Top]
	}
	return places, nil
}

// SelectionWarning is a sentence for people who report the value that they chose by; "" where the spec reports another condition.
func SelectionWarning(s *sweep.Spec) string {
	if s.External() || s.Select.Metric == "" || s.Select.Report != "" && s.Select.Report != s.Select.Condition {
		return ""
	}
	return fmt.Sprintf("the best is chosen and reported on the same condition %s: its value is a little too good; "+
		"evaluate a second condition and name it under select.report", s.Select.Condition)
}

// A rule is a query with everything filled in and checked.
type rule struct {
	by, metric, condition, goal, over, report string
}

// The values of select that matter here.
const (
	overLast      = "last"
	missingDrop   = "drop"
	missingRefuse = "refuse"
	minimize      = "minimize"
)

// places ranks everything; missing is what to do with those that lack a seed for good.
func (d *Dataset) places(q BestQuery, missing string) ([]Place, error) {
	if !slices.Contains([]string{"", ByCell, BySeed, ByTrial}, q.By) {
		return nil, fmt.Errorf("best by %q: a place is a %s, a %s or a %s", q.By, ByTrial, BySeed, ByCell)
	}
	q = withDefaults(q, d.spec.Select)
	found, err := d.measured(q.Metric, q.Condition, d.spec.Select.Report)
	if err != nil {
		return nil, err
	}
	r, err := found.check(d.spec, q)
	if err != nil {
		return nil, err
	}
	trials := d.score(r, found)
	if err := d.replicate(q.Replicate, trials); err != nil {
		return nil, err
	}
	groups := gather(r.by, trials)
	if groups, err = applyMissing(groups, r.by, missing); err != nil {
		return nil, err
	}
	slices.SortFunc(groups, func(a, b group) int { return compareGroups(a, b, r.goal) })
	if r.by == BySeed {
		groups = firstOfSeed(groups)
	}
	places := make([]Place, len(groups))
	for i, g := range groups {
		places[i] = d.place(i+1, g, r)
	}
	return places, nil
}

// firstOfSeed keeps the first, which is the best, trial of each seed.
func firstOfSeed(groups []group) []group {
	seen := map[int64]bool{}
	return slices.DeleteFunc(groups, func(g group) bool {
		was := seen[g.seed]
		seen[g.seed] = true
		return was
	})
}

// withDefaults fills a query from select.
func withDefaults(q BestQuery, s sweep.Select) BestQuery {
	if q.By == "" {
		q.By = ByCell
	}
	if metric, condition, ok := strings.Cut(q.Metric, "@"); ok && q.Condition == "" {
		q.Metric, q.Condition = metric, condition
	}
	if q.Goal == "" {
		q.Goal = s.Goal
		if q.Metric != "" && q.Metric != s.Metric {
			q.Goal = usualGoal(q.Metric, s)
		}
	}
	if q.Metric == "" {
		q.Metric = s.Metric
	}
	if q.Condition == "" {
		q.Condition = s.Condition
	}
	return q
}

// usualGoal is the goal of a metric that select does not name: a loss or an error is better small, anything else is better large.
func usualGoal(metric string, s sweep.Select) string {
	name, _, _ := strings.Cut(metric, ".")
	chosen, _, _ := strings.Cut(s.Metric, ".")
	switch {
	case name == chosen && s.Goal != "":
		return s.Goal
	case strings.HasSuffix(name, "loss") || strings.HasSuffix(name, "error"):
		return minimize
	}
	return "maximize"
}

// applyMissing drops or refuses what lacks a seed for good.
func applyMissing(groups []group, by, missing string) ([]group, error) {
	lost := func(g group) bool { return g.lost > 0 }
	switch missing {
	case missingDrop:
		return slices.DeleteFunc(groups, lost), nil
	case missingRefuse:
		if i := slices.IndexFunc(groups, lost); i >= 0 {
			g := groups[i]
			return nil, fmt.Errorf("best by %s: %s %s lacks %d of %d seeds, which failed, diverged or were cancelled, and select.missing is refuse; "+
				"retry them, or set select.missing to last or drop", by, ByCell, g.cell, g.lost, g.planned)
		}
	}
	return groups, nil
}
