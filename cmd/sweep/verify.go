package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"neurosweep/models"
	"neurosweep/models/train"
	"neurosweep/results"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check every row, digest and file of a sweep; exit 1 if there is a fault",
		Long: `verify checks the log, the manifest, the digests of all Parquet files and of every checkpoint, that each checkpoint can be
read, and that no trial gave two results for one row.`,
		Example: "  sweep verify runs/lr-scan",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			spec, err := frozenSpec(dir)
			if err != nil {
				return err
			}
			readable := readableCheckpoint
			if spec.External() {
				readable = nil // only the program can read its checkpoints
			}
			faults, err := results.Verify(dir, train.Catalog(), readable)
			if err != nil {
				return datasetError(err)
			}
			for _, f := range faults {
				fmt.Fprintln(a.stderr, f)
			}
			if len(faults) > 0 {
				return &exitError{exitFailure, fmt.Errorf("%d faults", len(faults))}
			}
			fmt.Fprintln(a.stdout, "no fault")
			return nil
		},
	}
}

// readableCheckpoint tells whether a weights file can be read.
func readableCheckpoint(path string) error {
	_, err := models.ReadCheckpoint(path)
	return err
}
