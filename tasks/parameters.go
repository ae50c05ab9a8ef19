package tasks

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// parameters are checked values: int64, float64 or string, as declared.
type parameters map[string]any

func (p parameters) float(name string) float64 { return p[name].(float64) }
func (p parameters) int(name string) int       { return int(p[name].(int64)) }
func (p parameters) int64(name string) int64   { return p[name].(int64) }
func (p parameters) text(name string) string   { return p[name].(string) }

// fill lays the given values over the declared defaults and checks names, types and ranges. owner begins the messages.
func fill(owner string, declared []sweep.Param, given sweep.Values) (parameters, error) {
	names := make([]string, len(declared))
	for i, d := range declared {
		names[i] = d.Name
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			if len(names) == 0 {
				return nil, fmt.Errorf("%s has no parameters, %q was given", owner, name)
			}
			return nil, fmt.Errorf("%s has no parameter %q; it has %s", owner, name, strings.Join(names, ", "))
		}
	}
	p := parameters{}
	for _, d := range declared {
		v, ok := given[d.Name]
		if !ok {
			v = d.Default
		}
		checked, err := check(d, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %s is %v, want %w", owner, d.Name, v, err)
		}
		p[d.Name] = checked
	}
	return p, nil
}

// check gives a value the type of its declaration. The error says what is wanted.
func check(d sweep.Param, v any) (any, error) {
	if d.Type == sweep.String {
		s, ok := v.(string)
		switch {
		case !ok:
			return nil, fmt.Errorf("a text")
		case d.Choices != nil && !slices.Contains(d.Choices, s):
			return nil, fmt.Errorf("one of %s", strings.Join(d.Choices, ", "))
		}
		return s, nil
	}
	var n float64
	switch v := v.(type) {
	case int64:
		n = float64(v)
	case float64:
		n = v
	default:
		return nil, fmt.Errorf("a number")
	}
	if err := within(d, n); err != nil {
		return nil, err
	}
	if d.Type == sweep.Float {
		return n, nil
	}
	if i, ok := v.(int64); ok {
		return i, nil // a seed may have more digits than a float64
	}
	if n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return nil, fmt.Errorf("a whole number")
	}
	return int64(n), nil
}

func within(d sweep.Param, n float64) error {
	switch {
	case math.IsNaN(n):
		return fmt.Errorf("a number")
	case d.Min != nil && n < *d.Min:
		return fmt.Errorf("at least %g", *d.Min)
	case d.Max != nil && n > *d.Max:
		return fmt.Errorf("at most %g", *d.Max)
	case d.Above != nil && n <= *d.Above:
		return fmt.Errorf("more than %g", *d.Above)
	}
	return nil
}

// bound makes the limits of a sweep.Param.
func bound(v float64) *float64 { return &v }
