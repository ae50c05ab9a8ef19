package results

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neurosweep/sweep"
)

// toyCatalog has one task that trains, for tests that need no networks.
func toyCatalog() *sweep.Catalog {
	return &sweep.Catalog{
		Tasks: map[string]sweep.TaskInfo{"toy": {Component: sweep.Component{Name: "toy", Revision: 1}, Trains: true,
			Evaluations: []sweep.Component{{Name: "e", Revision: 1}}, Metrics: map[string][]string{"e": {"a", "b"}}}},
		Models: map[string]sweep.Component{"m": {Name: "m", Revision: 1, Params: []sweep.Param{{Name: "n", Type: sweep.Int, Default: int64(1)}}}},
		Train: sweep.Component{Name: "train", Revision: 1, Params: []sweep.Param{{Name: "updates", Type: sweep.Int, Default: int64(30), NotKey: true},
			{Name: "lr", Type: sweep.Float, Default: 0.5}}},
	}
}

const toyText = "name: toy\nmethod: grid\ntask: toy\nmodel: m\nseeds: 2\nparameters: {model.n: {values: [1, 2]}, train.lr: {values: [0.25, 1]}}\n" +
	"evaluate: {e: {}}\ncheckpoints: {every: 10}\nselect: {metric: a, goal: maximize}\n"

// toy makes a folder with a sweep of eight trials.
func toy(t testing.TB) (dir string, spec *sweep.Spec, plan []sweep.Trial) {
	t.Helper()
	spec, err := sweep.Parse("toy.yaml", []byte(toyText), nil, toyCatalog())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{1, 2} {
		for _, lr := range []float64{0.25, 1} {
			for _, seed := range spec.Seeds {
				trial, err := spec.Trial(len(plan), sweep.Values{"model.n": n, "train.lr": lr}, seed)
				if err != nil {
					t.Fatal(err)
				}
				plan = append(plan, trial)
			}
		}
	}
	dir = t.TempDir()
	if err := Create(dir, spec, plan); err != nil {
		t.Fatal(err)
	}
	return dir, spec, plan
}

func openToy(t testing.TB, dir string, term int, spec *sweep.Spec) *Writer {
	t.Helper()
	w, err := OpenWriter(dir, term, spec, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// toyValue is what a trial measures: some values are not finite.
func toyValue(trial sweep.TrialID, update int, metric string) Value {
	switch h := int(trial[0]) + int(trial[1])*7 + update*13 + int(metric[0]); h % 17 {
	case 0:
		return Value(math.NaN())
	case 1:
		return Value(math.Inf(1))
	case 2:
		return Value(math.Inf(-1))
	default:
		return Value(float64(h%100) / 8)
	}
}

// parts of a trial are what one attempt reports: three parts of ten updates, and the end.
func toyParts(trial sweep.Trial, attempt int) []TrialReport {
	var parts []TrialReport
	for u := 10; u <= 30; u += 10 {
		p := TrialReport{Trial: trial.ID, Attempt: attempt}
		for _, m := range []string{"loss", "accuracy"} {
			c := Curve{Metric: m, From: u - 9}
			for i := u - 9; i <= u; i++ {
				c.Values = append(c.Values, toyValue(trial.ID, i, m))
			}
			p.Curves = append(p.Curves, c)
		}
		for _, m := range []string{"a", "b"} {
			p.Evals = append(p.Evals, Eval{u, "e", m, toyValue(trial.ID, u, m)})
		}
		p.Checkpoints = []Checkpoint{{Update: u, Path: sweep.WeightsPath(trial.ID, u), Digest: fmt.Sprintf("%s-%d", trial.ID, u), Bytes: int64(u)}}
		parts = append(parts, p)
	}
	return append(parts, TrialReport{Trial: trial.ID, Attempt: attempt, End: &End{Cause: sweep.CauseCompleted, Update: 30, Seconds: 1}})
}

// toyEntries is a whole sweep by some agents in a random interleaving; some trials are tried twice, and report everything again.
func toyEntries(plan []sweep.Trial, seed uint64) []Entry {
	random := rand.New(rand.NewPCG(seed, 1))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type worker struct {
		incarnation sweep.Incarnation
		sequence    uint64
		parts       []TrialReport
	}
	workers := []*worker{{incarnation: "w1"}, {incarnation: "w2"}, {incarnation: "w3"}}
	trials := slices.Clone(plan)
	random.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
	entries := []Entry{{Event: &Event{Kind: EventTermTaken}}, {State: &Change{State: "running"}}}
	left := len(plan)
	for left > 0 {
		w := workers[random.IntN(len(workers))]
		if len(w.parts) == 0 {
			if len(trials) == 0 {
				continue
			}
			t := trials[0]
			trials = trials[1:]
			attempt := 1
			entries = append(entries, Entry{Granted: &Granted{Incarnation: w.incarnation, Agent: "host:1", Trials: []Grant{{Trial: t.ID, Attempt: 1}}}})
			if random.IntN(3) == 0 { // a first attempt that is lost after some of its parts
				attempt = 2
				for _, p := range toyParts(t, 1)[:random.IntN(3)] {
					w.sequence++
					entries = append(entries, Entry{Report: &Report{Version: ReportVersion, Incarnation: w.incarnation, Sequence: w.sequence, Trials: []TrialReport{p}}})
				}
				entries = append(entries, Entry{Ended: &Ended{Trial: t.ID, Attempt: 1, Cause: sweep.CauseNode}},
					Entry{Granted: &Granted{Incarnation: w.incarnation, Agent: "host:1", Trials: []Grant{{Trial: t.ID, Attempt: 2}}}})
			}
			w.parts = toyParts(t, attempt)
		}
		p := w.parts[0]
		w.parts = w.parts[1:]
		w.sequence++
		entries = append(entries, Entry{Report: &Report{Version: ReportVersion, Incarnation: w.incarnation, Sequence: w.sequence, Trials: []TrialReport{p}}})
		if p.End != nil {
			left--
			entries = append(entries, Entry{Outcome: &Outcome{Trial: p.Trial, Outcome: sweep.OutcomeCompleted, Update: 30, Cause: sweep.CauseCompleted}})
		}
	}
	for i := range entries {
		entries[i].Time = at.Add(time.Duration(i) * time.Second)
	}
	return entries
}

// finished writes all entries and finishes; it returns the digest and the bytes of the four tables.
func finished(t testing.TB, w *Writer, dir string, entries []Entry) (digest string, tables map[string][]byte) {
	t.Helper()
	if err := w.Append(entries...); err != nil {
		t.Fatal(err)
	}
	digest, err := w.Finish()
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return digest, tableBytes(t, dir)
}

func tableBytes(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	tables := map[string][]byte{}
	for _, table := range digested {
		files, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
		if err != nil || len(files) != 1 {
			t.Fatalf("table %s has the files %v, %v", table, files, err)
		}
		if tables[table], err = os.ReadFile(files[0]); err != nil {
			t.Fatal(err)
		}
	}
	return tables
}

// TestSameBytes runs the sweep in many orders, with flushes anywhere and controllers that die anywhere: the finished tables are the same bytes.
func TestSameBytes(t *testing.T) {
	dir, spec, plan := toy(t)
	want, wantTables := finished(t, openToy(t, dir, 1, spec), dir, toyEntries(plan, 0))
	for seed := range uint64(8) {
		dir, spec, plan := toy(t)
		entries := toyEntries(plan, seed)
		random := rand.New(rand.NewPCG(seed, 2))
		w, term := openToy(t, dir, 1, spec), 1
		synced := 0
		for i := 0; i < len(entries); i++ {
			if err := w.Append(entries[i]); err != nil {
				t.Fatal(err)
			}
			switch random.IntN(12) {
			case 0, 1, 2:
				if err := w.Sync(); err != nil {
					t.Fatal(err)
				}
				synced = i + 1
			case 3:
				if err := w.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
				synced = i + 1
			case 4: // killed: what was not synced is gone
				term++
				w = openToy(t, dir, term, spec)
				i = synced - 1
			}
		}
		got, tables := finished(t, w, dir, nil)
		if got != want {
			t.Errorf("seed %d: digest %s, want %s", seed, got, want)
		}
		for table := range tables {
			if !bytes.Equal(tables[table], wantTables[table]) {
				t.Errorf("seed %d: table %s has other bytes", seed, table)
			}
		}
		if faults, err := Verify(dir, toyCatalog(), nil); err != nil || len(faults) != len(plan)*3 { // the checkpoints are not there
			t.Errorf("seed %d: %d faults, %v", seed, len(faults), err)
		}
	}
}

// rowsIn collects everything that a dataset has.
func rowsIn(t testing.TB, dir string) Rows {
	t.Helper()
	d, err := Open(dir, toyCatalog())
	if err != nil {
		t.Fatal(err)
	}
	curves, err1 := Collect(d.Curves(), compareCurves)
	evals, err2 := Collect(d.Evals(), compareEvals)
	checkpoints, err3 := Collect(d.Checkpoints(), compareCheckpoints)
	timings, err4 := Collect(d.Timings(), compareTimings)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	return Rows{Trials: d.Trials(), Curves: curves, Evals: evals, Checkpoints: checkpoints, Timings: timings}
}

var sameValues = cmp.Comparer(Value.Same)

// copyDir copies a sweep's folder, links as links.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestCrashInAFlush stops a flush after each of its steps: the next controller has every row once.
func TestCrashInAFlush(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	entries := toyEntries(plan, 3)
	half := len(entries) / 2
	if err := errors.Join(w.Append(entries[:half]...), w.Flush(context.Background()), w.Append(entries[half:]...), w.Sync()); err != nil {
		t.Fatal(err)
	}
	want := rowsIn(t, dir)
	m, c, rows, err := w.cut(true)
	if err != nil {
		t.Fatal(err)
	}
	check := func(step string) {
		t.Helper()
		crashed := copyDir(t, dir)
		if diff := cmp.Diff(want, rowsIn(t, crashed), sameValues); diff != "" {
			t.Errorf("a reader after %s: %s", step, diff)
		}
		next := openToy(t, crashed, 2, spec)
		if diff := cmp.Diff(want, rowsIn(t, crashed), sameValues); diff != "" {
			t.Errorf("the next controller after %s: %s", step, diff)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
	check("nothing")
	if err := writeGeneration(dir, m, w.manifest, c, rows); err != nil {
		t.Fatal(err)
	}
	check("the generation")
	if err := m.publish(dir); err != nil {
		t.Fatal(err)
	}
	check("the manifest")
	if err := m.link(dir); err != nil {
		t.Fatal(err)
	}
	check("the links")
	if err := w.tidy(m); err != nil {
		t.Fatal(err)
	}
	check("tidying")
}

// TestLogCutAtEveryByte cuts the newest log: what is left is a beginning of what was written, and the next controller goes on from there. A damaged log
// that is not the newest is named.
func TestLogCutAtEveryByte(t *testing.T) {
	dir, spec, plan := toy(t)
	w := openToy(t, dir, 1, spec)
	entries := toyEntries(plan[:1], 1)
	for _, e := range entries {
		if err := errors.Join(w.Append(e), w.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	log := w.log.Name()
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for n := range whole {
		if err := os.WriteFile(log, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Open(dir, toyCatalog())
		if err != nil {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		now := d.tail.count()
		if now < seen {
			t.Fatalf("cut at byte %d there are %d rows, and fewer bytes gave %d", n, now, seen)
		}
		seen = now
	}
	if err := os.WriteFile(log, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	next := logName{1, 2}.String()
	if err := os.WriteFile(filepath.Join(dir, sweep.WALDir, next), whole[:8], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, toyCatalog()); err == nil || !strings.Contains(err.Error(), filepath.Base(log)) {
		t.Errorf("a torn log that is not the newest: %v", err)
	}
}

// TestDamageIsNamed damages or removes each file that a dataset needs: the error names it.
func TestDamageIsNamed(t *testing.T) {
	dir, spec, plan := toy(t)
	finished(t, openToy(t, dir, 1, spec), dir, toyEntries(plan, 0))
	m, err := newestManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{manifestPath(dir, m.Number): "{", m.statePath(dir): "x", m.paths(dir, sweep.EvalsTable)[0]: "PAR1", filepath.Join(dir, sweep.SpecFile): ":"} {
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := copyDir(t, dir)
		file := filepath.Join(damaged, relative)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Open(damaged, toyCatalog())
		if err == nil {
			_, err = Collect(d.Evals(), compareEvals)
		}
		if err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
			t.Errorf("%s is damaged: %v", relative, err)
		}
		if faults, err := Verify(damaged, toyCatalog(), nil); err == nil && len(faults) == 0 {
			t.Errorf("verify finds nothing wrong with a damaged %s", relative)
		}
	}
}

// TestNewerSchema refuses what a later version has written.
func TestNewerSchema(t *testing.T) {
	dir, spec, _ := toy(t)
	name := manifestPath(dir, 1)
	text, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, bytes.Replace(text, []byte(`"schema": 1`), []byte(`"schema": 2`), 1), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	var version *SchemaError
	if _, err := Open(dir, toyCatalog()); !errors.As(err, &version) || version.Version != 2 {
		t.Errorf("a newer schema: %v", err)
	}
	if _, err := OpenWriter(dir, 1, spec, WriterOptions{}); !errors.As(err, &version) {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestOneWriter lets a controller go on that has been replaced: it cannot publish.
func TestOneWriter(t *testing.T) {
	dir, spec, plan := toy(t)
	old := openToy(t, dir, 1, spec)
	openToy(t, dir, 2, spec)
	if err := old.Append(toyEntries(plan, 0)[0]); err != nil {
		t.Fatal(err)
	}
	if err := old.Flush(context.Background()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a controller of an older term has published a manifest: %v", err)
	}
	if _, err := OpenWriter(dir, 2, spec, WriterOptions{}); err == nil {
		t.Error("a term was opened twice")
	}
}
