package main

import (
	"errors"
	"fmt"
	"io"
)

// A row is one comparison.
type row struct {
	name         string
	threads      int
	against      string
	ours, theirs string
	value, goal  float64 // goal 0: none
	limit        float64 // the value that no program can exceed here; 0: not known
	unit         string
	atMost       bool // the goal is a largest value
	err          error
}

// met tells whether the goal is reached; a value that is no number reaches none.
func (r row) met() bool {
	if r.atMost {
		return r.value <= r.goal
	}
	return r.value >= r.goal
}

// outOfReach tells whether no program could reach the goal on this machine.
func (r row) outOfReach() bool { return r.limit > 0 && !r.atMost && r.goal > r.limit }

func (r row) verdict() string {
	switch {
	case r.err != nil:
		return "failed: " + r.err.Error()
	case r.goal == 0:
		return ""
	case r.met():
		return "yes"
	case r.outOfReach():
		return "no; beyond the peak"
	}
	return "no"
}

// number is a value with its unit, or nothing.
func (r row) number(v float64) string {
	if v == 0 || r.err != nil {
		return ""
	}
	return fmt.Sprintf("%.3g%s", v, r.unit)
}

func (r row) wanted() string {
	sign := "≥ "
	if r.atMost {
		sign = "≤ "
	}
	if r.goal == 0 {
		return ""
	}
	return sign + r.number(r.goal)
}

// write prints the table as Markdown.
func write(w io.Writer, rows []row) {
	fmt.Fprintln(w, "| what | threads | ours | beside | its | value | goal | at the peak | reached |")
	fmt.Fprintln(w, "|---|--:|--:|---|--:|--:|--:|--:|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", r.name, r.threads, r.ours, r.against, r.theirs, r.number(r.value), r.wanted(), r.number(r.limit), r.verdict())
	}
}

// judge lists the goals that were missed and could have been reached.
func judge(rows []row) error {
	var missed []error
	for _, r := range rows {
		if r.err != nil || r.goal != 0 && !r.met() && !r.outOfReach() {
			missed = append(missed, fmt.Errorf("%s beside %s: %s, wanted %s %s", r.name, r.against, r.number(r.value), r.wanted(), r.verdict()))
		}
	}
	return errors.Join(missed...)
}
