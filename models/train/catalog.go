package train

import (
	"fmt"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// Catalog is what a spec is checked against: the registered tasks and models, and the train section.
func Catalog() *sweep.Catalog {
	c := &sweep.Catalog{Tasks: map[string]sweep.TaskInfo{}, Models: map[string]sweep.Component{}, Train: component, Build: check}
	for _, name := range tasks.Names() {
		c.Tasks[name], _ = tasks.Info(name)
	}
	for _, name := range models.Names() {
		c.Models[name], _ = models.Info(name)
	}
	return c
}

// parts is what a configuration is made of.
type parts struct {
	settings
	task   tasks.Task
	model  models.Model
	groups []group // of the model's parameters
}

// assemble makes a configuration's parts, without data and without graphs.
func assemble(c sweep.Config) (p parts, err error) {
	if p.settings, err = parseSettings(c.Train); err != nil {
		return p, err
	}
	if p.task, err = tasks.New(c.Task); err != nil {
		return p, err
	}
	if p.model, err = models.New(c.Model, p.task.Inputs(), p.task.Outputs()); err != nil {
		return p, err
	}
	p.groups, err = newGroups(p.settings, p.model.Params())
	return p, err
}

// check is Catalog.Build.
func check(c sweep.Config) error {
	info, ok := tasks.Info(c.Task.Name)
	if ok && !info.Trains {
		_, err := tasks.New(c.Task)
		return err
	}
	p, err := assemble(c)
	if err != nil {
		return err
	}
	if n := graph.Size(p.model.Params()); n > maxWeights {
		return fmt.Errorf("model %s would have %d weights, at most %d are possible", c.Model.Name, n, maxWeights)
	}
	return nil
}

// maxWeights keeps a checkpoint below 1 GiB.
const maxWeights = 1 << 28
