package results

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// replicate makes of a swept path the seed of the trials: those that differ in nothing else become one cell. Values that are no whole numbers are numbered in their order in
// the plan. "" leaves the trials as they are.
func (d *Dataset) replicate(path string, scores []score) error {
	if path == "" {
		return nil
	}
	numbers := map[string]int64{}
	found := false
	for i := range scores {
		t := &scores[i].trial
		v, ok := t.Params[path]
		if !ok {
			continue
		}
		found = true
		seed, whole := v.(int64)
		if !whole {
			text := ParamText(v)
			if _, seen := numbers[text]; !seen {
				numbers[text] = int64(len(numbers))
			}
			seed = numbers[text]
		}
		t.Params = maps.Clone(t.Params)
		delete(t.Params, path)
		t.Seed, t.Cell = seed, sweep.CellKey(t.Params)
	}
	if paths := d.sweptPaths(); !found && len(scores) > 0 {
		return fmt.Errorf("best: no trial has a parameter %s to replicate over; the parameters are %s", path, strings.Join(slices.Sorted(slices.Values(paths)), ", "))
	}
	return nil
}
