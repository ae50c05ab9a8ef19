package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// A captured is what a generation needs of a State at one moment: a copy, so that the state may go on.
type captured struct {
	snapshot    []byte
	trials      []TrialRow
	params      map[string]sweep.Values // of the ended trials
	checkpoints []CheckpointRow
	plan        []sweep.Trial
	err         error
}

func (s *State) capture() captured {
	c := captured{trials: s.trialRows(), checkpoints: s.checkpointRows(), plan: s.planned(), params: map[string]sweep.Values{}}
	for _, r := range c.trials {
		c.params[r.Trial] = s.trials[sweep.TrialID(r.Trial)].Params
	}
	c.snapshot, c.err = s.encode()
	return c
}

// The tables that grow by parts. trials and checkpoints are small and change: they are written anew in every generation.
var appended = []string{sweep.CurvesTable, sweep.EvalsTable, sweep.EventsTable, sweep.TimingsTable}

// A generation's parts are merged when a table has maxParts that are smaller than largePart rows.
const (
	maxParts  = 16
	largePart = 1 << 22
)

const stateName = "state-2.gob.zst"

// writeGeneration writes the folder of generation m: the parts of the one before it as hard links, rows as new parts, trials,
// checkpoints and the state from c. It fills in m.Tables and m.State.
func writeGeneration(dir string, m, before *manifest, c captured, rows Rows) error {
	if c.err != nil {
		return fmt.Errorf("take a snapshot of the state: %w", c.err)
	}
	root := filepath.Join(dir, sweep.GenDir, m.Generation)
	if err := os.RemoveAll(root); err != nil { // of an attempt that was interrupted: no manifest names it
		return err
	}
	for _, table := range sweep.Tables {
		if err := os.MkdirAll(filepath.Join(root, table), 0o777); err != nil {
			return fmt.Errorf("make a generation: %w", err)
		}
	}
	m.Tables = map[string][]part{}
	if before != nil {
		if err := linkParts(dir, m, before, rows.Superseded); err != nil {
			return err
		}
	}
	if err := writeRows(root, m, rows); err != nil {
		return err
	}
	if err := emptyTables(root, m); err != nil {
		return err
	}
	if err := writeTrials(root, m, c); err != nil {
		return err
	}
	return sealGeneration(dir, root, m, c)
}

// sealGeneration writes the state, and syncs the folders.
func sealGeneration(dir, root string, m *manifest, c captured) error {
	if err := durable.Write(filepath.Join(root, stateName), c.snapshot, 0o664); err != nil {
		return err
	}
	digest := sha256.Sum256(c.snapshot)
	m.State = part{Name: stateName, Digest: hex.EncodeToString(digest[:])}
	for _, table := range sweep.Tables {
		if err := durable.SyncDir(filepath.Join(root, table)); err != nil {
			return err
		}
	}
	return errors.Join(durable.SyncDir(root), durable.SyncDir(filepath.Join(dir, sweep.GenDir)))
}

// linkParts takes over the parts of the generation before; many small ones become one. Then the large ones get new names: some readers look a name up
// after they have listed the folder, and silently leave out what the swap of the link has taken away. If all names are gone they notice.
// Where rows were superseded, curves and evals are written anew without them.
func linkParts(dir string, m, before *manifest, superseded []Superseded) error {
	for _, table := range appended {
		if len(superseded) > 0 && (table == sweep.CurvesTable || table == sweep.EvalsTable) {
			d := &Dataset{parts: map[string][]string{table: before.paths(dir, table)}, tail: Rows{Superseded: superseded}}
			if err := d.writeTable(filepath.Join(dir, sweep.GenDir, m.Generation), m, table, fmt.Sprintf("%06d-merged.parquet", m.Number)); err != nil {
				return err
			}
			continue
		}
		small := slices.DeleteFunc(slices.Clone(before.Tables[table]), func(p part) bool { return p.Rows >= largePart })
		merge := len(small) >= maxParts
		for i, path := range before.paths(dir, table) {
			p := before.Tables[table][i]
			if merge && p.Rows < largePart || p.Rows == 0 {
				continue
			}
			if merge {
				p.Name = fmt.Sprintf("%06d-%03d.parquet", m.Number, i)
			}
			if err := os.Link(path, filepath.Join(dir, sweep.GenDir, m.Generation, table, p.Name)); err != nil {
				return fmt.Errorf("take over a part: %w", err)
			}
			m.Tables[table] = append(m.Tables[table], p)
		}
		if merge {
			if err := mergeParts(dir, m, before, table); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeParts writes the small parts of a table as one, in their order.
func mergeParts(dir string, m, before *manifest, table string) error {
	d := &Dataset{parts: map[string][]string{}}
	for i, path := range before.paths(dir, table) {
		if before.Tables[table][i].Rows < largePart {
			d.parts[table] = append(d.parts[table], path)
		}
	}
	return d.writeTable(filepath.Join(dir, sweep.GenDir, m.Generation), m, table, fmt.Sprintf("%06d-merged.parquet", m.Number))
}

// writeTable writes the rows of a dataset's table as a part of the generation in root: curves and evals sorted, which readers rely on (inOrder), the others in the order
// of the parts.
func (d *Dataset) writeTable(root string, m *manifest, table, name string) error {
	folder := filepath.Join(root, table)
	var p part
	var err error
	switch table {
	case sweep.CurvesTable:
		p, err = writePart(folder, name, curveSchema, stored(d.sortedCurves(), storeCurve))
	case sweep.EvalsTable:
		p, err = writePart(folder, name, evalSchema, stored(d.sortedEvals(), storeEval))
	case sweep.EventsTable:
		p, err = writePart(folder, name, eventSchema, stored(d.Events(), storeEvent))
	case sweep.TimingsTable:
		p, err = writePart(folder, name, timingSchema, stored(d.Timings(), storeTiming))
	default:
		return fmt.Errorf("table %s is not written by parts", table)
	}
	m.Tables[table] = append(m.Tables[table], p)
	return err
}

// writeRows writes new rows as one part a table.
func writeRows(root string, m *manifest, rows Rows) error {
	d := &Dataset{tail: rows}
	for table, n := range map[string]int{sweep.CurvesTable: len(rows.Curves), sweep.EvalsTable: len(rows.Evals),
		sweep.EventsTable: len(rows.Events), sweep.TimingsTable: len(rows.Timings)} {
		if n == 0 {
			continue
		}
		if err := d.writeTable(root, m, table, fmt.Sprintf("%06d.parquet", m.Number)); err != nil {
			return err
		}
	}
	return nil
}

// writeTrials writes the tables that are made from the state.
func writeTrials(root string, m *manifest, c captured) error {
	table := newTrialTable(c.plan)
	const name = "all.parquet" // always the same: whoever has listed the folder of one generation finds the file in the next
	rows := func(yield func(any, error) bool) {
		for _, r := range c.trials {
			if !yield(table.store(r, c.params[r.Trial]), nil) {
				return
			}
		}
	}
	p, err := writePart(filepath.Join(root, sweep.TrialsTable), name, table.schema, rows)
	if err != nil {
		return err
	}
	m.Tables[sweep.TrialsTable] = []part{p}
	p, err = writePart(filepath.Join(root, sweep.CheckpointsTable), name, checkpointSchema, stored(seqOfRows(c.checkpoints), storeCheckpoint))
	m.Tables[sweep.CheckpointsTable] = []part{p}
	return err
}

// emptyTables gives every table that has no part one without rows, so that a glob over it always finds its columns.
func emptyTables(root string, m *manifest) error {
	schemas := map[string]*parquet.Schema{sweep.CurvesTable: curveSchema, sweep.EvalsTable: evalSchema, sweep.EventsTable: eventSchema, sweep.TimingsTable: timingSchema}
	for _, table := range appended {
		if len(m.Tables[table]) > 0 {
			continue
		}
		p, err := writePart(filepath.Join(root, table), fmt.Sprintf("%06d.parquet", m.Number), schemas[table], func(func(any, error) bool) {})
		if err != nil {
			return err
		}
		m.Tables[table] = []part{p}
	}
	return nil
}

// keepOld is how long readers may go on with the files of a generation that was replaced.
const keepOld = time.Hour

// removeOld removes generations that were replaced more than an hour ago, with their manifests, and what interrupted writers left.
func removeOld(dir string, current *manifest, now time.Time) error {
	numbers, err := manifestNumbers(dir)
	if err != nil {
		return err
	}
	kept := map[string]bool{current.Generation: true}
	for i, n := range numbers {
		if n >= current.Number {
			break
		}
		replaced, err := os.Stat(manifestPath(dir, numbers[i+1]))
		if err != nil {
			return err
		}
		generation, err := generationOf(dir, n)
		if err != nil {
			return err
		}
		if now.Sub(replaced.ModTime()) < keepOld {
			kept[generation] = true
			continue
		}
		if err := os.Remove(manifestPath(dir, n)); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, sweep.GenDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if kept[e.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, sweep.GenDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func generationOf(dir string, number int) (string, error) {
	m, err := readManifest(manifestPath(dir, number))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return m.Generation, nil
}
