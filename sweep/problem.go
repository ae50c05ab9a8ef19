package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// A Problem is one mistake in a spec.
type Problem struct {
	File string // as the user gave it
	Line int    // from 1; 0: none, the mistake is in an argument or in the file as a whole
	Key  string // dotted path; "" where no key applies
	Text string // what is wrong, and what would be right
}

// Error is FILE:LINE: key: text, without what does not apply.
func (p Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	if p.Key != "" {
		s += ": " + p.Key
	}
	return s + ": " + p.Text
}

// Problems are all mistakes of a spec, by line.
type Problems []Problem

// maxSaid is how many problems are said at once.
const maxSaid = 100

// Error is one line a problem, of the first hundred.
func (p Problems) Error() string {
	var lines []string
	for _, problem := range p[:min(len(p), maxSaid)] {
		lines = append(lines, problem.Error())
	}
	if more := len(p) - maxSaid; more > 0 {
		lines = append(lines, Problem{File: p[0].File, Text: fmt.Sprintf("and %d more mistakes", more)}.Error())
	}
	return strings.Join(lines, "\n")
}

// sorted orders problems by line, those without one last, and drops repeated ones.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		switch {
		case a.Line == b.Line:
			return 0
		case a.Line == 0 || b.Line != 0 && a.Line > b.Line:
			return 1
		}
		return -1
	})
	return slices.Compact(p)
}

// instead names what is valid where the user wrote name, and first what was probably meant.
func instead(name string, valid []string) string {
	if len(valid) == 0 {
		return "nothing is valid here"
	}
	list := strings.Join(valid, ", ")
	if near := nearest(name, valid); near != "" {
		return fmt.Sprintf("did you mean %s? Valid are %s", near, list)
	}
	return "valid are " + list
}

// nearest is the valid name that a typo could have come from; "" where none is near.
func nearest(name string, valid []string) string {
	best, bestDistance := "", 1+max(len(name)/3, 1)
	for _, v := range valid {
		if d := distance(name, v); d < bestDistance {
			best, bestDistance = v, d
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours that make b of a (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
