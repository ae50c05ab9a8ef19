package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// An entrant is a candidate for a place in the brute-force ranking.
type entrant struct {
	cell, trial string // trial "" where a cell has no seed with a value
	seed        int64
	first       int64 // smallest planned seed
	update      int64
	values      []float64 // of the seeds that count
	shown       []float64 // the value printed, where it is not the mean of values
	planned     int
	lost        bool
}

// brute ranks by counting: an entrant's place is one more than the number of entrants that beat it.
func brute(b *bench, q BestQuery) []string {
	var all []entrant
	if q.By == ByCell {
		for _, t := range b.plan {
			if !slices.ContainsFunc(all, func(e entrant) bool { return e.cell == string(t.Cell) }) {
				all = append(all, bruteCell(b, string(t.Cell)))
			}
		}
	} else {
		for _, t := range b.plan {
			all = append(all, bruteTrial(b, t))
		}
	}
	if b.spec.Select.Missing == "drop" {
		all = slices.DeleteFunc(all, func(e entrant) bool { return e.lost })
	}
	if q.By == BySeed {
		rest := slices.Clone(all)
		all = slices.DeleteFunc(all, func(e entrant) bool {
			return slices.ContainsFunc(rest, func(o entrant) bool { return o.seed == e.seed && beats(b.spec.Select.Goal, o, e) })
		})
	}
	places := make([]string, len(all))
	for _, e := range all {
		place := 0
		for _, o := range all {
			if beats(b.spec.Select.Goal, o, e) {
				place++
			}
		}
		mean, sd := e.printed()
		places[place] = fmt.Sprint(e.cell, " ", e.trial, " ", e.update, " ", MeanText(mean, sd), " ", len(e.values), "/", e.planned)
	}
	return places
}

func (e entrant) printed() (mean, sd *float64) {
	values := e.values
	if e.shown != nil {
		values = e.shown
	}
	if len(values) == 0 {
		return nil, nil
	}
	m, s := 0.0, 0.0
	for _, v := range values {
		m += v
	}
	m /= float64(len(values))
	for _, v := range values {
		s += math.Pow(v-m, 2)
	}
	if s = math.Sqrt(s / float64(len(values)-1)); len(values) > 1 {
		sd = &s
	}
	return &m, sd
}

// beats is the rule, clause by clause.
func beats(goal string, a, b entrant) bool {
	if x, y := len(a.values) == a.planned, len(b.values) == b.planned; x != y {
		return x
	}
	x, _ := a.printed()
	y, _ := b.printed()
	switch {
	case x == nil && y == nil:
		return a.first < b.first || a.first == b.first && a.cell < b.cell
	case x == nil || y == nil:
		return y == nil
	case *x != *y:
		return (*x > *y) == (goal == "maximize")
	case a.update != b.update:
		return a.update < b.update
	case a.seed != b.seed:
		return a.seed < b.seed
	}
	return a.cell < b.cell
}

// bruteValue is a trial's own selected checkpoint.
func bruteValue(b *bench, t sweep.Trial) (value float64, update int64, ok bool) {
	outcome := bruteOutcome(b, t)
	newest := int64(-1)
	for _, e := range b.rows.Evals {
		if e.Trial == string(t.ID) {
			newest = max(newest, e.Update)
		}
	}
	if b.spec.Select.Over == "last" && outcome == "" {
		return 0, 0, false
	}
	for u := int64(0); u <= newest; u++ {
		if b.spec.Select.Over == "last" && u != newest {
			continue
		}
		for _, e := range b.rows.Evals {
			v := float64(e.Value)
			if e.Trial != string(t.ID) || e.Update != u || math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if !ok || b.spec.Select.Goal == "maximize" && v > value || b.spec.Select.Goal == "minimize" && v < value {
				value, update, ok = v, u, true
			}
		}
	}
	return value, update, ok
}

func bruteOutcome(b *bench, t sweep.Trial) string {
	for _, r := range b.rows.Trials {
		if r.Trial == string(t.ID) {
			return r.Outcome
		}
	}
	return ""
}

func bruteLost(outcome string) bool {
	return strings.Contains("diverged failed cancelled", outcome) && outcome != ""
}

func bruteTrial(b *bench, t sweep.Trial) entrant {
	e := entrant{cell: string(t.Cell), trial: string(t.ID), seed: t.Seed, first: t.Seed, planned: 1, lost: bruteLost(bruteOutcome(b, t))}
	v, u, ok := bruteValue(b, t)
	switch {
	case ok && !e.lost:
		e.update, e.values = u, []float64{v}
	case ok:
		e.update, e.shown = u, []float64{v}
	}
	return e
}

func bruteCell(b *bench, cell string) entrant {
	e := entrant{cell: cell, first: math.MaxInt64}
	type member struct {
		seed, update int64
		trial        string
		value        float64
	}
	var members []member
	for _, t := range b.plan {
		if string(t.Cell) != cell {
			continue
		}
		e.planned++
		e.first = min(e.first, t.Seed)
		outcome := bruteOutcome(b, t)
		e.lost = e.lost || bruteLost(outcome)
		if v, u, ok := bruteValue(b, t); ok && (outcome == "completed" || outcome == "stopped") {
			members = append(members, member{t.Seed, u, string(t.ID), v})
		}
	}
	slices.SortFunc(members, func(x, y member) int { return int(x.seed - y.seed) })
	for _, m := range members {
		e.values = append(e.values, m.value)
	}
	sorted := slices.Sorted(slices.Values(e.values))
	nearest := math.Inf(1)
	for _, m := range members {
		median := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
		// The tolerance lets the first of two equally near seeds win, whichever way the median was rounded.
		if distance := math.Abs(m.value - median); distance < nearest-1e-9 {
			nearest = distance
			e.seed, e.update, e.trial = m.seed, m.update, m.trial
		}
	}
	return e
}
