package train

import (
	"context"
	"fmt"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
	"neurosweep/tasks"
)

// Evaluate scores a trial's published weights, a file at the path weights, on conditions, as training would have done: the same bits. It uses one thread.
// The weights must be those of this trial after update update.
func Evaluate(spec *sweep.Spec, trial sweep.Trial, weights string, update int, conditions []sweep.Condition) ([]results.Eval, error) {
	config, err := spec.Config(trial.Params, trial.Seed)
	if err != nil {
		return nil, err
	}
	p, err := assemble(config)
	if err != nil {
		return nil, err
	}
	c, err := models.ReadCheckpoint(weights)
	if err != nil {
		return nil, err
	}
	for key, want := range map[string]string{"trial": string(trial.ID), "update": fmt.Sprint(update)} {
		if c.Metadata[key] != want {
			return nil, fmt.Errorf("checkpoint %s is of %s %q, want %q", weights, key, c.Metadata[key], want)
		}
	}
	values, err := c.Weights(p.model)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s does not fit trial %s: %w", weights, trial.ID, err)
	}
	isa, err := kernel.Choose()
	if err != nil {
		return nil, err
	}
	machine, err := newMachine(p, kernel.Set32(isa), 1, nil)
	if err != nil {
		return nil, err
	}
	return evaluate(context.Background(), p.task, machine, values, update, conditions)
}

// evaluate scores weights on conditions, in their order. It returns the context's cause if that ends in between.
//
// The noise of a model that has any belongs to the condition: its seed, in a stream of its own, and the number of the batch as the call. So it is the same for all
// trials and checkpoints, other noise than that of training (the trial's seed, random.Noise, the number of the update), and no number of the condition's data.
func evaluate(ctx context.Context, task tasks.Task, m graph.Machine[float32], weights []float32, update int, conditions []sweep.Condition) ([]results.Eval, error) {
	var evals []results.Eval
	var batch tasks.Batch
	var outputs []float32
	for _, c := range conditions {
		e, err := task.Evaluation(c)
		if err != nil {
			return nil, fmt.Errorf("condition %s: %w", c.Name, err)
		}
		seed, _ := c.Params["seed"].(int64)
		noise := graph.Noise{Seed: seed, Stream: random.EvaluationNoise}
		for ; e.Next(&batch); noise.Call++ {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			b := graphBatch(&batch, noise)
			outputs = sized(outputs, b.Steps*b.Size*task.Outputs())
			if err := m.Forward(&b, weights, outputs); err != nil {
				return nil, fmt.Errorf("condition %s at update %d: %w", c.Name, update, err)
			}
			e.Score(&batch, outputs)
		}
		for _, v := range e.Measures() {
			evals = append(evals, results.Eval{Update: update, Condition: c.Name, Metric: v.Name, Value: results.Value(v.Value)})
		}
	}
	return evals, nil
}
