package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

// planned is the document of sweep plan --json.
type planned struct {
	Name        string         `json:"name"`
	Method      string         `json:"method"`
	Cells       int            `json:"cells"`
	Seeds       []int64        `json:"seeds"`
	Trials      *int           `json:"trials"` // null: the method has no end
	Ranks       int            `json:"ranks"`  // that a trial has at most
	Schedule    string         `json:"schedule"`
	Unsupported []string       `json:"unsupported"`
	Cost        cost           `json:"cost"`
	Plan        []plannedTrial `json:"plan"`
}

// plannedTrial is one trial of the plan.
type plannedTrial struct {
	Key    sweep.TrialID `json:"key"`
	Cell   sweep.CellID  `json:"cell"`
	Seed   int64         `json:"seed"`
	Ranks  int           `json:"ranks"`
	Params sweep.Values  `json:"params"`
}

func newPlan(a *app) *cobra.Command {
	limit := 1000
	c := &cobra.Command{
		Use:   "plan " + specArguments,
		Short: "Check a spec in full and show the trials that it would run, and what they would cost",
		Long: `plan checks a spec in full, every trial's task and model included, and lists its trials in the order in which they
would start. It also lists what this version cannot run. It measures one update and one evaluation to say what the
sweep would cost on this machine in time and disk.`,
		Example: "  sweep plan sweep.yaml\n  sweep plan sweep.yaml train.lr=1e-4,1e-3 seeds=5 --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if limit < 0 {
				return usage("--limit %d: want the number of trials to list, 0 or more", limit)
			}
			p, err := a.plan(args[0], args[1:], limit)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			return a.printPlan(p)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().IntVar(&limit, "limit", limit, "list at most so many trials")
	return c
}

// plan makes the document of sweep plan.
func (a *app) plan(file string, args []string, limit int) (*planned, error) {
	spec, err := a.readSpec(file, args)
	if err != nil {
		return nil, err
	}
	p := &planned{Name: spec.Name, Method: spec.Method, Seeds: spec.Seeds, Ranks: spec.Ranks, Schedule: schedule(spec), Unsupported: spec.Unsupported, Plan: []plannedTrial{}}
	if p.Unsupported == nil {
		p.Unsupported = []string{}
	}
	plan, err := openPlan(spec)
	if err != nil {
		return nil, err
	}
	p.Cells = plan.Cells()
	n, finite := plan.Len()
	if finite {
		p.Trials = &n
	}
	trials, _, err := plan.Next(limit)
	if err != nil {
		return nil, err
	}
	for _, t := range trials {
		ranks, err := train.Ranks(spec, t)
		if err != nil {
			return nil, err
		}
		p.Plan = append(p.Plan, plannedTrial{t.ID, t.Cell, t.Seed, ranks, t.Params})
	}
	if len(p.Unsupported) == 0 {
		p.Cost, err = estimate(spec, trials, p.Trials)
	}
	return p, err
}

// shownCells is how many cells the plan for people lists.
const shownCells = 20

func (a *app) printPlan(p *planned) error {
	fmt.Fprintln(a.stdout, p.headline())
	for _, u := range p.Unsupported {
		fmt.Fprintln(a.stdout, "unsupported:", u)
	}
	if line := ranksLine(p.Ranks, p.Plan); line != "" {
		fmt.Fprintln(a.stdout, line)
	}
	if p.Schedule == staticName {
		fmt.Fprintln(a.stdout, "schedule: static: trial i of the plan is for the agent of rank i mod n")
	}
	for _, line := range p.Cost.lines() {
		fmt.Fprintln(a.stdout, line)
	}
	var cells []plannedTrial
	for _, t := range p.Plan {
		if !slices.ContainsFunc(cells, func(c plannedTrial) bool { return c.Cell == t.Cell }) {
			cells = append(cells, t)
		}
		if len(cells) > shownCells {
			break
		}
	}
	var paths []string
	for _, c := range cells {
		for path := range c.Params {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	w := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "cell\t"+strings.Join(paths, "\t"))
	for _, c := range cells[:min(len(cells), shownCells)] {
		fields := []string{string(c.Cell[:8])}
		for _, path := range paths {
			fields = append(fields, paramText(c.Params, path))
		}
		fmt.Fprintln(w, strings.Join(fields, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(cells) > shownCells {
		fmt.Fprintln(a.stdout, "… the whole plan: --json --limit N")
	}
	return nil
}

// headline says in a line what a sweep consists of.
func (p *planned) headline() string {
	seeds := fmt.Sprintf("%d seeds", len(p.Seeds))
	if len(p.Seeds) == 1 {
		seeds = "1 seed"
	}
	if p.Trials == nil {
		return fmt.Sprintf("%s (%s): trials without end, %s a cell; set run_cap, metric.target, or stop it", p.Name, p.Method, seeds)
	}
	return fmt.Sprintf("%s (%s): %d trials = %d cells × %s", p.Name, p.Method, *p.Trials, p.Cells, seeds)
}

// paramText is a parameter for a table; "-" where the cell does not have it.
func paramText(params sweep.Values, path string) string {
	v, ok := params[path]
	if !ok {
		return "-"
	}
	return results.ParamText(v)
}
