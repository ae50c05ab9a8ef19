package train

import (
	"fmt"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// Optimisers and machines by name.
const (
	adamName      = "adam"
	sgdName       = "sgd"
	referenceName = "reference"
)

func bound(v float64) *float64 { return &v }

// component declares the keys of a spec's train section.
var component = sweep.Component{
	Name:     "train",
	Revision: 1,
	Doc:      "Supervised training: mean softmax cross-entropy over all points of a batch.",
	Params: []sweep.Param{
		{Name: "updates", Type: sweep.Int, Default: int64(1000), Min: bound(1), Unit: "updates", Doc: "Training steps of a trial.", NotKey: true},
		{Name: "batch", Type: sweep.Int, Default: int64(16), Min: bound(1), Max: bound(65536), Unit: "sequences", Doc: "Sequences of an update."},
		{Name: "length", Type: sweep.Int, Default: int64(100), Min: bound(1), Max: bound(maxLength), Unit: "steps", Doc: "Time steps of an update; the network's state begins at zero in each."},
		{Name: "optimizer", Type: sweep.String, Default: adamName, Choices: []string{adamName, sgdName}, Doc: "How weights follow from gradients."},
		{Name: "lr", Type: sweep.Float, Default: 1e-3, Above: bound(0), Doc: "Learning rate."},
		{Name: "beta1", Type: sweep.Float, Default: 0.9, Min: bound(0), Max: bound(1), Doc: "adam: decay of the mean gradient, below 1."},
		{Name: "beta2", Type: sweep.Float, Default: 0.999, Min: bound(0), Max: bound(1), Doc: "adam: decay of the mean square, below 1."},
		{Name: "epsilon", Type: sweep.Float, Default: 1e-8, Above: bound(0), Doc: "adam: added to the root of the mean square before its bias is corrected."},
		{Name: "momentum", Type: sweep.Float, Default: 0.0, Min: bound(0), Max: bound(1), Doc: "sgd: decay of the velocity, below 1."},
		{Name: "machine", Type: sweep.String, Default: referenceName, Choices: []string{referenceName}, Doc: "What computes the network: reference is Gorgonia's TapeMachine."},
		{Name: "threads", Type: sweep.Int, Default: int64(1), Min: bound(1), Max: bound(1), Unit: "threads", Doc: "Threads of a trial; the reference machine has one.", NotKey: true},
	},
}

// maxLength bounds the steps of an update: the reference machine's building time is quadratic in it (a quarter of a second at 300, three seconds at 1,000).
const maxLength = 2000

// settings are a trial's train section.
type settings struct {
	updates, sequences, steps int
	optimizer                 string
	lr                        float64
	beta1, beta2, epsilon     float64
	momentum                  float64
}

func parseSettings(v sweep.Values) (s settings, err error) {
	r := reader{values: v}
	s.updates, s.sequences, s.steps = r.int("updates"), r.int("batch"), r.int("length")
	s.optimizer, s.lr = r.string("optimizer"), r.float("lr")
	s.beta1, s.beta2, s.epsilon, s.momentum = r.float("beta1"), r.float("beta2"), r.float("epsilon"), r.float("momentum")
	machine := r.string("machine")
	if r.err != nil {
		return s, r.err
	}
	if machine != referenceName {
		return s, fmt.Errorf("train.machine %q: this program has %s", machine, referenceName)
	}
	for _, c := range []struct {
		name  string
		value float64
	}{{"beta1", s.beta1}, {"beta2", s.beta2}, {"momentum", s.momentum}} {
		if !(c.value >= 0 && c.value < 1) {
			return s, fmt.Errorf("train.%s is %g, want at least 0 and less than 1", c.name, c.value)
		}
	}
	if s.sequences < 1 || s.steps < 1 || s.updates < 1 {
		return s, fmt.Errorf("train.updates %d, train.batch %d, train.length %d: each must be at least 1", s.updates, s.sequences, s.steps)
	}
	if !(s.lr > 0) || !(s.epsilon > 0) {
		return s, fmt.Errorf("train.lr %g, train.epsilon %g: each must be more than 0", s.lr, s.epsilon)
	}
	return s, nil
}

// reader takes values of given types out of a section; what is missing has its default. The first mistake stays in err.
type reader struct {
	values sweep.Values
	err    error
}

func (r *reader) value(name string) any {
	if v, ok := r.values[name]; ok {
		return v
	}
	for _, p := range component.Params {
		if p.Name == name {
			return p.Default
		}
	}
	return nil
}

func (r *reader) wrong(name string, v any, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("train.%s is %v, want %s", name, v, want)
	}
}

func (r *reader) int(name string) int {
	switch v := r.value(name).(type) {
	case int64:
		return int(v)
	default:
		r.wrong(name, v, "a whole number")
		return 0
	}
}

func (r *reader) float(name string) float64 {
	switch v := r.value(name).(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	default:
		r.wrong(name, v, "a number")
		return 0
	}
}

func (r *reader) string(name string) string {
	v, ok := r.value(name).(string)
	if !ok {
		r.wrong(name, r.value(name), "a name")
	}
	return v
}

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
	task  tasks.Task
	model models.Model
}

// assemble makes a configuration's parts, without data and without graphs.
func assemble(c sweep.Config) (p parts, err error) {
	if p.settings, err = parseSettings(c.Train); err != nil {
		return p, err
	}
	if p.task, err = tasks.New(c.Task); err != nil {
		return p, err
	}
	if l := p.task.Loss(); l != graph.CrossEntropy {
		return p, fmt.Errorf("task %s has the loss %s: this program trains with %s", c.Task.Name, l, graph.CrossEntropy)
	}
	p.model, err = models.New(c.Model, p.task.Inputs(), p.task.Outputs())
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
