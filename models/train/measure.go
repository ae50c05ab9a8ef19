package train

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"neurosweep/models"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A Cost is what a trial costs on this machine, alone on it. All zero for a task that does not train.
type Cost struct {
	Threads           int     // that were used
	BuildSeconds      float64 // before the first update
	UpdateSeconds     float64 // an update
	CheckpointSeconds float64 // a planned checkpoint: evaluation on every condition, and writing
	CheckpointBytes   int64   // the weights file of one checkpoint
	StateBytes        int64   // the .state file beside it, with full curves
	MemoryBytes       int64   // of a process that trains it: the program, and what training holds as it is planned; 0: the machine does not plan
}

// How long updates are timed: at least so many and at least so long.
const (
	measureUpdates = 3
	measureTime    = 300 * time.Millisecond
)

// Measure trains a trial for a moment on so many threads, evaluates it once and writes one checkpoint into a temporary folder.
func Measure(spec *sweep.Spec, trial sweep.Trial, threads int) (Cost, error) {
	if !spec.Trains() {
		return Cost{}, nil
	}
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return Cost{}, err
	}
	dir, err := os.MkdirTemp("", "neurosweep-measure-")
	if err != nil {
		return Cost{}, fmt.Errorf("measure a trial: %w", err)
	}
	defer os.RemoveAll(dir)

	c := Cost{Threads: threads}
	started := time.Now()
	job := Job{Spec: spec, Trial: trial, Dir: dir}
	r, err := newRun(context.Background(), job, config, threads, func(results.TrialReport) error { return nil }, realDisk)
	if err != nil {
		return Cost{}, err
	}
	building := time.Since(started)
	program, err := r.program()
	if err != nil {
		return Cost{}, err
	}
	started = time.Now()
	if _, _, err := r.update(); err != nil {
		return Cost{}, err
	}
	c.BuildSeconds = (building + time.Since(started)).Seconds()
	if err := makeFolder(dir, trial.ID); err != nil {
		return Cost{}, err
	}
	took, err := r.timeUpdates(measureUpdates, measureTime, nothing)
	if err != nil {
		return Cost{}, err
	}
	c.UpdateSeconds = took.update()
	if held := r.memory(); held > 0 {
		c.MemoryBytes = program + held
	}
	err = r.timeCheckpoint(&c)
	return c, err
}

func (r *run) timeCheckpoint(c *Cost) error {
	if _, err := evaluate(context.Background(), r.task, r.machine, r.weights, r.done, r.job.Spec.Evaluate); err != nil {
		return err // this one built what an evaluation needs; the next is timed
	}
	started := time.Now()
	if _, err := evaluate(context.Background(), r.task, r.machine, r.weights, r.done, r.job.Spec.Evaluate); err != nil {
		return err
	}
	file, record, err := r.encode()
	if err != nil {
		return err
	}
	if err := models.PublishCheckpoint(filepath.Join(r.job.Dir, record.Path), file); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	c.CheckpointSeconds = time.Since(started).Seconds()
	c.CheckpointBytes = record.Bytes
	info, err := os.Stat(filepath.Join(r.job.Dir, sweep.StatePath(r.job.Trial.ID, r.done)))
	if err != nil {
		return err
	}
	const metrics = 2 // the loss and what a task measures: 8 bytes an update each
	c.StateBytes = info.Size() + int64(8*metrics*r.updates)
	return nil
}
