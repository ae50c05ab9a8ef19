package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"neurosweep/results"
	"neurosweep/sweep"
)

// of is what a trial has at the condition's path.
func (c condition) of(t sweep.Trial) (value any, ok bool) {
	switch c.path {
	case "seed":
		return t.Seed, true
	case "cell":
		return string(t.Cell), true
	case "trial":
		return string(t.ID), true
	}
	value, ok = t.Params[c.path]
	return value, ok
}

// holds tells whether a trial has the value: numbers by what they are, whatever their form, keys by their beginning.
func (c condition) holds(t sweep.Trial) bool {
	v, ok := c.of(t)
	switch {
	case !ok:
		return false
	case c.path == "cell" || c.path == "trial":
		return strings.HasPrefix(v.(string), c.value)
	case results.ParamText(v) == c.value:
		return true
	}
	want, err := strconv.ParseFloat(c.value, 64)
	switch v := v.(type) {
	case float64:
		return err == nil && v == want
	case int64:
		return err == nil && float64(v) == want
	}
	return false
}

// maxNamed is how many values a message lists.
const maxNamed = 20

// missing says why nothing holds: which paths there are, or which values the trials have that are left.
func (c condition) missing(plan, left []sweep.Trial) string {
	paths, values := map[string]bool{"seed": true, "cell": true, "trial": true}, map[string]bool{}
	var inOrder []string
	for _, t := range plan {
		for path := range t.Params {
			paths[path] = true
		}
	}
	for _, t := range left {
		if v, ok := c.of(t); ok && !values[results.ParamText(v)] {
			values[results.ParamText(v)] = true
			inOrder = append(inOrder, results.ParamText(v))
		}
	}
	if !paths[c.path] {
		return fmt.Sprintf("there is no %q; there are %s", c.path, strings.Join(slices.Sorted(maps.Keys(paths)), ", "))
	}
	more := ""
	if len(inOrder) > maxNamed {
		inOrder, more = inOrder[:maxNamed], "…"
	}
	return fmt.Sprintf("no trial has that; the values are %s%s", strings.Join(inOrder, ", "), more)
}
