package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"neurosweep/models"
	"neurosweep/results"
	"neurosweep/sweep"
)

// resume goes back to the newest valid state, if there is one, and reports what it holds.
func (r *run) resume(ctx context.Context) error {
	updates, err := states(r.job.Dir, r.job.Trial.ID)
	if err != nil {
		return err
	}
	for _, u := range updates {
		path := filepath.Join(r.job.Dir, sweep.StatePath(r.job.Trial.ID, u))
		err := r.read(path, u)
		if err == nil {
			return r.repeat(ctx)
		}
		var failed *fs.PathError
		if errors.As(err, &failed) && !errors.Is(err, fs.ErrNotExist) {
			return err // the file may be good: reading it failed
		}
		r.notes = append(r.notes, fmt.Sprintf("%s could not be used: %v", path, err))
	}
	return nil
}

// read takes over a state file. Nothing is changed where it returns an error.
func (r *run) read(path string, update int) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s, err := decodeState(file)
	if err != nil {
		return err
	}
	return r.restore(s, update)
}

// restore takes over a state. Nothing is changed where it returns an error.
func (r *run) restore(s *state, update int) error {
	slots := r.optimizer.slots
	switch {
	case s.Trial != r.job.Trial.ID || s.Update != update:
		return fmt.Errorf("it is of trial %s after update %d", s.Trial, s.Update)
	case s.Weights != len(r.weights) || s.Slots != len(slots):
		return fmt.Errorf("it has %d weights and %d optimiser slots, want %d and %d", s.Weights, s.Slots, len(r.weights), len(slots))
	case s.Update > r.updates || s.Update > 0 && s.Values != s.Update:
		return fmt.Errorf("it is at update %d with curves of %d; the trial has %d updates", s.Update, s.Values, r.updates)
	}
	if err := r.data.Restore(s.Data); err != nil {
		r.data = r.task.Data(r.config.DataSeed, r.sequences, r.steps)
		return fmt.Errorf("its data stream: %w", err)
	}
	copy(r.weights, s.weights)
	for i, slot := range slots {
		copy(slot, s.slots[i])
	}
	r.done, r.drawn, r.saved, r.stream = s.Update, s.Update, s.Update, s.Data
	r.history = history{metrics: s.Metrics, curves: s.curves, evals: s.Evals, checkpoints: s.Checkpoints}
	return nil
}

// repeat does again what may not have happened after the state was written: publishing its weights and reporting. Conditions that the
// spec has got since are evaluated on the checkpoints that are still there.
func (r *run) repeat(ctx context.Context) error {
	if r.checkpointed(r.done) {
		file, c, err := r.encode()
		if err != nil {
			return err
		}
		if err := r.disk.publish(filepath.Join(r.job.Dir, c.Path), file); err != nil {
			return err
		}
	}
	if err := r.reportCurves(r.evals, r.checkpoints); err != nil {
		return err
	}
	for _, c := range r.checkpoints {
		var missing []sweep.Condition
		for _, condition := range r.job.Spec.Evaluate {
			if !r.scored(c.Update, condition.Name) {
				missing = append(missing, condition)
			}
		}
		path := filepath.Join(r.job.Dir, c.Path)
		if _, err := os.Stat(path); len(missing) == 0 || err != nil {
			continue
		}
		evals, err := r.score(ctx, path, c.Update, missing)
		if err != nil {
			return err
		}
		r.evals = append(r.evals, evals...)
		if err := r.reportCurves(evals, nil); err != nil {
			return err
		}
	}
	return nil
}

// score evaluates a published checkpoint of this trial.
func (r *run) score(ctx context.Context, path string, update int, conditions []sweep.Condition) ([]results.Eval, error) {
	c, err := models.ReadCheckpoint(path)
	if err != nil {
		return nil, err
	}
	weights, err := c.Weights(r.model)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return evaluate(ctx, r.task, r.machine, weights, update, conditions)
}
