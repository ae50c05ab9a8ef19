package models

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// A Model is one configured network: its time step, and how its weights begin. It is immutable.
type Model interface {
	graph.Cell

	// Fill writes the first values of parameter number i of Params, in row-major order. Each parameter has a generator of its
	// own, keyed by the seed and its number, so that models whose parameter i has the same shape begin with the same values there.
	Fill(i int, values []float32, g *random.Generator)
}

// Init is the flat weight buffer with which a model begins for a seed.
func Init(m Model, seed int64) []float32 {
	params := m.Params()
	weights := make([]float32, graph.Size(params))
	for i, values := range graph.Split(params, weights) {
		m.Fill(i, values, random.New(seed, random.Init, uint32(i)))
	}
	return weights
}

// A maker makes a model for a task with so many input and output channels. The parameters are those declared, all present and of their types.
type maker func(p parameters, inputs, outputs int) (Model, error)

type entry struct {
	sweep.Component
	make maker
}

var registry = map[string]entry{}

// register adds an architecture; it is called from the init function of the architecture's file.
func register(c sweep.Component, make maker) {
	if _, twice := registry[c.Name]; twice {
		panic("models: " + c.Name + " is registered twice")
	}
	registry[c.Name] = entry{c, make}
}

// Names lists the architectures, sorted.
func Names() []string { return slices.Sorted(maps.Keys(registry)) }

// Info describes an architecture and its parameters.
func Info(name string) (sweep.Component, bool) {
	e, ok := registry[name]
	return e.Component, ok
}

// New makes the model that a spec's section names, for a task with so many input and output channels. Parameters that
// the section leaves out have their defaults. The error lists what is valid.
func New(section sweep.Section, inputs, outputs int) (Model, error) {
	e, ok := registry[section.Name]
	if !ok {
		return nil, fmt.Errorf("no model is called %q; there are %s", section.Name, strings.Join(Names(), ", "))
	}
	if inputs < 1 || outputs < 1 {
		return nil, fmt.Errorf("model %s: a task with %d inputs and %d outputs; both must be at least 1", section.Name, inputs, outputs)
	}
	p, err := e.parameters(section.Params)
	if err != nil {
		return nil, err
	}
	m, err := e.make(p, inputs, outputs)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", section.Name, err)
	}
	return m, nil
}

// parameters are a section's values, numbers as float64, texts as string.
type parameters map[string]any

func (p parameters) float(name string) float64 { return p[name].(float64) }
func (p parameters) int(name string) int       { return int(p[name].(float64)) }
func (p parameters) text(name string) string   { return p[name].(string) }

// parameters lays the given values over the defaults and checks names, types and ranges.
func (e entry) parameters(given sweep.Values) (parameters, error) {
	names := make([]string, len(e.Params))
	for i, d := range e.Params {
		names[i] = d.Name
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("model %s has no parameter %q; it has %s", e.Name, name, strings.Join(names, ", "))
		}
	}
	p := parameters{}
	for _, d := range e.Params {
		v, ok := given[d.Name]
		if !ok {
			v = d.Default
		}
		checked, err := check(d, v)
		if err != nil {
			return nil, fmt.Errorf("model %s: %s is %v, want %w", e.Name, d.Name, v, err)
		}
		p[d.Name] = checked
	}
	return p, nil
}

// check gives a value the type of its declaration. The error says what is wanted.
func check(d sweep.Param, v any) (any, error) {
	if d.Type != sweep.String {
		return number(d, v)
	}
	s, ok := v.(string)
	if !ok || d.Choices != nil && !slices.Contains(d.Choices, s) {
		return nil, fmt.Errorf("one of %s", strings.Join(d.Choices, ", "))
	}
	return s, nil
}

// number checks a numeric parameter. The error says what is wanted.
func number(d sweep.Param, v any) (float64, error) {
	var n float64
	switch v := v.(type) {
	case int64:
		n = float64(v)
	case float64:
		n = v
	default:
		return 0, fmt.Errorf("a number")
	}
	switch {
	case d.Type == sweep.Int && n != math.Trunc(n):
		return 0, fmt.Errorf("a whole number")
	case d.Min != nil && !(n >= *d.Min):
		return 0, fmt.Errorf("at least %g", *d.Min)
	case d.Max != nil && !(n <= *d.Max):
		return 0, fmt.Errorf("at most %g", *d.Max)
	case d.Above != nil && !(n > *d.Above):
		return 0, fmt.Errorf("more than %g", *d.Above)
	}
	return n, nil
}

// bound makes the limits of a sweep.Param.
func bound(v float64) *float64 { return &v }
