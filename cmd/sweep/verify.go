package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep/controller"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check every row, digest and file of a sweep; exit 1 if there is a fault",
		Long: `verify checks the log, the manifest, the digests of all Parquet files and of every checkpoint, that each checkpoint can be
read, and that no trial gave two results for one row.`,
		Example: "  sweep verify runs/lr-scan",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
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
			faults, err := lastingFaults(c.Context(), func() (bool, error) {
				_, live, err := controller.LiveHolder(dir)
				return live, err
			}, func() ([]results.Fault, error) { return results.Verify(dir, train.Catalog(), readable) })
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

// How often and how long apart a sweep is looked at that a live controller writes to.
const (
	verifyPasses = 5
	verifyPause  = time.Second
)

// lastingFaults are those that verify finds when no controller is at work, or still finds after a while: between two files of a new generation the folder is not as it will be.
func lastingFaults(ctx context.Context, live func() (bool, error), verify func() ([]results.Fault, error)) ([]results.Fault, error) {
	for pass := 1; ; pass++ {
		busy, err := live() // before: one that ends meanwhile has left its last files by the next pass
		if err != nil {
			return nil, err
		}
		faults, err := verify()
		if !busy || pass == verifyPasses || ctx.Err() != nil || len(faults) == 0 && err == nil {
			return faults, err
		}
		pause(ctx, verifyPause)
	}
}

// readableCheckpoint tells whether a weights file can be read.
func readableCheckpoint(path string) error {
	_, err := models.ReadCheckpoint(path)
	return err
}
