package train

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neurosweep/models"
	"neurosweep/results"
	"neurosweep/sweep"
)

// tiny is a trial of 7 updates with checkpoints 0, 3, 6 and 7.
const tiny = `
name: tiny
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn, hidden: 5}
train: {updates: 7, batch: 3, length: 30, optimizer: adam, lr: 1e-2}
evaluate: {seq100: {batches: 2, seed: 1000}, again: {kind: seq100, batches: 1, seed: 7}}
checkpoints: {every: 3, initial: true, keep: all}
select: {metric: accuracy, condition: seq100, goal: maximize, over: checkpoints}
`

// edit replaces text of a spec, which must occur.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the spec has no %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// job makes the trial of a spec's fixed values with a seed, in a new folder.
func job(t *testing.T, text string, seed int64) Job {
	t.Helper()
	spec, err := sweep.Parse("tiny.yaml", []byte(text), nil, Catalog())
	if err != nil {
		t.Fatal(err)
	}
	trial, err := spec.Trial(0, nil, seed)
	if err != nil {
		t.Fatal(err)
	}
	return Job{Spec: spec, Trial: trial, Attempt: 1, Dir: t.TempDir()}
}

// A ledger collects rows as a controller does: by their natural keys. A row that comes again must be the same.
type ledger struct {
	t     *testing.T
	rows  map[string]string
	again int // rows that came again
}

func newLedger(t *testing.T) *ledger { return &ledger{t: t, rows: map[string]string{}} }

func (l *ledger) put(key, value string) {
	if old, ok := l.rows[key]; ok {
		l.again++
		if old != value {
			l.t.Errorf("%s was %s and is now %s", key, old, value)
		}
	}
	l.rows[key] = value
}

func (l *ledger) report(r results.TrialReport) error {
	for _, c := range r.Curves {
		for i, v := range c.Values {
			l.put(fmt.Sprintf("curve %06d %s", c.From+i, c.Metric), fmt.Sprintf("%x", float64(v)))
		}
	}
	for _, e := range r.Evals {
		l.put(fmt.Sprintf("eval %06d %s %s", e.Update, e.Condition, e.Metric), fmt.Sprintf("%x", float64(e.Value)))
	}
	for _, c := range r.Checkpoints {
		l.put(fmt.Sprintf("checkpoint %06d", c.Update), fmt.Sprint(c.Path, c.Digest, c.Bytes))
	}
	for _, u := range r.Deleted {
		l.put(fmt.Sprintf("deleted %06d", u), "")
	}
	return nil
}

// String is all rows, sorted.
func (l *ledger) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(l.rows)) {
		fmt.Fprintln(&b, k, l.rows[k])
	}
	return b.String()
}

// files describes all files below a folder by name and digest.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		fmt.Fprintln(&b, name, models.Digest(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// complete runs a job to its end and returns rows and files.
func complete(t *testing.T, j Job) (end results.End, rows *ledger, tree string) {
	t.Helper()
	rows = newLedger(t)
	end, err := Run(context.Background(), j, rows.report)
	if err != nil {
		t.Fatal(err)
	}
	return end, rows, files(t, j.Dir)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in\n%s", p, text)
		}
	}
}
