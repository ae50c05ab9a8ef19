package tasks

import (
	"fmt"

	"neurosweep/sweep"
)

// A Sample is one task trial, to look at.
type Sample struct {
	StepMs  float64        `json:"step_ms,omitempty"` // duration of a time step; 0: the task does not say
	Inputs  [][]float32    `json:"inputs"`            // steps × channels
	Labels  []int32        `json:"labels,omitempty"`  // the class of each step, where the task has classes
	Targets [][]float32    `json:"targets,omitempty"` // steps × outputs: the target of each output, where the task has targets
	Mask    [][]float32    `json:"mask,omitempty"`    // steps × outputs: the weight of each target
	About   map[string]any `json:"about"`             // what was drawn, by the task's own names
}

// SampleTrials makes the first n task trials of a task and a seed: those with which sequence 0 of the
// training data begins, or the first of the data set.
func SampleTrials(section sweep.Section, n int, seed int64) ([]Sample, error) {
	task, err := New(section)
	if err != nil {
		return nil, err
	}
	if n < 0 || n > maxSamples {
		return nil, fmt.Errorf("sample task trials: %d of them, want 0 to %d", n, maxSamples)
	}
	sampler, ok := task.(interface {
		sample(n int, seed int64) []Sample
	})
	if !ok {
		return nil, fmt.Errorf("task %s has no task trials to sample", section.Name)
	}
	return sampler.sample(n, seed), nil
}

// maxSamples bounds what SampleTrials holds in memory.
const maxSamples = 100_000
