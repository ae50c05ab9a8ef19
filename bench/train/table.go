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
	limit        float64 // the value at the peak, which no program can exceed here; 0: not known
	share        float64 // the part of the limit that the goal was where it was set; 0: not known
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

// sameShare tells whether as large a part of the limit is reached as the goal is of its machine's.
func (r row) sameShare() bool { return r.limit > 0 && r.share > 0 && r.value/r.limit >= r.share }

func (r row) verdict() string {
	verdict := "no"
	switch {
	case r.err != nil:
		return "failed: " + r.err.Error()
	case r.goal == 0:
		return ""
	case r.met():
		verdict = "yes"
	}
	if r.limit > 0 && r.share > 0 {
		verdict += fmt.Sprintf("; %.0f %% of the limit, the goal is %.0f %%", 100*r.value/r.limit, 100*r.share)
	}
	return verdict
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
	fmt.Fprintln(w, "| what | threads | ours | beside | its | value | goal | limit | reached |")
	fmt.Fprintln(w, "|---|--:|--:|---|--:|--:|--:|--:|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", r.name, r.threads, r.ours, r.against, r.theirs, r.number(r.value), r.wanted(), r.number(r.limit), r.verdict())
	}
}

// judge lists the goals that were missed, the ratio as well as its share of the limit.
func judge(rows []row) error {
	var missed []error
	for _, r := range rows {
		if r.err != nil || r.goal != 0 && !r.met() && !r.sameShare() {
			missed = append(missed, fmt.Errorf("%s beside %s: %s, wanted %s: %s", r.name, r.against, r.number(r.value), r.wanted(), r.verdict()))
		}
	}
	return errors.Join(missed...)
}
