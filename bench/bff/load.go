package main

import (
	"fmt"
	"math"
	"slices"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// A cell is a configuration with what its seeds reached.
type cell struct {
	config sweep.Config
	runs   []run // by seed
	floors map[string]floor
}

// A run is one seed of a cell.
type run struct {
	seed     int64
	training map[int64]float64 // by update: the mean of the training loss over the updates before
	evals    map[key]float64
}

// A key says which value of a run's evaluations.
type key struct {
	condition, metric string
	update            int64
}

// A floor is what the Bayes filter reaches under a condition.
type floor struct{ loss, accuracy float64 }

// window is how many updates the training loss is averaged over.
const window = 20

// load reads the cells of a sweep's folder, in the order of its plan.
func load(dir string) ([]*cell, error) {
	d, err := results.Open(dir, train.Catalog())
	if err != nil {
		return nil, err
	}
	var cells []*cell
	byKey := map[sweep.CellID]*cell{}
	for _, trial := range d.Plan() {
		config, err := d.Spec().Config(trial.Params, trial.Seed)
		if err != nil {
			return nil, err
		}
		if config.Task.Name != flipFlop {
			return nil, fmt.Errorf("%s is a sweep of %s, want one of %s", dir, config.Task.Name, flipFlop)
		}
		c := byKey[trial.Cell]
		if c == nil {
			c = &cell{config: config}
			if c.floors, err = floors(config.Task, d.Spec().Evaluate); err != nil {
				return nil, err
			}
			byKey[trial.Cell] = c
			cells = append(cells, c)
		}
		r, err := loadRun(d, trial)
		if err != nil {
			return nil, err
		}
		c.runs = append(c.runs, r)
	}
	return cells, nil
}

func loadRun(d *results.Dataset, trial sweep.Trial) (run, error) {
	r := run{seed: trial.Seed, training: map[int64]float64{}, evals: map[key]float64{}}
	for e, err := range d.Evals(string(trial.ID)) {
		if err != nil {
			return r, err
		}
		r.evals[key{e.Condition, e.Metric, e.Update}] = float64(e.Value)
	}
	losses := map[int64]float64{}
	for c, err := range d.Curves(string(trial.ID)) {
		if err != nil {
			return r, err
		}
		if c.Metric == "loss" {
			losses[c.Update] = float64(c.Value)
		}
	}
	for k := range r.evals {
		r.training[k.update] = meanBefore(losses, k.update)
	}
	return r, nil
}

// meanBefore is the mean of the values at an update and those before it, a window of them; NaN where one is missing.
func meanBefore(values map[int64]float64, update int64) float64 {
	sum := 0.0
	for u := update - window + 1; u <= update; u++ {
		v, ok := values[u]
		if !ok {
			return math.NaN()
		}
		sum += v
	}
	return sum / window
}

// floors scores the Bayes filter under each condition.
func floors(section sweep.Section, conditions []sweep.Condition) (map[string]floor, error) {
	task, err := tasks.New(section)
	if err != nil {
		return nil, err
	}
	p, okP := section.Params["p"].(float64)
	noise, okNoise := section.Params["noise"].(float64)
	if !okP || !okNoise {
		return nil, fmt.Errorf("task %s without p and noise: %v", section.Name, section.Params)
	}
	all := map[string]floor{}
	for _, c := range conditions {
		e, err := task.Evaluation(c)
		if err != nil {
			return nil, err
		}
		var b tasks.Batch
		for e.Next(&b) {
			e.Score(&b, bayesFilter(&b, task.Outputs(), p, noise))
		}
		measures := e.Measures()
		value := func(name string) float64 {
			i := slices.IndexFunc(measures, func(m tasks.Measure) bool { return m.Name == name })
			return measures[i].Value
		}
		all[c.Name] = floor{value("loss"), value("accuracy")}
	}
	return all, nil
}
