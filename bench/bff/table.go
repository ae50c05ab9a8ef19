package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// name says what a cell is: its model with the parameters that are numbers, and its learning rate.
func (c *cell) name() string {
	text := c.config.Model.Name
	for _, key := range slices.Sorted(maps.Keys(c.config.Model.Params)) {
		switch v := c.config.Model.Params[key].(type) {
		case int64:
			text += fmt.Sprintf(", %s %d", key, v)
		}
	}
	return fmt.Sprintf("%s, learning rate %v", text, c.config.Train["lr"])
}

// updates are the updates at which any seed was evaluated.
func (c *cell) updates() []int64 {
	all := map[int64]bool{}
	for _, r := range c.runs {
		for k := range r.evals {
			all[k.update] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// write prints a cell's table as Markdown.
func (c *cell) write(w io.Writer) {
	conditions := slices.Sorted(maps.Keys(c.floors))
	fmt.Fprintf(w, "%s; %d seeds\n\n| update | training loss |", c.name(), len(c.runs))
	for _, name := range conditions {
		fmt.Fprintf(w, " loss, %s | accuracy, %[1]s |", name)
	}
	fmt.Fprintf(w, "\n|--:|---|%s\n", strings.Repeat("---|---|", len(conditions)))
	for _, update := range c.updates() {
		fmt.Fprintf(w, "| %d | %s |", update, c.span(5, func(r run) (float64, bool) {
			v, ok := r.training[update]
			return v, ok && !math.IsNaN(v)
		}))
		for _, name := range conditions {
			for _, metric := range []string{"loss", "accuracy"} {
				fmt.Fprintf(w, " %s |", c.span(5, func(r run) (float64, bool) {
					v, ok := r.evals[key{name, metric, update}]
					return v, ok
				}))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "| Bayes filter | |")
	for _, name := range conditions {
		fmt.Fprintf(w, " %.5f | %.5f |", c.floors[name].loss, c.floors[name].accuracy)
	}
	fmt.Fprint(w, "\n\n")
}

// span is the mean over the seeds that have a value, and the smallest and the largest.
func (c *cell) span(digits int, of func(run) (float64, bool)) string {
	var values []float64
	sum := 0.0
	for _, r := range c.runs {
		if v, ok := of(r); ok {
			values, sum = append(values, v), sum+v
		}
	}
	if len(values) == 0 {
		return ""
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, sum/float64(len(values)), digits, slices.Min(values), digits, slices.Max(values))
}

// What -hold demands of the GRUs.
const (
	heldModel  = "gru"
	heldHidden = int64(128)
	heldRate   = 3e-3
	heldUpdate = int64(500)
	heldSeeds  = 5
	heldLoss   = 0.02
)

// judge lists what falls short of what the GRUs are held to.
func judge(cells []*cell) error {
	var short []error
	miss := func(format string, args ...any) { short = append(short, fmt.Errorf(format, args...)) }
	found := false
	for _, c := range cells {
		if c.config.Model.Name != heldModel || c.config.Model.Params["hidden"] != heldHidden || c.config.Train["lr"] != heldRate {
			continue
		}
		found = true
		for _, condition := range slices.Sorted(maps.Keys(c.floors)) {
			seeds, least := 0, c.floors[condition].loss
			for _, r := range c.runs {
				loss, ok := r.evals[key{condition, "loss", heldUpdate}]
				if !ok {
					continue
				}
				seeds++
				if !(loss >= least && loss <= heldLoss) {
					miss("%s, seed %d: a loss of %.5f under %s after update %d, want %.5f to %g", c.name(), r.seed, loss, condition, heldUpdate, least, heldLoss)
				}
			}
			if seeds < heldSeeds {
				miss("%s: %d seeds were evaluated under %s after update %d, %d are wanted", c.name(), seeds, condition, heldUpdate, heldSeeds)
			}
		}
	}
	if !found {
		miss("there is no cell of %s with %d units and a learning rate of %g", heldModel, heldHidden, heldRate)
	}
	return errors.Join(short...)
}
