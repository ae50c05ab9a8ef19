package results

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A CellRow is a cell in the table at the end of a run.
type CellRow = Place

// A Table is what a run prints at its end: the cells, best first.
type Table struct {
	Metric    string
	Condition string
	Paths     []string // the swept paths, in the order of the plan
	Rows      []CellRow
}

// Cells makes the table of a sweep's cells under the spec's select: mean and SD over seeds, seeds that count and seeds planned, and the best checkpoint.
// Cells that lack a seed come last, whatever select.missing says.
func Cells(d *Dataset) (Table, error) {
	t := Table{Metric: d.spec.Select.Metric, Condition: d.spec.Select.Condition, Paths: d.sweptPaths()}
	if t.Metric == "" {
		return t, fmt.Errorf("a table of cells needs a metric: the spec has no select")
	}
	rows, err := d.places(BestQuery{}, "last")
	t.Rows = rows
	return t, err
}

// sweptPaths are the paths that the spec sweeps, and those only that its trials have.
func (d *Dataset) sweptPaths() []string {
	paths := d.spec.Paths()
	var more []string
	for _, t := range d.plan {
		for p := range t.Params {
			if !slices.Contains(paths, p) && !slices.Contains(more, p) {
				more = append(more, p)
			}
		}
	}
	slices.Sort(more)
	return append(paths, more...)
}

// WriteTable prints a table for people: a row a cell, and below it the best checkpoint with its path.
func WriteTable(w io.Writer, t Table) error {
	if len(t.Rows) == 0 {
		_, err := fmt.Fprintln(w, "no trial has ended yet")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	header := slices.Concat([]string{"place"}, t.Paths, []string{t.Metric + "@" + t.Condition, "n", "update"})
	fmt.Fprintln(tw, strings.Join(header, "\t"))
	for _, r := range t.Rows {
		fields := []string{strconv.Itoa(r.Place)}
		for _, p := range t.Paths {
			value := "-"
			if v, ok := r.Params[p]; ok {
				value = ParamText(v)
			}
			fields = append(fields, value)
		}
		fields = append(fields, MeanText(r.Value, r.SD), seedsText(r.N, r.Planned), strconv.FormatInt(r.Update, 10))
		fmt.Fprintln(tw, strings.Join(fields, "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	best := t.Rows[0]
	if best.Value == nil {
		_, err := fmt.Fprintln(w, "no cell has a value")
		return err
	}
	where := best.Checkpoint
	switch {
	case where == "":
		where = "trial " + string(best.Trial)
	case best.Deleted:
		where += " (deleted)"
	}
	_, err := fmt.Fprintf(w, "best: %s (seed %d, the nearest to the median)\n", where, best.Seed)
	return err
}

// ParamText is a parameter's value as a spec would have it: numbers in their shortest form, lists and null as JSON.
func ParamText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// MeanText is a mean with its standard deviation, "0.9271 ± 0.0030", to four digits; "-" for none.
func MeanText(mean, sd *float64) string {
	switch {
	case mean == nil:
		return "-"
	case sd == nil:
		return digits(*mean)
	}
	return digits(*mean) + " ± " + digits(*sd)
}

func digits(v float64) string {
	if a := math.Abs(v); a == 0 || a >= 1e-3 && a < 1e5 {
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return strconv.FormatFloat(v, 'e', 2, 64)
}

// seedsText is "3" where all planned seeds count, else "2/3".
func seedsText(n, planned int) string {
	if n == planned {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d/%d", n, planned)
}
