//go:build python

package results

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// python is the interpreter that make test prepares, with pandas, polars and DuckDB.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	name := os.Getenv("NEUROSWEEP_PYTHON")
	if name == "" {
		t.Fatal("NEUROSWEEP_PYTHON must name a Python with the packages of python/requirements.txt; make test sets it")
	}
	return exec.Command(name, args...)
}

// readWithAll prints, for each reader and table, how many rows it sees, how many values there are, and their sum.
const readWithAll = `
import json, sys, duckdb, pandas, polars
root, out = sys.argv[1], {}
for table in ("curves", "evals"):
    glob = f"{root}/{table}/*.parquet"
    n, values, total, bad = duckdb.sql(f"SELECT count(*), count(value), sum(value), count(nonfinite) FROM '{glob}'").fetchall()[0]
    out[f"duckdb {table}"] = [n, values, total, bad]
    d = pandas.read_parquet(f"{root}/{table}")
    out[f"pandas {table}"] = [len(d), int(d.value.notna().sum()), float(d.value.sum()), int(d.nonfinite.notna().sum())]
    p = polars.read_parquet(glob)
    out[f"polars {table}"] = [p.height, p.height - p["value"].null_count(), float(p["value"].sum()), p.height - p["nonfinite"].null_count()]
d = pandas.read_parquet(f"{root}/trials")
out["trials"] = [len(d), float(d["p.train.lr"].sum()), int(d["p.model.n"].sum()), sorted(d.outcome.unique())]
out["types"] = [str(d["p.train.lr"].dtype), str(d["p.model.n"].dtype), str(pandas.read_parquet(f"{root}/events").time.dtype.unit)]
print(json.dumps(out))
`

// TestOtherReaders reads the finished tables with pandas, polars and DuckDB: the same rows as ours.
func TestOtherReaders(t *testing.T) {
	dir, spec, plan := toy(t)
	finished(t, openToy(t, dir, 1, spec), dir, toyEntries(plan, 2))
	ours := rowsIn(t, dir)
	text, err := python(t, "-c", readWithAll, dir).Output()
	if err != nil {
		t.Fatal(err, stderrOf(err))
	}
	var got map[string][]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var curves, evals []Value
	for _, c := range ours.Curves {
		curves = append(curves, c.Value)
	}
	for _, e := range ours.Evals {
		evals = append(evals, e.Value)
	}
	for table, values := range map[string][]Value{"curves": curves, "evals": evals} {
		finite, sum := 0, 0.0
		for _, v := range values {
			if v.Nonfinite() == "" {
				finite++
				sum += float64(v)
			}
		}
		for _, reader := range []string{"duckdb ", "pandas ", "polars "} {
			want := []any{float64(len(values)), float64(finite), sum, float64(len(values) - finite)}
			for i := range want {
				if got[reader+table][i] != want[i] {
					t.Errorf("%s%s reads %v, want %v", reader, table, got[reader+table], want)
				}
			}
		}
	}
	if s, err := json.Marshal([]any{got["trials"], got["types"]}); err != nil || string(s) != `[[8,5,12,["completed"]],["float64","int64","us"]]` {
		t.Errorf("trials are %s, %v", s, err)
	}
}

func stderrOf(err error) string {
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return string(exited.Stderr)
	}
	return ""
}

// globForEver counts the rows of a glob again and again: they may only grow, and none may be there twice. Through DIR/curves the files that were merged may be
// gone when they are looked up after the listing, or opened, which is an error; behind the resolved link nothing is ever gone.
const globForEver = `
import os, sys, threading, duckdb
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
last, looks = 0, 0
print("ready", flush=True)
while not stop.is_set():
    folder = f"{sys.argv[1]}/curves"
    if looks % 2:
        folder = os.path.realpath(folder)
    try:
        n, distinct = duckdb.sql(f"SELECT count(*), count(DISTINCT (trial, update, metric)) FROM '{folder}/*.parquet'").fetchall()[0]
        trials = duckdb.sql(f"SELECT count(*) FROM '{sys.argv[1]}/trials/*.parquet'").fetchall()[0][0]
        assert trials <= 8
    except duckdb.IOException as error:
        assert looks % 2 == 0 and "curves" in str(error) and ("No such file" in str(error) or "No files found" in str(error)), error
        looks += 1
        continue
    assert n == distinct, f"{n} rows, {distinct} different ones"
    assert n >= last, f"{n} rows, and {last} before"
    last, looks = n, looks + 1
print(last, looks)
`

// TestGlobIsExact globs with DuckDB all through flushes and the final compaction.
func TestGlobIsExact(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	reader := python(t, "-c", globForEver, dir)
	var output, stderr bytes.Buffer
	reader.Stderr = &stderr
	in, err1 := reader.StdinPipe()
	out, err2 := reader.StdoutPipe()
	if err := errors.Join(err1, err2, reader.Start()); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, ready); err != nil {
		t.Fatal(err, stderr.String())
	}
	for _, e := range toyEntries(plan, 6) {
		if err := errors.Join(w.Append(e), w.Flush(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if _, err := w.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.ReadFrom(out); err != nil {
		t.Fatal(err)
	}
	if err := reader.Wait(); err != nil {
		t.Fatal(err, stderr.String())
	}
	if want := "480 "; !strings.HasPrefix(output.String(), want) {
		t.Errorf("at the end the glob has %s rows, want %s", output.String(), want)
	}
	t.Logf("rows and looks: %s", output.String())
}
