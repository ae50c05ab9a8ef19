package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

func newNew(a *app) *cobra.Command {
	var task, model string
	c := &cobra.Command{
		Use:   "new --task TASK [--model MODEL]",
		Short: "Write a commented spec to start from",
		Long: `new prints a spec for a task and a model, with every parameter, its default, unit and meaning. It can be planned and
run as it is.`,
		Example: "  sweep new --task delay_comparison --model leaky_rnn > sweep.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cat := train.Catalog()
			info, ok := cat.Tasks[task]
			if !ok {
				return usage("--task %q: there is no such task; the tasks are %s", task, names(cat.Tasks))
			}
			m, ok := cat.Models[model]
			switch {
			case info.Trains && !ok:
				return usage("--model %q: there is no such model; the models are %s", model, names(cat.Models))
			case !info.Trains && model != "":
				return usage("--model %s: task %s does not train, and has no model", model, task)
			}
			text := newSpec(info, m, cat.Train)
			if _, err := sweep.Parse("sweep.yaml", []byte(text), nil, cat); err != nil {
				return fmt.Errorf("the spec that sweep new writes for task %s is not valid: %w", task, err)
			}
			_, err := fmt.Fprint(a.stdout, text)
			return err
		},
	}
	c.Flags().StringVar(&task, "task", "", "the task; sweep list tasks shows them")
	c.Flags().StringVar(&model, "model", "", "the model; sweep list models shows them")
	return c
}

// names lists the keys of a registry for a message.
func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

// newSpec writes a starting spec.
func newSpec(task sweep.TaskInfo, model, training sweep.Component) string {
	if task.OwnLength {
		training.Params = slices.DeleteFunc(slices.Clone(training.Params), func(p sweep.Param) bool { return p.Name == "length" })
	}
	var s strings.Builder
	fmt.Fprintf(&s, "# A sweep of %s. Check it with sweep plan, try it with sweep smoke, run it with sweep run.\n", task.Name)
	fmt.Fprintf(&s, "# Every line that begins with # and a space before a key is a default: remove the # to change it.\n")
	fmt.Fprintf(&s, "name: %s\n", strings.ReplaceAll(task.Name, "_", "-"))
	s.WriteString("method: grid                  # or random, with run_cap\n\n")
	section(&s, "task", task.Component, nil)
	if task.Trains {
		section(&s, "model", model, nil)
		section(&s, "train", training, startValues(task))
	}
	s.WriteString("seeds: 3                      # replicates of every cell: 0, 1, 2; or a list: [0, 5, 7]\n\n")
	fmt.Fprintf(&s, "# What is swept: paths into the sections above. A swept path overrides the value there.\n")
	s.WriteString("parameters:\n")
	swept(&s, task, model, training)
	evaluations(&s, task)
	return s.String()
}

// startValues are the values of train that a new spec of a task gives: a section needs one at least.
func startValues(task sweep.TaskInfo) sweep.Values {
	if len(task.Start) > 0 {
		return task.Start
	}
	return sweep.Values{"updates": int64(1000)}
}

// section writes one section: its name, every parameter as a comment with its default, and those that are given with their values.
func section(s *strings.Builder, key string, c sweep.Component, given sweep.Values) {
	if c.Doc != "" {
		fmt.Fprintf(s, "# %s\n", c.Doc)
	}
	fmt.Fprintf(s, "%s:\n", key)
	if key != "train" {
		fmt.Fprintf(s, "  name: %s\n", c.Name)
	}
	for _, p := range c.Params {
		comment, value := "# ", p.Default
		if v, ok := given[p.Name]; ok {
			comment, value = "", v
		} else if p.Default == nil {
			comment = "" // must be given
		}
		fmt.Fprintf(s, "  %-27s %s\n", comment+p.Name+": "+yamlValue(value), "# "+about(p))
	}
	s.WriteString("\n")
}

// about is a parameter's documentation in a line.
func about(p sweep.Param) string {
	text := strings.TrimSuffix(p.Doc, ".")
	if p.Unit != "" {
		text = strings.TrimSuffix(text, ".") + ", in " + p.Unit + "."
	}
	if len(p.Choices) > 0 {
		text += " (" + strings.Join(p.Choices, ", ") + ")"
	}
	return text
}

// yamlValue is a default as YAML.
func yamlValue(v any) string {
	if v == nil {
		return "1"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.Trim(string(text), `"`)
}

// swept proposes two paths: the learning rate and the model's first whole number, or the task's first parameter.
func swept(s *strings.Builder, task sweep.TaskInfo, model, training sweep.Component) {
	if !task.Trains {
		fmt.Fprintf(s, "  task.%s: {values: [0, 1]}\n\n", task.Params[0].Name)
		return
	}
	if i := slices.IndexFunc(training.Params, func(p sweep.Param) bool { return p.Name == "lr" }); i >= 0 {
		s.WriteString("  train.lr: {values: [3e-4, 1e-3, 3e-3]}\n")
	}
	if i := slices.IndexFunc(model.Params, func(p sweep.Param) bool { return p.Type == sweep.Int && p.Default != nil }); i >= 0 {
		p := model.Params[i]
		fmt.Fprintf(s, "  model.%s: {values: [%d, %d]}\n", p.Name, p.Default.(int64)/2, p.Default)
	}
	s.WriteString("  # train.lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}   with method: random\n\n")
}

// evaluations writes evaluate, checkpoints and select: every kind of evaluation with its defaults.
func evaluations(s *strings.Builder, task sweep.TaskInfo) {
	s.WriteString("# Every checkpoint is evaluated on every condition.\nevaluate:\n")
	for _, e := range task.Evaluations {
		var params []string
		for _, p := range e.Params {
			params = append(params, p.Name+": "+yamlValue(p.Default))
		}
		fmt.Fprintf(s, "  %s: {%s}%s\n", e.Name, strings.Join(params, ", "), comment(e.Doc))
	}
	if task.Trains {
		s.WriteString("\n# Weights are saved and evaluated every so many updates, and after the last one. keep: all, best or last.\ncheckpoints: {every: 100, keep: all}\n")
	}
	if len(task.Evaluations) == 0 {
		return
	}
	kind := task.Evaluations[0].Name
	metric := task.Metrics[kind][0]
	goal := "maximize"
	if strings.Contains(metric, "loss") {
		goal = "minimize"
	}
	fmt.Fprintf(s, "\n# The rule for the best checkpoint. The metrics of %s: %s.\n", kind, strings.Join(task.Metrics[kind], ", "))
	fmt.Fprintf(s, "select: {metric: %s, condition: %s, goal: %s}\n", metric, kind, goal)
}

func comment(text string) string {
	if text == "" {
		return ""
	}
	return "   # " + text
}
