package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/parquet-go/parquet-go"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// storedPlan is a row of plan.parquet.
type storedPlan struct {
	Index  int64  `parquet:"index"`
	Trial  string `parquet:"trial"`
	Cell   string `parquet:"cell"`
	Seed   int64  `parquet:"seed"`
	Params string `parquet:"params"`
}

var planSchema = parquet.SchemaOf(storedPlan{})

// Create makes the folder of a new sweep: its frozen spec, its plan as far as it is known, and an empty dataset. dir does not exist, or is empty. The folder is
// made beside its place and renamed, so that it appears whole; where two do so at once, one gets fs.ErrExist. Only where dir cannot be
// renamed (it is a mount point, or nothing can be made beside it) it is filled in place.
func Create(dir string, spec *sweep.Spec, plan []sweep.Trial) error {
	parent := filepath.Dir(dir)
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return fill(dir, spec, plan)
	}
	defer os.RemoveAll(tmp)
	if err := fill(tmp, spec, plan); err != nil {
		return err
	}
	mode := fs.FileMode(0o777) // as umask has it; that of a temporary folder is 0700
	if info, err := os.Stat(filepath.Join(tmp, sweep.WALDir)); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.Chmod(tmp, mode); err != nil {
		return fmt.Errorf("make the sweep's folder: %w", err)
	}
	switch err := syscall.Rename(tmp, dir); { // os.Rename refuses to replace an empty folder
	case err == nil:
		return durable.SyncDir(parent)
	case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, fs.ErrExist):
		return fmt.Errorf("make the sweep's folder: %s: %w", dir, fs.ErrExist)
	}
	return fill(dir, spec, plan)
}

// fill makes everything in a sweep's folder. The spec is written last: a folder without it is no sweep.
func fill(dir string, spec *sweep.Spec, plan []sweep.Trial) error {
	for _, name := range []string{sweep.WALDir, sweep.SpoolDir, sweep.LogDir, sweep.WeightsDir, sweep.GenDir, sweep.ControlDir} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			return fmt.Errorf("make the sweep's folder: %w", err)
		}
	}
	if err := writePlan(dir, plan); err != nil {
		return err
	}
	m := &manifest{Schema: SchemaVersion, Number: 1, Generation: "1-0", Tables: map[string][]part{}}
	if err := writeGeneration(dir, m, nil, newState(spec, plan).capture(), Rows{}); err != nil {
		return err
	}
	if err := m.publish(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := m.link(dir); err != nil {
		return err
	}
	return durable.Write(filepath.Join(dir, sweep.SpecFile), spec.Freeze(), 0o664)
}

func writePlan(dir string, plan []sweep.Trial) error {
	tmp, err := os.MkdirTemp(dir, ".plan.*.tmp")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	defer os.RemoveAll(tmp)
	rows := func(yield func(any, error) bool) {
		for _, t := range plan {
			params, err := json.Marshal(t.Params)
			if !yield(&storedPlan{int64(t.Index), string(t.ID), string(t.Cell), t.Seed, string(params)}, err) {
				return
			}
		}
	}
	if _, err := writePart(tmp, sweep.PlanFile, planSchema, rows); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(tmp, sweep.PlanFile), filepath.Join(dir, sweep.PlanFile)); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return durable.SyncDir(dir)
}

// ReadPlan reads the plan that was made when the sweep was created, in order. The trials of a random sweep are in its log instead.
func ReadPlan(dir string) ([]sweep.Trial, error) {
	var plan []sweep.Trial
	var bad error
	path := filepath.Join(dir, sweep.PlanFile)
	err := readPart(path, nil, func(r storedPlan) bool {
		t := sweep.Trial{ID: sweep.TrialID(r.Trial), Cell: sweep.CellID(r.Cell), Index: int(r.Index), Seed: r.Seed}
		if bad = json.Unmarshal([]byte(r.Params), &t.Params); bad != nil {
			bad = fmt.Errorf("read %s: parameters of trial %s: %w", path, r.Trial, bad)
			return false
		}
		plan = append(plan, t)
		return true
	})
	if err := errors.Join(err, bad); err != nil {
		return nil, err
	}
	slices.SortFunc(plan, func(a, b sweep.Trial) int { return a.Index - b.Index })
	return plan, nil
}
