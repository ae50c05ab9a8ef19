package main

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"neurosweep/bench/table"
	"neurosweep/results"
)

// load reads the trials of the notebook's cell from a sweep's folder, in the order of their seeds.
func load(dir string) ([]run, error) {
	seeds, err := notebookTrials(dir)
	if err != nil {
		return nil, err
	}
	if len(seeds) == 0 {
		return nil, fmt.Errorf("%s has no trial with a learning rate of %g and %d hidden units", dir, notebookRate, notebookHidden)
	}
	curves, err := table.Read(dir, "curves", "trial", "update", "metric", "value")
	if err != nil {
		return nil, err
	}
	rows := map[string][]results.CurveRow{}
	for _, c := range curves {
		trial := c[0].String()
		if _, ours := seeds[trial]; !ours {
			continue
		}
		value := results.Value(math.NaN())
		if !c[3].IsNull() {
			value = results.Value(c[3].Double())
		}
		rows[trial] = append(rows[trial], results.CurveRow{Trial: trial, Update: c[1].Int64(), Metric: c[2].String(), Value: value})
	}
	var runs []run
	for trial, seed := range seeds {
		r := run{seed: seed, loss: means(rows[trial], "loss"), accuracy: means(rows[trial], "accuracy")}
		if r.whole, r.wholeUpdate, err = lastWhole(dir, trial); err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.seed, b.seed) })
	return runs, nil
}

// lastWhole is a trial's newest accuracy under the condition whole_trial; NaN where it was not evaluated.
func lastWhole(dir, trial string) (accuracy float64, update int64, err error) {
	evals, err := table.Read(dir, "evals", "trial", "update", "condition", "metric", "value")
	accuracy = math.NaN()
	for _, e := range evals {
		if e[0].String() == trial && e[2].String() == "whole_trial" && e[3].String() == "accuracy" && e[1].Int64() >= update && !e[4].IsNull() {
			accuracy, update = e[4].Double(), e[1].Int64()
		}
	}
	return accuracy, update, err
}

// notebookTrials are the trials of the notebook's cell with their seeds. What a trial was stands in the metadata of its weights,
// because a table's columns hold only what the sweep varied.
func notebookTrials(dir string) (map[string]int64, error) {
	checkpoints, err := table.Read(dir, "checkpoints", "trial", "path", "deleted")
	if err != nil {
		return nil, err
	}
	seeds, seen := map[string]int64{}, map[string]bool{}
	for _, c := range checkpoints {
		trial := c[0].String()
		if seen[trial] || c[2].Boolean() {
			continue
		}
		seen[trial] = true
		about, err := metadata(filepath.Join(dir, filepath.FromSlash(c[1].String())))
		if err != nil {
			return nil, err
		}
		if about.rate == notebookRate && about.hidden == notebookHidden {
			seeds[trial] = about.seed
		}
	}
	return seeds, nil
}

// about is what a weights file says of its trial.
type about struct {
	rate   float64
	hidden int
	seed   int64
}

// metadata reads the header of a safetensors file: eight bytes of length, and JSON.
func metadata(name string) (a about, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read the metadata of %s: %w", name, err)
		}
	}()
	f, err := os.Open(name)
	if err != nil {
		return a, err
	}
	defer f.Close()
	var length [8]byte
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return a, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > 1<<20 {
		return a, fmt.Errorf("a header of %d bytes: it is no weights file of a sweep", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return a, err
	}
	var header struct {
		Metadata struct {
			Seed, Model, Train string
		} `json:"__metadata__"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return a, err
	}
	var model struct{ Params struct{ Hidden int } }
	var train struct{ Params struct{ LR float64 } }
	if err := json.Unmarshal([]byte(header.Metadata.Model), &model); err != nil {
		return a, fmt.Errorf("its model: %w", err)
	}
	if err := json.Unmarshal([]byte(header.Metadata.Train), &train); err != nil {
		return a, fmt.Errorf("its training: %w", err)
	}
	a.seed, err = strconv.ParseInt(header.Metadata.Seed, 10, 64)
	a.rate, a.hidden = train.Params.LR, model.Params.Hidden
	return a, err
}
