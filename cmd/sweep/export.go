package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"neurosweep/results"
	"neurosweep/sweep"
)

func newExport(a *app) *cobra.Command {
	format, table, out := "csv", sweep.TrialsTable, ""
	c := &cobra.Command{
		Use:   "export [DIR] --format csv",
		Short: "Write a table of the results as CSV",
		Long: `export writes one table to stdout, or with --out every table as a file of its own into a folder.
Parquet needs no export: DIR/TABLE/*.parquet can be read at any moment.`,
		Example: "  sweep export runs/lr-scan --format csv --table evals > evals.csv\n  sweep export runs/lr-scan --out csv",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(results.ExportFormats, format) {
				return usage("--format %s: the formats are %s", format, strings.Join(results.ExportFormats, ", "))
			}
			if !slices.Contains(sweep.Tables, table) {
				return usage("--table %s: the tables are %s", table, strings.Join(sweep.Tables, ", "))
			}
			dir, err := folder(args)
			if err != nil {
				return err
			}
			d, err := openDataset(dir)
			if err != nil {
				return err
			}
			if out != "" {
				return a.exportAll(d, format, out)
			}
			w := bufio.NewWriter(a.stdout)
			return errors.Join(results.Export(d, table, format, w), w.Flush())
		},
	}
	c.Flags().StringVar(&format, "format", format, strings.Join(results.ExportFormats, ", "))
	c.Flags().StringVar(&table, "table", table, strings.Join(sweep.Tables, ", "))
	c.Flags().StringVar(&out, "out", out, "write all tables into this folder, as TABLE.csv")
	return c
}

// exportAll writes every table into a folder.
func (a *app) exportAll(d *results.Dataset, format, out string) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return usage("--out %s: the folder cannot be made: %v", out, err)
	}
	for _, table := range sweep.Tables {
		path := filepath.Join(out, table+"."+format)
		f, err := os.Create(path)
		if err != nil {
			return usage("--out %s: %v", out, err)
		}
		w := bufio.NewWriter(f)
		if err := errors.Join(results.Export(d, table, format, w), w.Flush(), f.Close()); err != nil {
			return fmt.Errorf("export to %s: %w", path, err)
		}
		fmt.Fprintln(a.stderr, path)
	}
	return nil
}
