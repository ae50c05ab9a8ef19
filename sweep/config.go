package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Trains tells whether the spec's task trains networks.
func (s *Spec) Trains() bool { return s.trains }

// Updates is how many updates a trial has; 0 where the task does not train.
func (s *Spec) Updates() int {
	n, _ := s.Train["updates"].(int64)
	return int(n)
}

// PlannedCheckpoints lists the updates at which a trial that reaches the update reached has planned checkpoints, ascending; none
// where the task does not train.
func (s *Spec) PlannedCheckpoints(reached int) []int {
	if !s.trains {
		return nil
	}
	return s.Checkpoints.Planned(s.Updates(), reached)
}

// CheckpointsOf is PlannedCheckpoints of a trial with another number of updates, as sweep extend gives it.
func (s *Spec) CheckpointsOf(updates, reached int) []int {
	if !s.trains {
		return nil
	}
	return s.Checkpoints.Planned(updates, reached)
}

// Warnings are sentences for whoever starts the sweep: nothing is wrong, but something may not be what was meant.
func (s *Spec) Warnings() []string { return slices.Clone(s.warnings) }

// Unrunnable is what keeps this version from running the spec: the same as Unsupported, with lines.
func (s *Spec) Unrunnable() Problems { return s.unrunnable.sorted() }

// Native tells whether the sweep trains a task of this program, rather than running a program.
func (s *Spec) Native() bool { return s.Task.Name != "" }

// External tells whether the trials are runs of an external program.
func (s *Spec) External() bool { return s.Program != "" || len(s.Command) > 0 }

// Check tells whether a configuration's task and model can be built (Catalog.Build).
func (s *Spec) Check(c Config) error {
	if s.catalog == nil || s.catalog.Build == nil || !s.Native() {
		return nil
	}
	return s.catalog.Build(c)
}

// Config lays a trial's parameters over the fixed values of the spec. params hold the swept paths, as the plan has them or as a trial has them
// (Flatten). A parameter that the trial's model lacks, and another model of the sweep has, is left out.
func (s *Spec) Config(params Values, seed int64) (Config, error) {
	params = s.Flatten(params)
	c := Config{Task: s.Task.clone(), Model: s.Model.clone(), Train: maps.Clone(s.Train), Seed: seed, DataSeed: seed}
	if s.DataSeed != nil {
		c.DataSeed = *s.DataSeed
	}
	if name, ok := params["model"].(string); ok {
		c.Model.Name = name
	}
	for _, path := range sortedKeys(params) {
		section, name, dotted := strings.Cut(path, ".")
		switch {
		case !s.Native() || path == "model":
		case dotted && section == "task":
			c.Task.Params[name] = params[path]
		case dotted && section == "model":
			c.Model.Params[name] = params[path]
		case dotted && section == "train":
			c.Train[name] = params[path]
		default:
			return c, fmt.Errorf("parameter %s is of no section of the sweep", path)
		}
	}
	if s.trains && s.catalog != nil {
		model, ok := s.catalog.Models[c.Model.Name]
		if !ok {
			return c, fmt.Errorf("there is no model %q", c.Model.Name)
		}
		c.Model.Params = model.complete(c.Model.Params)
		s.setHorizon(c.Train)
	}
	return c, nil
}

// A schedule of the learning rate has keys of this prefix in train; its horizon is one of them.
const (
	schedulePrefix = "schedule."
	horizonName    = "schedule.updates"
)

// setHorizon resolves the horizon of a training's schedule: left out, it is the number of updates. Without a schedule, which is one whose keys
// have their defaults, it has no meaning and its default. So it is in the key of a trial exactly when there is a schedule.
func (s *Spec) setHorizon(train Values) {
	horizon, ok := s.catalog.Train.param(horizonName)
	if !ok {
		return
	}
	scheduled := false
	for name := range identify("", s.catalog.Train, train)["params"].(map[string]any) {
		scheduled = scheduled || strings.HasPrefix(name, schedulePrefix) && name != horizonName
	}
	switch given := train[horizonName]; {
	case !scheduled:
		train[horizonName] = horizon.Default
	case given == nil || given == horizon.Default:
		train[horizonName] = int64(s.Updates())
	}
}

func (s Section) clone() Section {
	params := maps.Clone(s.Params)
	if params == nil {
		params = Values{}
	}
	return Section{s.Name, params}
}

// complete keeps a component's own parameters and fills in defaults.
func (c Component) complete(given Values) Values {
	values := Values{}
	for _, p := range c.Params {
		if v, ok := given[p.Name]; ok {
			values[p.Name] = v
		} else if p.Default != nil {
			values[p.Name] = p.Default
		}
	}
	return values
}

// Trial makes the trial at a place of the plan, keys and all. params is a point of the plan, or a trial's parameters.
func (s *Spec) Trial(index int, params Values, seed int64) (Trial, error) {
	params = s.Flatten(params)
	c, err := s.Config(params, seed)
	if err != nil {
		return Trial{}, err
	}
	identity := s.identity(c, params)
	if s.DataSeed != nil {
		identity["data_seed"] = c.DataSeed
	}
	cell := keyOf(identity)
	identity["seed"] = seed
	if c.DataSeed == seed {
		delete(identity, "data_seed")
	}
	return Trial{ID: TrialID(keyOf(identity)), Cell: CellID(cell), Index: index, Seed: seed, Params: params}, nil
}

// identity is what determines a trial's result, without the seed (docs/protocol.md, "Keys").
func (s *Spec) identity(c Config, params Values) map[string]any {
	if !s.Native() {
		command := make([]any, len(s.Command))
		for i, word := range s.Command {
			command[i] = word
		}
		return map[string]any{"program": s.Program, "command": command, "params": params}
	}
	id := map[string]any{"task": identify(c.Task.Name, s.catalog.Tasks[c.Task.Name].Component, c.Task.Params)}
	if s.trains {
		id["model"] = identify(c.Model.Name, s.catalog.Models[c.Model.Name], c.Model.Params)
		train := identify("", s.catalog.Train, c.Train)
		if machine, ok := c.Train["machine"]; ok {
			train["params"].(map[string]any)["machine"] = machine // always written
		}
		id["train"] = train
	}
	return id
}

// identify is a component in a key: its name, its revision, and the parameters that differ from their default.
func identify(name string, c Component, given Values) map[string]any {
	params := map[string]any{}
	for _, p := range c.Params {
		v, ok := given[p.Name]
		if !ok || p.NotKey || string(canonicalJSON(nil, v)) == string(canonicalJSON(nil, p.Default)) {
			continue
		}
		params[p.Name] = v
	}
	id := map[string]any{"revision": c.Revision, "params": params}
	if name != "" {
		id["name"] = name
	}
	return id
}

// CellKey is a key of parameters alone, for cells that are made of those of a plan by leaving a parameter out.
func CellKey(params Values) CellID { return CellID(keyOf(map[string]any{"params": params})) }

// keyOf is the first 32 hexadecimal digits of the SHA-256 of canonical JSON.
func keyOf(identity map[string]any) string {
	sum := sha256.Sum256(canonicalJSON(nil, identity))
	return hex.EncodeToString(sum[:])[:32]
}
