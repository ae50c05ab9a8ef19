package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"neurosweep/models"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
	"neurosweep/tasks"
)

// A disk is what an attempt does to files: tests put one in its place that fails or stops at a chosen moment.
type disk struct {
	write   func(path string, data []byte) error // replaces
	publish func(path string, data []byte) error // an existing file must have the same bytes
	remove  func(path string) error              // a missing file is none
}

var realDisk = disk{
	write:   func(path string, data []byte) error { return durable.Write(path, data, 0o666) },
	publish: models.PublishCheckpoint,
	remove: func(path string) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	},
}

// makeFolder makes a trial's folder of checkpoints, durably.
func makeFolder(dir string, trial sweep.TrialID) error {
	weights := filepath.Join(dir, sweep.WeightsDir)
	if err := os.MkdirAll(filepath.Join(weights, string(trial)), 0o777); err != nil {
		return fmt.Errorf("make the folder of the trial's checkpoints: %w", err)
	}
	return errors.Join(durable.SyncDir(weights), durable.SyncDir(dir))
}

// states lists the updates of which a trial has a .state, the newest first.
func states(dir string, trial sweep.TrialID) ([]int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sweep.WeightsDir, string(trial)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for states to resume from: %w", err)
	}
	var updates []int
	for _, e := range entries {
		digits, isState := strings.CutSuffix(e.Name(), ".state")
		digits, isUpdate := strings.CutPrefix(digits, "u")
		if n, err := strconv.Atoi(digits); err == nil && isState && isUpdate && n >= 0 {
			updates = append(updates, n)
		}
	}
	slices.Sort(updates)
	slices.Reverse(updates)
	return updates, nil
}

// keepStates removes all but the newest keep states up to update newest. Newer ones, which another attempt may have left, stay.
func (d disk) keepStates(dir string, trial sweep.TrialID, newest, keep int) error {
	updates, err := states(dir, trial)
	if err != nil {
		return err
	}
	for _, u := range updates {
		if u > newest {
			continue
		}
		if keep > 0 {
			keep--
			continue
		}
		if err := d.remove(filepath.Join(dir, sweep.StatePath(trial, u))); err != nil {
			return err
		}
	}
	return nil
}

// metadata is what a weights file says of itself: the trial and its configuration, and nothing of where, when or how it was trained.
func metadata(trial sweep.Trial, c sweep.Config, update int) (map[string]string, error) {
	task, _ := tasks.Info(c.Task.Name)
	model, _ := models.Info(c.Model.Name)
	train := sweep.Section{Name: component.Name, Params: sweep.Values{}}
	for _, p := range component.Params {
		if v, ok := c.Train[p.Name]; ok && !p.NotKey {
			train.Params[p.Name] = v
		}
	}
	m := map[string]string{
		"trial": string(trial.ID), "cell": string(trial.Cell), "update": fmt.Sprint(update),
		"seed": fmt.Sprint(c.Seed), "data_seed": fmt.Sprint(c.DataSeed),
	}
	for key, s := range map[string]struct {
		sweep.Section
		revision int
	}{"task": {c.Task, task.Revision}, "model": {c.Model, model.Revision}, "train": {train, component.Revision}} {
		text, err := json.Marshal(struct {
			Name     string       `json:"name"`
			Revision int          `json:"revision"`
			Params   sweep.Values `json:"params"`
		}{s.Name, s.revision, s.Params})
		if err != nil {
			return nil, fmt.Errorf("describe the trial's %s: %w", key, err)
		}
		m[key] = string(text)
	}
	return m, nil
}
