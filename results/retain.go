package results

import (
	"slices"

	"neurosweep/sweep"
)

// Retain splits the checkpoints that a trial has so far, named by their updates, into those that the spec's policy (checkpoints.keep)
// keeps and those whose weights may be deleted once their rows are committed; both come ascending. evals are all of the trial's so far.
//
// The checkpoint that select would choose now is always kept, and so is one that has not been evaluated yet. What is dropped now is not
// chosen later: the chosen one only ever changes to a newer one.
func Retain(s *sweep.Spec, evals []Eval, updates []int) (keep, drop []int) {
	updates = slices.Clone(updates)
	slices.Sort(updates)
	rule := s.Select
	if s.Checkpoints.Keep != "best" && s.Checkpoints.Keep != "last" || rule.Metric == "" || len(updates) == 0 {
		return updates, nil
	}
	last := updates[len(updates)-1]
	kept := map[int]bool{}
	if rule.Over == overLast || s.Checkpoints.Keep == "last" {
		kept[last] = true
	}
	if rule.Over != overLast {
		kept[selected(rule, evals, updates, last)] = true
	}
	for _, u := range updates {
		if kept[u] || !evaluated(rule, evals, u) {
			keep = append(keep, u)
		} else {
			drop = append(drop, u)
		}
	}
	return keep, drop
}

// evaluated tells whether the metric of a rule is there, finite or not, after an update.
func evaluated(rule sweep.Select, evals []Eval, update int) bool {
	return slices.ContainsFunc(evals, func(e Eval) bool {
		return e.Update == update && e.Condition == rule.Condition && e.Metric == rule.Metric
	})
}

// selected is the update of the checkpoint with the best finite value under a rule, the earliest of equals; otherwise where none has one.
func selected(rule sweep.Select, evals []Eval, updates []int, otherwise int) int {
	var best Eval
	found := false
	for _, e := range evals {
		if e.Condition != rule.Condition || e.Metric != rule.Metric || e.Value.Nonfinite() != "" || !slices.Contains(updates, e.Update) {
			continue
		}
		if !found || better(rule.Goal, float64(e.Value), float64(best.Value)) || e.Value == best.Value && e.Update < best.Update {
			best, found = e, true
		}
	}
	if !found {
		return otherwise
	}
	return best.Update
}
