package results

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"neurosweep/sweep"
	"os"
)

// digested are the tables whose bytes are the same for equal sweeps.
var digested = []string{sweep.TrialsTable, sweep.CurvesTable, sweep.EvalsTable, sweep.CheckpointsTable}

// Finish writes the dataset anew, each table one file, sorted by (trial, update, condition, metric) in row groups of a fixed size: equal sweeps then have the
// same bytes in trials, curves, evals and checkpoints. It returns the digest of these four, which the manifest keeps.
func (w *Writer) Finish() (digest string, err error) {
	if err := w.flush(context.Background(), true); err != nil {
		return "", err
	}
	w.flushing.Lock()
	defer w.flushing.Unlock()
	m, c, rows, err := w.cut(true)
	if err != nil {
		return "", err
	}
	if err := w.compact(m, c, rows); err != nil {
		w.restore(rows)
		return "", err
	}
	m.Digest = m.digest()
	return m.Digest, w.install(m, rows)
}

// compact writes a generation of sorted tables.
func (w *Writer) compact(m *manifest, c captured, rows Rows) error {
	if c.err != nil {
		return fmt.Errorf("take a snapshot of the state: %w", c.err)
	}
	root := filepath.Join(w.dir, sweep.GenDir, m.Generation)
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	for _, table := range sweep.Tables {
		if err := os.MkdirAll(filepath.Join(root, table), 0o777); err != nil {
			return fmt.Errorf("make a generation: %w", err)
		}
	}
	m.Tables = map[string][]part{}
	d := &Dataset{plan: c.plan, tail: rows, parts: map[string][]string{}}
	for _, table := range appended {
		d.parts[table] = w.manifest.paths(w.dir, table)
	}
	for _, table := range appended {
		if err := d.writeTable(root, m, table, "all.parquet"); err != nil {
			return err
		}
	}
	if err := writeTrials(root, m, c); err != nil {
		return err
	}
	return sealGeneration(w.dir, root, m, c)
}

// digest is the SHA-256 over the digests of the tables' files.
func (m *manifest) digest() string {
	h := sha256.New()
	for _, table := range digested {
		for _, p := range m.Tables[table] {
			fmt.Fprintf(h, "%s %s\n", table, p.Digest)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Digest is the digest of the finished dataset; "" while the sweep goes on.
func (w *Writer) Digest() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.manifest.Digest
}
