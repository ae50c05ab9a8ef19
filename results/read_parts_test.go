package results

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"neurosweep/sweep"
)

// partOf writes rows as a part in small row groups and returns its path.
func partOf[R any](t *testing.T, rows []R) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part.parquet")
	if err := parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(10), parquet.Compression(&parquet.Zstd)); err != nil {
		t.Fatal(err)
	}
	return path
}

// curvePart is 20 curve rows of two trials, with values that are not finite.
func curvePart(t *testing.T) (path string, rows []CurveRow) {
	values := []float64{1, math.NaN(), math.Inf(1), math.Inf(-1), 0.1}
	var stored []storedCurve
	for i := range 20 {
		row := CurveRow{strings.Repeat(fmt.Sprint(i/10), 32), int64(i%10 + 1), "loss", Value(values[i%5])}
		s := storedCurve{Trial: row.Trial, Update: row.Update, Metric: row.Metric}
		if n := row.Value.Nonfinite(); n != "" {
			s.Nonfinite = &n
		} else {
			s.Value = &values[i%5]
		}
		rows, stored = append(rows, row), append(stored, s)
	}
	return partOf(t, stored), rows
}

func datasetOf(path string) *Dataset {
	return &Dataset{spec: bestSpec(), parts: map[string][]string{sweep.CurvesTable: {path}}}
}

// TestReadParts reads rows back, those of some trials, and only as far as is asked.
func TestReadParts(t *testing.T) {
	path, want := curvePart(t)
	d := datasetOf(path)
	d.tail.Curves = []CurveRow{{want[0].Trial, 11, "loss", 5}}
	got, err := Collect(d.Curves(), compareCurves)
	if err != nil || len(got) != len(want)+1 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	one, err := Collect(d.Curves(want[0].Trial), compareCurves)
	if diff := cmp.Diff(append(want[:10:10], d.tail.Curves...), one, cmp.Comparer(Value.Same)); err != nil || diff != "" {
		t.Errorf("one trial: %v %s", err, diff)
	}
	for range d.Curves() {
		break
	}
	decoded := 0
	err = readPart(path, wantedTrials([]string{want[15].Trial}), func(storedCurve) bool { decoded++; return true })
	if err != nil || decoded != 10 {
		t.Errorf("for one trial %d rows were decoded (%v), want those of its row group", decoded, err)
	}
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// damaged reads a part with the bytes b. checked says that wrong rows without an error are a mistake, mustFail that no error is one.
func damaged(t *testing.T, path string, want []CurveRow, what string, b []byte, mustFail, checked bool) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	rows, err := Collect(datasetOf(path).Curves(), compareCurves)
	if err == nil && checked && !cmp.Equal(rows, want, cmp.Comparer(Value.Same)) {
		t.Errorf("%s: other rows, and no error", what)
	}
	if err != nil && !strings.Contains(err.Error(), path) || err == nil && mustFail {
		t.Fatalf("%s: %d rows, error %v", what, len(rows), err)
	}
}

// TestDamagedPartsAreNamed cuts a part at every byte: an error names it. Nothing panics.
func TestDamagedPartsAreNamed(t *testing.T) {
	path, want := curvePart(t)
	whole := readAll(t, path)
	for n := range whole {
		damaged(t, path, want, fmt.Sprintf("cut at byte %d of %d", n, len(whole)), whole[:n], true, true)
	}
	if err := os.WriteFile(path, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if rows, err := Collect(datasetOf(path).Curves(), compareCurves); err != nil || len(rows) != len(want) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if _, err := Collect(datasetOf(filepath.Join(t.TempDir(), "gone.parquet")).Curves(), compareCurves); err == nil || !strings.Contains(err.Error(), "gone.parquet") {
		t.Errorf("a missing part: %v", err)
	}
	foreign := partOf(t, []struct{ X int64 }{{1}})
	if _, err := Collect(datasetOf(foreign).Curves(), compareCurves); err == nil || !strings.Contains(err.Error(), "no column") {
		t.Errorf("a foreign part: %v", err)
	}
}
