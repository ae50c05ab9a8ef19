package results

import (
	"cmp"
	"math"
	"slices"

	"neurosweep/sweep"
)

// A group is what takes one place: a cell with its seeds, or one trial.
type group struct {
	cell    sweep.CellID
	params  sweep.Values
	seed    int64         // smallest planned
	trial   sweep.TrialID // of that seed
	planned int
	lost    int     // seeds that ended without counting
	seeds   []score // that count, by seed
	mean    *float64
	sd      *float64
	middle  *score // the seed nearest to the median
}

// gather makes the groups of a query.
func gather(by string, scores []score) []group {
	if by == ByCell {
		return gatherCells(scores)
	}
	groups := make([]group, 0, len(scores))
	for _, s := range scores {
		g := newGroup(s)
		if s.lost {
			g.lost = 1
		}
		if s.found {
			// A trial that diverged keeps the value it had, for people; n is 0 then, and it ranks below.
			g.mean, g.middle = &s.value, &s
			if !s.lost {
				g.seeds = []score{s}
			}
		}
		groups = append(groups, g)
	}
	return groups
}

func newGroup(s score) group {
	return group{cell: s.trial.Cell, params: s.trial.Params, seed: s.trial.Seed, trial: s.trial.ID, planned: 1}
}

// gatherCells groups by cell, in the order of the plan.
func gatherCells(scores []score) []group {
	index := map[sweep.CellID]int{}
	var groups []group
	for _, s := range scores {
		i, ok := index[s.trial.Cell]
		if !ok {
			i = len(groups)
			index[s.trial.Cell] = i
			g := newGroup(s)
			g.planned = 0
			groups = append(groups, g)
		}
		g := &groups[i]
		g.planned++
		if s.trial.Seed < g.seed {
			g.seed, g.trial = s.trial.Seed, s.trial.ID
		}
		if s.found && s.ended {
			g.seeds = append(g.seeds, s)
		} else if s.lost {
			g.lost++
		}
	}
	for i := range groups {
		groups[i].summarize()
	}
	return groups
}

// summarize takes mean, SD and middle seed of a cell's seeds.
func (g *group) summarize() {
	slices.SortFunc(g.seeds, func(a, b score) int {
		return cmp.Or(cmp.Compare(a.trial.Seed, b.trial.Seed), cmp.Compare(a.trial.ID, b.trial.ID))
	})
	values := make([]float64, len(g.seeds))
	for i, s := range g.seeds {
		values[i] = s.value
	}
	g.mean, g.sd = meanSD(values)
	if len(values) == 0 {
		return
	}
	// The values nearest to the median are the middle one, or with an even number the middle two, which are equally near:
	// found by order, so that no rounding decides.
	slices.Sort(values)
	low, high := values[(len(values)-1)/2], values[len(values)/2]
	i := slices.IndexFunc(g.seeds, func(s score) bool { return s.value == low || s.value == high })
	g.middle = &g.seeds[i]
}

// meanSD is the mean in the order given, and the standard deviation with n-1; nil where there are too few values, or where they overflow.
func meanSD(values []float64) (mean, sd *float64) {
	if len(values) == 0 {
		return nil, nil
	}
	n, sum := float64(len(values)), 0.0
	for _, v := range values {
		sum += v
	}
	m := sum / n
	if math.IsInf(m, 0) {
		return nil, nil
	}
	if len(values) == 1 {
		return &m, nil
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - m) * (v - m)
	}
	if s := math.Sqrt(squares / (n - 1)); !math.IsInf(s, 0) {
		sd = &s
	}
	return &m, sd
}

// complete tells whether every planned seed counts.
func (g group) complete() bool { return len(g.seeds) == g.planned && g.mean != nil }

// compareGroups is negative where a ranks before b. It is a total order: no two groups share cell and seed.
func compareGroups(a, b group, goal string) int {
	if c := compareBool(a.complete(), b.complete()); c != 0 {
		return c
	}
	if c := compareBool(a.mean != nil, b.mean != nil); c != 0 {
		return c
	}
	if a.mean != nil && *a.mean != *b.mean {
		if better(goal, *a.mean, *b.mean) {
			return -1
		}
		return 1
	}
	if a.middle != nil && b.middle != nil {
		if c := cmp.Or(cmp.Compare(a.middle.update, b.middle.update), cmp.Compare(a.middle.trial.Seed, b.middle.trial.Seed)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.seed, b.seed), cmp.Compare(a.cell, b.cell), cmp.Compare(a.trial, b.trial))
}

// compareBool ranks true before false.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
