package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"neurosweep/sweep"
	"neurosweep/tasks"
)

func newSample(a *app) *cobra.Command {
	var task string
	count, seed := 1, int64(0)
	c := &cobra.Command{
		Use:     "sample --task TASK --json",
		Short:   "Print task trials as JSON, to look at or to plot: inputs and labels of every step",
		Example: "  sweep sample --task delay_comparison --count 4 --seed 0 --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			info, ok := tasks.Info(task)
			if !ok {
				return usage("--task %q: there is no such task; the tasks are %v", task, tasks.Names())
			}
			params := sweep.Values{}
			for _, p := range info.Params {
				params[p.Name] = p.Default
			}
			samples, err := tasks.SampleTrials(sweep.Section{Name: task, Params: params}, count, seed)
			if err != nil {
				return refuse(fmt.Errorf("sweep sample: %w", err))
			}
			return a.printJSON(samples)
		},
	}
	c.Flags().StringVar(&task, "task", "", "the task; sweep list tasks shows them")
	c.Flags().IntVar(&count, "count", count, "how many task trials")
	c.Flags().Int64Var(&seed, "seed", seed, "of the stream of task trials")
	c.Flags().Bool("json", true, "print JSON; there is no other form")
	return c
}
