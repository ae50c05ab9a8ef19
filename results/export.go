package results

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"neurosweep/sweep"
)

// ExportFormats lists the formats that Export writes.
var ExportFormats = []string{"csv"}

// Export writes one table. csv follows RFC 4180: a header, the columns of docs/results.md in their order, lines that end in CR LF, as do those within a quoted field. Null is an empty
// field, as is a value that is not finite, which the column nonfinite then names; times are RFC 3339 in UTC with microseconds.
// The rows come in the order of the finished dataset, (trial, update, condition, metric), and events in that of the log.
func Export(d *Dataset, table, format string, w io.Writer) error {
	if !slices.Contains(ExportFormats, format) {
		return fmt.Errorf("export as %q: the formats are %s", format, strings.Join(ExportFormats, ", "))
	}
	export, ok := exporters[table]
	if !ok {
		return fmt.Errorf("export table %q: the tables are %s", table, strings.Join(sweep.Tables, ", "))
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := export(d, c); err != nil {
		return fmt.Errorf("export table %s: %w", table, err)
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("export table %s: %w", table, err)
	}
	return nil
}

var exporters = map[string]func(*Dataset, *csv.Writer) error{
	sweep.TrialsTable: exportTrials,
	sweep.CurvesTable: func(d *Dataset, c *csv.Writer) error {
		return exportRows(c, []string{"trial", "update", "metric", "value", "nonfinite"}, d.sortedCurves(), func(r CurveRow) []string {
			return []string{r.Trial, integer(r.Update), r.Metric, number(r.Value), r.Value.Nonfinite()}
		})
	},
	sweep.EvalsTable: func(d *Dataset, c *csv.Writer) error {
		return exportRows(c, []string{"trial", "update", "condition", "metric", "value", "nonfinite"}, d.sortedEvals(), func(r EvalRow) []string {
			return []string{r.Trial, integer(r.Update), r.Condition, r.Metric, number(r.Value), r.Value.Nonfinite()}
		})
	},
	sweep.CheckpointsTable: func(d *Dataset, c *csv.Writer) error {
		return exportRows(c, []string{"trial", "update", "path", "digest", "bytes", "deleted"}, d.Checkpoints(), func(r CheckpointRow) []string {
			return []string{r.Trial, integer(r.Update), r.Path, r.Digest, integer(r.Bytes), strconv.FormatBool(r.Deleted)}
		})
	},
	sweep.EventsTable: func(d *Dataset, c *csv.Writer) error {
		return exportRows(c, []string{"time", "kind", "trial", "attempt", "agent", "cause", "detail"}, d.Events(), func(r EventRow) []string {
			return []string{moment(r.Time), r.Kind, r.Trial, integerOrNull(r.Attempt), r.Agent, r.Cause, r.Detail}
		})
	},
	sweep.TimingsTable: func(d *Dataset, c *csv.Writer) error {
		return exportRows(c, []string{"trial", "attempt", "agent", "cause", "started", "ended", "update", "seconds"}, d.Timings(), func(r TimingRow) []string {
			return []string{r.Trial, integer(r.Attempt), r.Agent, r.Cause, moment(r.Started), moment(r.Ended), integer(r.Update), number(Value(r.Seconds))}
		})
	},
}

func exportRows[T any](c *csv.Writer, header []string, rows func(func(T, error) bool), fields func(T) []string) error {
	if err := c.Write(header); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := c.Write(fields(row)); err != nil {
			return err
		}
	}
	return nil
}

// exportTrials has a column p.<path> for each swept path, in alphabetical order.
func exportTrials(d *Dataset, c *csv.Writer) error {
	paths := d.sweptPaths()
	slices.Sort(paths)
	header := []string{"trial", "cell", "seed", "outcome", "updates", "params"}
	for _, p := range paths {
		header = append(header, "p."+p)
	}
	if err := c.Write(header); err != nil {
		return err
	}
	for _, r := range d.Trials() {
		fields := []string{r.Trial, r.Cell, integer(r.Seed), r.Outcome, integer(r.Updates), r.Params}
		var params map[string]json.RawMessage
		if err := json.Unmarshal([]byte(r.Params), &params); err != nil {
			return fmt.Errorf("the parameters of trial %s are no JSON: %w", r.Trial, err)
		}
		for _, p := range paths {
			fields = append(fields, text(params[p]))
		}
		if err := c.Write(fields); err != nil {
			return err
		}
	}
	return nil
}

// text is a parameter for people: a string without its quotes, null as nothing, anything else as JSON.
func text(value json.RawMessage) string {
	var s string
	switch {
	case len(value) == 0 || string(value) == "null":
		return ""
	case json.Unmarshal(value, &s) == nil:
		return s
	}
	return string(value)
}

func integer(n int64) string { return strconv.FormatInt(n, 10) }

func integerOrNull(n int64) string {
	if n == 0 {
		return ""
	}
	return integer(n)
}

// number is the shortest text that reads back as the same bits; nothing for a value that is not finite.
func number(v Value) string {
	if v.Nonfinite() != "" {
		return ""
	}
	return strconv.FormatFloat(float64(v), 'g', -1, 64)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
}
