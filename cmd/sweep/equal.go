package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"neurosweep/results"
)

func newEqual(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "equal DIR DIR",
		Short: "Tell whether two sweeps have the same results; exit 1 if not",
		Long: `equal compares trials, curves, evaluations and checkpoints row by row; hosts, times and attempts do not matter.
Of a sweep cut short by a target or by stop, the trials count that ended in both.`,
		Example: "  sweep equal runs/one-agent runs/three-agents",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			var sets [2]*results.Dataset
			for i := range sets {
				dir, err := folder(args[i : i+1])
				if err != nil {
					return err
				}
				if sets[i], err = openDataset(dir); err != nil {
					return err
				}
			}
			differences, err := results.Equal(sets[0], sets[1])
			if err != nil {
				return err
			}
			for _, line := range differences {
				fmt.Fprintln(a.stdout, line)
			}
			if len(differences) > 0 {
				return &exitError{exitFailure, fmt.Errorf("%s and %s differ", args[0], args[1])}
			}
			fmt.Fprintln(a.stdout, "equal")
			return nil
		},
	}
}
