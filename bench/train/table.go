package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
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

// table is the rows as Markdown.
func table(rows []row) string {
	var w strings.Builder
	w.WriteString("| what | threads | ours | beside | its | value | goal | limit | reached |\n|---|--:|--:|---|--:|--:|--:|--:|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", r.name, r.threads, r.ours, r.against, r.theirs, r.number(r.value), r.wanted(), r.number(r.limit), r.verdict())
	}
	return w.String()
}

// Where a file has the table.
const (
	beginTable = "<!-- bench: begin -->\n"
	endTable   = "<!-- bench: end -->\n"
)

// replace puts a text between the marks of a file.
func replace(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(old), beginTable)
	_, tail, ok2 := strings.Cut(rest, endTable)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no part between %q and %q", file, beginTable, endTable)
	}
	return os.WriteFile(file, []byte(head+beginTable+text+endTable+tail), 0o666)
}

// processor names the machine that a table is of.
func processor() string {
	name := "an unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // where there is none, the table is still right
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d processors.", name, runtime.NumCPU())
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
