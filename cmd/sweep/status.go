package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"neurosweep/broker"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep/controller"
)

func newStatus(a *app) *cobra.Command {
	var live bool
	c := &cobra.Command{
		Use:   "status [DIR]",
		Short: "Say how far a sweep is, and how its jobs do",
		Long: `status says how far a sweep is: from the committed results, who holds its term, and, of a submitted sweep, what the cluster says of its jobs.
With --watch it says so again whenever something changes, until the sweep has ended, or ^C.`,
		Example: "  sweep status runs/lr-scan\n  sweep status --json\n  sweep status --watch",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			if live {
				return a.watchStatus(c.Context(), dir)
			}
			s, err := wholeStatus(c.Context(), dir, &slurm.Watch{Client: &slurm.Client{}})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			return a.printWholeStatus(dir, s)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON; with --watch a document a line")
	c.Flags().BoolVar(&live, "watch", false, "go on until the sweep has ended")
	return c
}

// status reads how far the sweep in dir is: from the committed results, and from who holds its term.
func status(dir string) (results.Status, error) {
	_, live, err := controller.LiveHolder(dir)
	if err != nil {
		return results.Status{}, err
	}
	d, err := results.Open(dir, train.Catalog())
	if err != nil {
		return results.Status{}, datasetError(err)
	}
	s, err := results.Summarize(d)
	if err != nil {
		return s, err
	}
	if s.ID, err = broker.ReadID(dir); err != nil {
		return s, err
	}
	if !live {
		s.Agents = 0
		if s.State == controller.StateRunning || s.State == controller.StatePaused {
			s.State = controller.StateStopped // nobody runs it: killed or interrupted
		}
		s.Waiting += s.Running
		s.Running = 0
	}
	return s, nil
}

// datasetError is an error of reading a dataset; of a version that this program does not read, it is the user's to solve.
func datasetError(err error) error {
	var version *results.SchemaError
	if errors.As(err, &version) {
		return refuse(err)
	}
	return err
}

func (a *app) printStatus(dir string) error {
	s, err := status(dir)
	if err != nil {
		return err
	}
	return a.printJSON(s)
}

func (a *app) printStatusText(dir string, s results.Status) error {
	name := relative(dir)
	if name == "." {
		name = filepath.Base(dir)
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", name, s.State)
	fmt.Fprintln(a.stdout, statusLine(s))
	var causes []string
	for _, c := range slices.Sorted(maps.Keys(s.Causes)) {
		causes = append(causes, fmt.Sprintf("%s %d", c, s.Causes[c]))
	}
	if len(causes) > 0 {
		fmt.Fprintln(a.stdout, "attempts ended:", strings.Join(causes, ", "))
	}
	for _, updates := range slices.Sorted(maps.Keys(s.Extended)) {
		fmt.Fprintf(a.stdout, "extended to %d updates: %s\n", updates, counted(s.Extended[updates], "trial"))
	}
	if s.Agents > 0 {
		fmt.Fprintln(a.stdout, "agents:", s.Agents)
	}
	for _, q := range s.Quarantined {
		fmt.Fprintf(a.stdout, "node %s gets no trials since %s: %s; sweep retry --node %[1]s ends it\n", q.Node, q.Since.Local().Format("2006-01-02 15:04"), q.Reason)
	}
	if b := s.Best; b != nil {
		fmt.Fprintf(a.stdout, "best cell so far: %s %s (n %d of %d) %s\n", b.Metric, results.MeanText(b.Value, b.SD), b.N, b.Planned, b.Checkpoint)
	}
	if holder, live, err := controller.LiveHolder(dir); err == nil && live {
		fmt.Fprintln(a.stdout, "controller:", holder)
	}
	return nil
}

// statusLine is "12 of 18 trials have ended, 2 failed, 2 running, 4 waiting, 0.3 trials/s".
func statusLine(s results.Status) string {
	of := "without end"
	if s.Trials != nil {
		of = fmt.Sprintf("of %d", *s.Trials)
	}
	line := fmt.Sprintf("%d trials %s have ended, %d failed, %d running, %d waiting", s.Ended, of, s.Failed, s.Running, s.Waiting)
	if s.TrialsPerS > 0 {
		line += ", " + rateText(s.TrialsPerS)
	}
	return line
}
