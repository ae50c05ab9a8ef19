package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"neurosweep/sweep"
)

// A Fault is something in a sweep's folder that is not as it should be.
type Fault struct {
	Path string // absolute; "" where the fault is in no file
	Text string
}

func (f Fault) String() string {
	if f.Path == "" {
		return f.Text
	}
	return f.Path + ": " + f.Text
}

// Verify checks the dataset of the sweep in dir: that log, plan and manifest can be read, that every Parquet file has the digest with which it was published and can be
// read to its end, that every checkpoint that was not deleted is there with its digest and, if readable is given, passes that, that ended trials have
// delivered all they must, and that no row came out differently at a second time. The error is of a folder in which nothing can be checked.
func Verify(dir string, cat *sweep.Catalog, readable func(path string) error) ([]Fault, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	v := &verifier{dir: dir}
	m, err := newestManifest(dir)
	if err != nil {
		return nil, err
	}
	v.files(m)
	d, err := Open(dir, cat)
	if err != nil {
		v.fault("", "%v", err)
		return v.faults, nil
	}
	v.plan(d)
	v.rows(d)
	v.checkpoints(d, readable)
	for t := range d.state.Trials {
		if o := t.Outcome; (o == sweep.OutcomeCompleted || o == sweep.OutcomeDiverged) && !d.state.Complete(t.ID, t.Reached) {
			v.fault("", "trial %s ended as %s at update %d, but lacks checkpoints or evaluations", t.ID, o, t.Reached)
		}
	}
	return v.faults, v.nondeterministic(d)
}

type verifier struct {
	dir    string
	faults []Fault
}

func (v *verifier) fault(path, format string, args ...any) {
	v.faults = append(v.faults, Fault{path, fmt.Sprintf(format, args...)})
}

// digestOf checks one file against its digest; false: a fault was noted.
func (v *verifier) digestOf(path, want string) bool {
	f, err := os.Open(path)
	if err != nil {
		v.fault(path, "it cannot be read: %v", errors.Unwrap(err))
		return false
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		v.fault(path, "it cannot be read: %v", err)
		return false
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		v.fault(path, "its SHA-256 is %s, and it was published with %s: the file was damaged or changed", got, want)
		return false
	}
	return true
}

// files checks the digests of everything that the manifest names, and the links.
func (v *verifier) files(m *manifest) {
	v.digestOf(m.statePath(v.dir), m.State.Digest)
	for _, table := range sweep.Tables {
		for i, path := range m.paths(v.dir, table) {
			v.digestOf(path, m.Tables[table][i].Digest)
		}
		want := filepath.Join(sweep.GenDir, m.Generation, table)
		if got, err := os.Readlink(filepath.Join(v.dir, table)); err != nil || got != want {
			v.fault(filepath.Join(v.dir, table), "it does not lead to %s; sweep resume puts it right", want)
		}
	}
	if m.Digest != "" && m.Digest != m.digest() {
		v.fault(manifestPath(v.dir, m.Number), "the digest of the finished tables is not that of their files")
	}
}

// plan checks that the plan can be read, and is the one that the sweep follows.
func (v *verifier) plan(d *Dataset) {
	plan, err := ReadPlan(v.dir)
	if err != nil {
		v.fault("", "%v", err)
		return
	}
	for i, t := range plan {
		if i >= len(d.plan) || d.plan[i].ID != t.ID {
			v.fault(filepath.Join(v.dir, sweep.PlanFile), "its trial %d is %s, and the sweep has another one there", i, t.ID)
			return
		}
	}
	if n := len(d.plan); n != len(plan) && d.spec.Method == "grid" {
		v.fault(filepath.Join(v.dir, sweep.PlanFile), "it has %d trials, and the sweep %d", len(plan), n)
	}
}

// rows reads every part to its end.
func (v *verifier) rows(d *Dataset) {
	for _, err := range d.Curves() {
		v.unreadable(err)
	}
	for _, err := range d.Evals() {
		v.unreadable(err)
	}
	for _, err := range d.Timings() {
		v.unreadable(err)
	}
}

func (v *verifier) unreadable(err error) {
	if err != nil {
		v.fault("", "%v", err)
	}
}

func (v *verifier) checkpoints(d *Dataset, readable func(string) error) {
	for _, c := range d.checkpoints {
		if c.Deleted {
			continue
		}
		path := filepath.Join(v.dir, filepath.FromSlash(c.Path))
		if !v.digestOf(path, c.Digest) || readable == nil {
			continue
		}
		if err := readable(path); err != nil {
			v.fault(path, "%v", err)
		}
	}
}

func (v *verifier) nondeterministic(d *Dataset) error {
	for e, err := range d.Events() {
		if err != nil {
			v.unreadable(err)
			return nil
		}
		if e.Kind == EventNondeterministic {
			v.fault("", "trial %s, attempt %d, gave another result: %s", e.Trial, e.Attempt, e.Detail)
		}
	}
	return nil
}
