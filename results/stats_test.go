package results

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWindowed averages the last two of every three updates, over rows in any order.
func TestWindowed(t *testing.T) {
	b := newBench(bestSpec(), 2, 0, 1)
	for u := int64(7); u >= 1; u-- {
		for _, trial := range []string{"t0-0", "t0-1"} {
			b.rows.Curves = append(b.rows.Curves, CurveRow{trial, u, "loss", Value(u)}, CurveRow{trial, u, "accuracy", 1})
		}
	}
	b.rows.Curves = append(b.rows.Curves, CurveRow{"t1-0", 1, "loss", 1}, CurveRow{"t1-0", 2, "loss", Value(math.Inf(1))}, CurveRow{"t1-0", 3, "loss", 1})
	rows, err := Windowed(b.dataset(), "loss", 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []Window{
		{"cell0", 0, "t0-0", 3, 2.5}, {"cell0", 0, "t0-0", 6, 5.5},
		{"cell0", 1, "t0-1", 3, 2.5}, {"cell0", 1, "t0-1", 6, 5.5},
		{"cell1", 0, "t1-0", 3, Value(math.NaN())},
	}
	if diff := cmp.Diff(want, rows, cmp.Comparer(Value.Same)); diff != "" {
		t.Error(diff)
	}
	mean, sd := 2.5, 0.0
	late := 5.5
	spreads := []Spread{{"cell0", 3, &mean, &sd, 2}, {"cell0", 6, &late, &sd, 2}, {"cell1", 3, nil, nil, 0}}
	if diff := cmp.Diff(spreads, OverSeeds(rows)); diff != "" {
		t.Error(diff)
	}
	if _, err := Windowed(b.dataset(), "los", 3, 2); err == nil || !strings.Contains(err.Error(), "accuracy, loss") {
		t.Errorf("a typo is answered %v", err)
	}
	if _, err := Windowed(b.dataset(), "loss", 0, 2); err == nil {
		t.Error("windows every 0 updates are accepted")
	}
}
