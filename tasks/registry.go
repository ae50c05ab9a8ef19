package tasks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"neurosweep/sweep"
)

// A maker makes a task. The parameters are those declared, all present, of their types and within their ranges.
type maker func(p parameters) (Task, error)

type entry struct {
	sweep.TaskInfo
	make maker
}

var registry = map[string]entry{}

// register adds a task; it is called from the init function of the task's file.
func register(info sweep.TaskInfo, make maker) {
	if _, twice := registry[info.Name]; twice {
		panic("tasks: " + info.Name + " is registered twice")
	}
	registry[info.Name] = entry{info, make}
}

// Names lists the tasks, sorted.
func Names() []string { return slices.Sorted(maps.Keys(registry)) }

// Info describes a task, its parameters, its kinds of evaluation and their metrics.
func Info(name string) (sweep.TaskInfo, bool) {
	e, ok := registry[name]
	return e.TaskInfo, ok
}

// New makes the task that a spec's section names. Parameters that the section leaves out have their defaults. The error lists what is valid.
func New(section sweep.Section) (Task, error) {
	e, ok := registry[section.Name]
	if !ok {
		return nil, fmt.Errorf("no task is called %q; there are %s", section.Name, strings.Join(Names(), ", "))
	}
	p, err := fill("task "+e.Name, e.Params, section.Params)
	if err != nil {
		return nil, err
	}
	task, err := e.make(p)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", e.Name, err)
	}
	return task, nil
}

// evaluation finds a condition's kind among a task's and fills in its parameters.
func evaluation(info sweep.TaskInfo, c sweep.Condition) (parameters, error) {
	names := make([]string, len(info.Evaluations))
	for i, e := range info.Evaluations {
		if e.Name == c.Kind {
			return fill("evaluation "+c.Kind+" of task "+info.Name, e.Params, c.Params)
		}
		names[i] = e.Name
	}
	return nil, fmt.Errorf("task %s has no evaluation %q; it has %s", info.Name, c.Kind, strings.Join(names, ", "))
}
