package table

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

type row struct {
	Trial   string    `parquet:"trial,zstd"`
	Value   *float64  `parquet:"value,optional"`
	Micro   time.Time `parquet:"micro,timestamp(microsecond)"`
	Milli   time.Time `parquet:"milli,timestamp(millisecond)"`
	Ignored int32     `parquet:"ignored"`
}

// TestReadBack writes a table in two parts and several row groups, and reads columns of it.
func TestReadBack(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "rows"), 0o777); err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 3, 1, 0, 0, 0, 123456000, time.UTC)
	var want []row
	for i := range 5000 {
		r := row{Trial: strings.Repeat("x", i%7), Micro: begin.Add(time.Duration(i) * time.Second), Milli: begin.Truncate(time.Millisecond)}
		if i%3 > 0 {
			v := float64(i)
			r.Value = &v
		}
		want = append(want, r)
	}
	for name, part := range map[string][]row{"a.parquet": want[:3000], "b.parquet": want[3000:]} {
		if err := parquet.WriteFile(filepath.Join(dir, "rows", name), part, parquet.MaxRowsPerRowGroup(700)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := Read(dir, "rows", "value", "trial")
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows (%v), want %d", len(rows), err, len(want))
	}
	for i, r := range rows {
		if r[0].IsNull() != (want[i].Value == nil) || want[i].Value != nil && math.Float64bits(r[0].Double()) != math.Float64bits(*want[i].Value) || r[1].String() != want[i].Trial {
			t.Fatalf("row %d is %v, want %+v", i, r, want[i])
		}
	}
	for column, of := range map[string]func(row) time.Time{"micro": func(r row) time.Time { return r.Micro }, "milli": func(r row) time.Time { return r.Milli }} {
		times, err := Times(dir, "rows", column)
		if err != nil || !slices.EqualFunc(times, want, func(got time.Time, r row) bool { return got.Equal(of(r)) }) {
			t.Errorf("%s: %v, times differ", column, err)
		}
	}
}

// TestErrorsNameTheFile reads what is not there.
func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rows", "a.parquet")
	if err := os.Mkdir(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(file, []row{{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, "rows", "absent"); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "absent") {
		t.Errorf("an absent column: %v", err)
	}
	if _, err := Times(dir, "rows", "ignored"); err == nil || !strings.Contains(err.Error(), "ignored") {
		t.Errorf("a column of numbers as times: %v", err)
	}
	if _, err := Read(dir, "none", "trial"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("an absent table: %v", err)
	}
	if err := os.WriteFile(file, []byte("PAR1 nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, "rows", "trial"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a damaged file: %v", err)
	}
}
