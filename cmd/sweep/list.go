package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// The kinds of things that sweep list shows.
var listKinds = []string{"tasks", "models", "train", "evaluations", "metrics", "optimizers", "machines", "methods"}

// listed is one component as sweep list prints it.
type listed struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Revision int           `json:"revision,omitempty"`
	Doc      string        `json:"doc,omitempty"`
	Params   []listedParam `json:"params,omitempty"`
}

// listedParam is one parameter of a component as sweep list prints it.
type listedParam struct {
	Name    string          `json:"name"`
	Type    sweep.ParamType `json:"type"`
	Default any             `json:"default"`
	Unit    string          `json:"unit,omitempty"`
	Doc     string          `json:"doc,omitempty"`
	Choices []string        `json:"choices,omitempty"`
}

func newList(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:       "list " + strings.Join(listKinds, "|"),
		Short:     "Show the tasks, models and everything else that a spec can name, with defaults and units",
		Example:   "  sweep list tasks\n  sweep list models --json",
		Args:      cobra.ExactArgs(1),
		ValidArgs: listKinds,
		RunE: func(_ *cobra.Command, args []string) error {
			items, err := list(train.Catalog(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(items)
			}
			return a.printList(items)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// list returns the catalog's components of one kind, sorted by name.
func list(cat *sweep.Catalog, kind string) ([]listed, error) {
	var items []listed
	switch kind {
	case "tasks":
		for _, name := range slices.Sorted(maps.Keys(cat.Tasks)) {
			items = append(items, listedOf("task", cat.Tasks[name].Component))
		}
	case "models":
		for _, name := range slices.Sorted(maps.Keys(cat.Models)) {
			items = append(items, listedOf("model", cat.Models[name]))
		}
	case "train":
		items = append(items, listedOf("train", cat.Train))
	case "evaluations":
		for _, name := range slices.Sorted(maps.Keys(cat.Tasks)) {
			for _, e := range cat.Tasks[name].Evaluations {
				items = append(items, listedOf("evaluation of "+name, e))
			}
		}
	case "metrics":
		for _, name := range slices.Sorted(maps.Keys(cat.Tasks)) {
			metrics := cat.Tasks[name].Metrics
			for _, e := range slices.Sorted(maps.Keys(metrics)) {
				for _, m := range metrics[e] {
					items = append(items, listed{Kind: "metric", Name: m, Doc: fmt.Sprintf("evaluation %s of task %s", e, name)})
				}
			}
		}
	case "optimizers":
		items = choices(cat.Train, "optimizer")
	case "machines":
		items = choices(cat.Train, "machine")
	case "methods":
		items = []listed{
			{Kind: "method", Name: "grid", Doc: "every combination of the values"},
			{Kind: "method", Name: "random", Doc: "independent draws, a function of (sampler.seed, number of the draw); without run_cap until stopped"},
		}
	default:
		return nil, usage("sweep list: there is no kind %q; the kinds are %s", kind, strings.Join(listKinds, ", "))
	}
	return items, nil
}

func listedOf(kind string, c sweep.Component) listed {
	l := listed{Kind: kind, Name: c.Name, Revision: c.Revision, Doc: c.Doc}
	for _, p := range c.Params {
		l.Params = append(l.Params, listedParam{p.Name, p.Type, p.Default, p.Unit, p.Doc, p.Choices})
	}
	return l
}

// choices lists what a parameter of the training may be.
func choices(train sweep.Component, param string) []listed {
	var items []listed
	for _, p := range train.Params {
		if p.Name != param {
			continue
		}
		for _, name := range p.Choices {
			items = append(items, listed{Kind: param, Name: name})
		}
	}
	return items
}

func (a *app) printList(items []listed) error {
	w := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	for _, item := range items {
		fmt.Fprintf(w, "%s\t%s\n", item.Name, item.Doc)
		for _, p := range item.Params {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", p.Name, defaultText(p), p.Unit, p.Doc)
		}
	}
	return w.Flush()
}

func defaultText(p listedParam) string {
	switch {
	case p.Default == nil:
		return string(p.Type) + ", must be given"
	case len(p.Choices) > 0:
		return fmt.Sprintf("%v (%s)", p.Default, strings.Join(p.Choices, ", "))
	}
	return fmt.Sprint(p.Default)
}
