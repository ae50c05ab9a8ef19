package results

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// A Window is the mean of a training metric over some consecutive updates of one trial.
type Window struct {
	Cell   sweep.CellID
	Seed   int64
	Trial  sweep.TrialID
	Update int64 // the last of the window
	Value  Value // the mean; NaN where a value in the window is not finite
}

// Windowed gives, for every trial, the mean of a training metric over the last window updates at each multiple of every:
// the rows that notebooks print as they train. A window that reaches before update 1 or beyond the last one is left out.
// Rows come in the order of the plan, then by update.
func Windowed(d *Dataset, metric string, every, window int) ([]Window, error) {
	if every < 1 || window < 1 {
		return nil, fmt.Errorf("windows of %d updates, every %d: both must be at least 1", window, every)
	}
	curves, names := map[string][]float64{}, map[string]bool{}
	for row, err := range d.Curves() {
		if err != nil {
			return nil, err
		}
		names[row.Metric] = true
		if row.Metric != metric || row.Update < 1 {
			continue
		}
		c := curves[row.Trial]
		for int64(len(c)) < row.Update {
			c = append(c, math.NaN())
		}
		c[row.Update-1] = float64(row.Value)
		curves[row.Trial] = c
	}
	if len(names) > 0 && !names[metric] {
		return nil, fmt.Errorf("curves have no metric %q; they have %s", metric, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	var rows []Window
	for _, t := range d.plan {
		c := curves[string(t.ID)]
		for end := every; end <= len(c); end += every {
			if end >= window {
				rows = append(rows, Window{t.Cell, t.Seed, t.ID, int64(end), mean(c[end-window : end])})
			}
		}
	}
	return rows, nil
}

func mean(values []float64) Value {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	if m := sum / float64(len(values)); !math.IsInf(m, 0) {
		return Value(m)
	}
	return Value(math.NaN())
}

// A Spread is a windowed mean over the seeds of a cell.
type Spread struct {
	Cell   sweep.CellID
	Update int64
	Mean   *float64 // nil where no seed is finite
	SD     *float64 // with n-1
	N      int      // seeds that are finite
}

// OverSeeds takes mean and SD over seeds of what Windowed gives, by cell and update, in the order of the first appearance of the cell.
func OverSeeds(rows []Window) []Spread {
	type key struct {
		cell   sweep.CellID
		update int64
	}
	place, values := map[sweep.CellID]int{}, map[key][]float64{}
	for _, r := range rows {
		if _, ok := place[r.Cell]; !ok {
			place[r.Cell] = len(place)
		}
		k := key{r.Cell, r.Update}
		if _, ok := values[k]; !ok {
			values[k] = nil
		}
		if r.Value.Nonfinite() == "" {
			values[k] = append(values[k], float64(r.Value))
		}
	}
	keys := slices.SortedFunc(maps.Keys(values), func(a, b key) int {
		return cmp.Or(cmp.Compare(place[a.cell], place[b.cell]), cmp.Compare(a.update, b.update))
	})
	spreads := make([]Spread, len(keys))
	for i, k := range keys {
		s := Spread{Cell: k.cell, Update: k.update, N: len(values[k])}
		s.Mean, s.SD = meanSD(values[k])
		spreads[i] = s
	}
	return spreads
}
