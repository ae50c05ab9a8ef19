package train

import (
	"context"
	"fmt"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// runOnce makes an attempt at a trial whose task does not train: it has one value, which is what each condition gives at update 0.
func runOnce(ctx context.Context, job Job, c sweep.Config, report Reporter) (results.End, error) {
	value, err := tasks.RunNoop(ctx, c.Task, c.Seed, job.Attempt)
	if ctx.Err() != nil {
		cause, _ := interrupted(ctx)
		return results.End{Cause: cause}, nil
	}
	if err != nil {
		return results.End{}, err
	}
	info, _ := tasks.Info(c.Task.Name)
	r := results.TrialReport{Trial: job.Trial.ID, Attempt: job.Attempt}
	for _, condition := range job.Spec.Evaluate {
		for _, metric := range info.Metrics[condition.Kind] {
			r.Evals = append(r.Evals, results.Eval{Condition: condition.Name, Metric: metric, Value: results.Value(value)})
		}
	}
	if len(r.Evals) > 0 {
		if err := report(r); err != nil {
			return results.End{}, fmt.Errorf("report: %w", err)
		}
	}
	return results.End{Cause: sweep.CauseCompleted}, nil
}
