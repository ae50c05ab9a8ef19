package train

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"neurosweep/models/graph"
)

// A group is a part of the flat weight buffer whose weights have the same learning rate and decay: one parameter of the model, or several that
// follow each other.
type group struct {
	from, to int     // weights from … to-1
	factor   float64 // of the learning rate
	decay    float64 // weight decay
}

// newGroups cuts a model's parameters into groups, by the patterns of train.no_decay and train.lr_factors. A pattern is one of path.Match: * stands
// for any text, ? for a letter. One that matches no parameter is a mistake.
func newGroups(s settings, params []graph.Param) ([]group, error) {
	factors := make([]float64, len(s.lrFactors))
	patterns := make([]string, len(s.lrFactors))
	for i, text := range s.lrFactors {
		pattern, number, ok := strings.Cut(text, "=")
		factor, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || !(factor >= 0 && factor <= maxFactor) {
			return nil, fmt.Errorf("train.lr_factors: %q is not valid, want pattern=factor, with a factor from 0 to %g, such as w_rec=0.1", text, maxFactor)
		}
		patterns[i], factors[i] = pattern, factor
	}
	undecayed, err := matches("train.no_decay", s.noDecay, params)
	if err != nil {
		return nil, err
	}
	scaled, err := matches("train.lr_factors", patterns, params)
	if err != nil {
		return nil, err
	}
	var groups []group
	at := 0
	for i, p := range params {
		g := group{from: at, to: at + p.Size(), factor: 1, decay: s.weightDecay}
		if undecayed[i] >= 0 {
			g.decay = 0
		}
		if scaled[i] >= 0 {
			g.factor = factors[scaled[i]]
		}
		at = g.to
		if n := len(groups); n > 0 && groups[n-1].factor == g.factor && groups[n-1].decay == g.decay {
			groups[n-1].to = g.to
			continue
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// maxFactor bounds the factors of learning rates.
const maxFactor = 1e6

// matches finds the first pattern that matches each parameter's name; -1: none.
func matches(key string, patterns []string, params []graph.Param) ([]int, error) {
	first := make([]int, len(params))
	names := make([]string, len(params))
	used := make([]bool, len(patterns))
	for i, p := range params {
		first[i], names[i] = -1, p.Name
		for k, pattern := range patterns {
			ok, err := path.Match(pattern, p.Name)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is no pattern: %w", key, pattern, err)
			}
			used[k] = used[k] || ok
			if ok && first[i] < 0 {
				first[i] = k
			}
		}
	}
	for k, pattern := range patterns {
		if !used[k] {
			return nil, fmt.Errorf("%s: %q matches no parameter of the model; it has %s", key, pattern, strings.Join(names, ", "))
		}
	}
	return first, nil
}
