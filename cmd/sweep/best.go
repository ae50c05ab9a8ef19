package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"neurosweep/results"
)

func newBest(a *app) *cobra.Command {
	var q results.BestQuery
	c := &cobra.Command{
		Use:   "best [DIR]",
		Short: "Rank cells, seeds or trials, and name the checkpoint of each",
		Long: `best ranks by the rule of the spec's select, or by another metric or condition that was evaluated.
A cell's value is the mean over its seeds, each with its own selected checkpoint; its checkpoint is that of the seed nearest to the median.`,
		Example: "  sweep best runs/lr-scan\n  sweep best --by trial --top 3 --json\n  sweep best --metric accuracy --condition whole_trial",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if q.Top < 0 {
				return usage("--top %d: want 0 (all) or more", q.Top)
			}
			d, err := openDataset(dir)
			if err != nil {
				return err
			}
			places, err := results.Best(d, q)
			if err != nil {
				return refuse(err)
			}
			if a.json {
				return a.printJSON(places)
			}
			if w := results.SelectionWarning(d.Spec()); w != "" && q.Metric == "" && q.Condition == "" {
				fmt.Fprintln(a.stderr, w)
			}
			return a.printPlaces(places, q.By)
		},
	}
	c.Flags().StringVar(&q.By, "by", results.ByCell, "what a place is: cell, seed (the best trial of each seed) or trial")
	c.Flags().StringVar(&q.Metric, "metric", "", "rank by this metric, or metric@condition (default: that of select)")
	c.Flags().StringVar(&q.Condition, "condition", "", "under this condition (default: that of select)")
	c.Flags().StringVar(&q.Replicate, "replicate", "", "take the values of this parameter as replicates of a cell, as seeds are: seed, of a command's sweep")
	c.Flags().IntVar(&q.Top, "top", 0, "print so many places (default: all)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func (a *app) printPlaces(places []results.Place, by string) error {
	if len(places) == 0 {
		fmt.Fprintln(a.stderr, "nothing is measured yet")
		return nil
	}
	var paths []string
	for _, p := range places {
		for path := range p.Params {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	w := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(slices.Concat([]string{"place"}, paths, []string{places[0].Metric, "n", "seed", "trial", "update", "checkpoint"}), "\t"))
	for _, p := range places {
		fields := []string{strconv.Itoa(p.Place)}
		for _, path := range paths {
			fields = append(fields, paramText(p.Params, path))
		}
		trial, checkpoint := string(p.Trial), p.Checkpoint
		if len(trial) > 8 {
			trial = trial[:8]
		}
		if checkpoint != "" {
			checkpoint = relative(checkpoint)
		}
		if p.Deleted {
			checkpoint += " (deleted)"
		}
		count := strconv.Itoa(p.N)
		if by == results.ByCell && p.N != p.Planned {
			count = fmt.Sprintf("%d/%d", p.N, p.Planned)
		}
		fields = append(fields, results.MeanText(p.Value, p.SD), count, strconv.FormatInt(p.Seed, 10), trial, strconv.FormatInt(p.Update, 10), checkpoint)
		fmt.Fprintln(w, strings.Join(fields, "\t"))
	}
	return w.Flush()
}
