package train

import (
	"fmt"
	"slices"

	"neurosweep/results"
	"neurosweep/tasks"
)

// A history is everything that a trial has had to report since its first update.
type history struct {
	metrics     []string
	curves      [][]results.Value // a slice a metric; the first value is that of update 1
	evals       []results.Eval
	checkpoints []results.Checkpoint
}

// add appends one update's training metrics, which are the same ones, in the same order, at every update.
func (h *history) add(metrics []tasks.Measure) error {
	if h.metrics == nil {
		for _, m := range metrics {
			h.metrics = append(h.metrics, m.Name)
			h.curves = append(h.curves, nil)
		}
	}
	if len(metrics) != len(h.metrics) {
		return fmt.Errorf("the task measured %d values of a batch, before it were %d (%v)", len(metrics), len(h.metrics), h.metrics)
	}
	for i, m := range metrics {
		if m.Name != h.metrics[i] {
			return fmt.Errorf("the task measured %s of a batch where it was %s before", m.Name, h.metrics[i])
		}
		h.curves[i] = append(h.curves[i], results.Value(m.Value))
	}
	return nil
}

// values is the number of updates that the curves have.
func (h *history) values() int {
	if len(h.curves) == 0 {
		return 0
	}
	return len(h.curves[0])
}

// between cuts the updates from+1 … to out of the curves.
func (h *history) between(from, to int) []results.Curve {
	if from >= to {
		return nil
	}
	var cut []results.Curve
	for i, name := range h.metrics {
		cut = append(cut, results.Curve{Metric: name, From: from + 1, Values: slices.Clone(h.curves[i][from:to])})
	}
	return cut
}

// checkpointed tells whether the checkpoint after an update has been made.
func (h *history) checkpointed(update int) bool {
	return slices.ContainsFunc(h.checkpoints, func(c results.Checkpoint) bool { return c.Update == update })
}

// scored tells whether a checkpoint has been evaluated on a condition.
func (h *history) scored(update int, condition string) bool {
	return slices.ContainsFunc(h.evals, func(e results.Eval) bool { return e.Update == update && e.Condition == condition })
}
