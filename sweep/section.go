package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The sections whose parameters can be swept.
var sweptSections = []string{"task", "model", "train"}

// sweepable tells whether an argument names a parameter: of task, model or train, or, of a program's sweep, one that the file has.
func (p *parser) sweepable(key string) bool {
	top, _, dotted := strings.Cut(key, ".")
	ours := slices.Contains(sweptSections, top) // a program's parameters may be called so, too
	if p.native {
		return ours && (dotted || top == "model")
	}
	params := p.root.get("parameters")
	return (ours && dotted || !slices.Contains(topKeys, top)) && params != nil && hasPath(params, key)
}

// hasPath tells whether parameters has a dotted path, however it is nested.
func hasPath(params *node, path string) bool {
	if params.field(path) != nil {
		return true
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		if inner := params.get(path[:i]); inner != nil && inner.get("parameters") != nil && hasPath(inner.get("parameters"), path[i+1:]) {
			return true
		}
	}
	return false
}

func (p *parser) taskNames() []string  { return slices.Sorted(maps.Keys(p.cat.Tasks)) }
func (p *parser) modelNames() []string { return slices.Sorted(maps.Keys(p.cat.Models)) }

// paths lists every key that an argument may have.
func (p *parser) paths() []string {
	paths := []string{"seeds", "run_cap", "sampler.seed"}
	switch {
	case !p.native:
		paths = slices.AppendSeq(paths, maps.Keys(p.swept))
	case p.spec.trains:
		paths = append(paths, "checkpoints.every", "checkpoints.initial", "checkpoints.keep")
	}
	for _, c := range p.components() {
		for _, param := range c.component.Params {
			paths = append(paths, c.section+"."+param.Name)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// A sectioned component is one that a section can hold.
type sectioned struct {
	section   string
	component Component
}

// components are those of the spec's task, its possible models, and the training.
func (p *parser) components() []sectioned {
	var all []sectioned
	if t, ok := p.cat.Tasks[p.spec.Task.Name]; ok {
		all = append(all, sectioned{"task", t.Component})
		if !t.Trains {
			return all
		}
	}
	for _, name := range p.spec.models {
		all = append(all, sectioned{"model", p.cat.Models[name]})
	}
	if p.native {
		all = append(all, sectioned{"train", p.training()})
	}
	return all
}

// lengthName is the parameter of train that a task with its own length has itself.
const lengthName = "length"

// ownLength tells whether the task decides how long a sequence is.
func (p *parser) ownLength() bool { return p.cat.Tasks[p.spec.Task.Name].OwnLength }

func (p *parser) lengthText() string {
	return fmt.Sprintf("a task trial of %s has a length of its own: write task.%s", p.spec.Task.Name, lengthName)
}

// training is the component of the section train, as far as the task uses it.
func (p *parser) training() Component {
	c := p.cat.Train
	if p.ownLength() {
		c.Params = slices.DeleteFunc(slices.Clone(c.Params), func(q Param) bool { return q.Name == lengthName })
	}
	return c
}

// parseSections reads task, model and train, and fills in defaults.
func (p *parser) parseSections() {
	if !p.native {
		for _, key := range []string{"model", "train"} {
			if n := p.root.get(key); given(n) && p.cat != nil {
				p.fail(n.line, key, "without a task there is nothing to train")
			}
		}
		return
	}
	name, params := p.namedSection("task", p.taskNames())
	info, ok := p.cat.Tasks[name]
	if !ok {
		return
	}
	p.spec.Task = Section{name, p.sectionParams("task", params, info.Component)}
	p.spec.trains = info.Trains
	if !info.Trains {
		for _, key := range []string{"model", "train", "checkpoints"} {
			if n := p.root.get(key); given(n) {
				p.fail(n.line, key, "task %s trains nothing: it has no model, no training and no checkpoints", name)
			}
		}
		return
	}
	p.parseModel()
	train := p.section("train")
	if train == nil {
		train = &node{kind: mapping}
	}
	if f := train.field(lengthName); f != nil && info.OwnLength {
		p.fail(f.line, "train."+lengthName, "%s", p.lengthText())
		train = &node{line: train.line, kind: mapping, fields: slices.Clone(train.fields)}
		train.remove(lengthName)
	}
	p.spec.Train = p.sectionParams("train", train, p.training())
}

// parseModel reads the model, or the models that parameters lists.
func (p *parser) parseModel() {
	values := p.valueNodes("model")
	for _, value := range values {
		n := nameOf(value)
		if n == nil {
			p.fail(value.line, "model", "this value has no name; valid are %s", strings.Join(p.modelNames(), ", "))
			continue
		}
		name, _ := n.value.(string)
		if _, ok := p.cat.Models[name]; !ok {
			p.fail(n.line, "model", "there is no model %s; %s", n.text(), instead(name, p.modelNames()))
			continue
		}
		if !slices.Contains(p.spec.models, name) {
			p.spec.models = append(p.spec.models, name)
		}
	}
	swept := len(values) > 0
	if !swept && !given(p.root.get("model")) {
		p.fail(0, "model", "it must be given, for task %s trains; there are %s", p.spec.Task.Name, strings.Join(p.modelNames(), ", "))
		return
	}
	if swept && !given(p.root.get("model")) {
		p.spec.Model = Section{Params: Values{}}
		return
	}
	if swept {
		p.parseShared()
		return
	}
	name, params := p.namedSection("model", p.modelNames())
	if name == "" {
		return
	}
	p.spec.models = []string{name}
	p.spec.Model = Section{name, p.sectionParams("model", params, p.cat.Models[name])}
}

// parseShared reads the section model beside models that parameters lists: what it gives is for all of them that have such a parameter. Its name
// has no effect, and may be left out.
func (p *parser) parseShared() {
	n := p.root.get("model")
	p.spec.Model = Section{Params: Values{}}
	if n.kind != mapping || n.get("name") != nil {
		if p.spec.Model.Name, n = p.namedSection("model", p.modelNames()); n == nil {
			return
		}
	}
	var all Component // parameters of all models
	for _, m := range p.spec.models {
		all.Params = append(all.Params, p.cat.Models[m].Params...)
		all.Name = m
	}
	p.unnest("model", n)
	for _, f := range n.fields {
		if v, ok := p.sectionParam("model", f, all); ok {
			p.spec.Model.Params[f.key] = v
		}
	}
}

// namedSection reads "name" or "{name: name, parameters…}". The name is "" where it is not valid.
func (p *parser) namedSection(key string, valid []string) (name string, params *node) {
	n := p.root.get(key)
	named := n
	if n.kind == mapping {
		named = n.get("name")
		if !given(named) {
			p.fail(n.line, key, "it has no name; valid are %s", strings.Join(valid, ", "))
			return "", nil
		}
		params = &node{line: n.line, kind: mapping, fields: slices.Clone(n.fields)}
		params.remove("name")
	} else {
		params = &node{line: n.line, kind: mapping}
	}
	name, ok := named.value.(string)
	if !ok || !slices.Contains(valid, name) {
		p.fail(named.line, key, "there is no %s %s; %s", key, named.text(), instead(name, valid))
		return "", nil
	}
	return name, params
}

// sectionParams normalises a section's parameters and fills in the defaults. A parameter without a default must be given, here or under parameters.
func (p *parser) sectionParams(section string, n *node, c Component) Values {
	values := Values{}
	for _, param := range c.Params {
		if _, done := values[param.Name]; !done && param.Default != nil {
			values[param.Name] = param.Default
		}
	}
	p.unnest(section, n)
	for _, f := range n.fields {
		if v, ok := p.sectionParam(section, f, c); ok {
			values[f.key] = v
		}
	}
	for _, param := range c.Params {
		_, ok := values[param.Name]
		if swept := p.root.get("parameters"); !ok && (swept == nil || !hasPath(swept, section+"."+param.Name)) {
			p.fail(n.line, section+"."+param.Name, "%s needs it: %s", c.Name, param.Doc)
		}
	}
	return values
}

// unnest makes of schedule: {kind: cosine} in a section what it is short for, schedule.kind: cosine.
func (p *parser) unnest(section string, n *node) {
	var flat []field
	var walk func(prefix string, fields []field)
	walk = func(prefix string, fields []field) {
		for _, f := range fields {
			f.key = prefix + f.key
			switch {
			case f.value.kind == mapping:
				walk(f.key+".", f.value.fields)
			case slices.ContainsFunc(flat, func(other field) bool { return other.key == f.key }):
				p.fail(f.line, section+"."+f.key, "it is given twice, once nested and once with a point")
			default:
				flat = append(flat, f)
			}
		}
	}
	walk("", n.fields)
	n.fields = flat
}

// sectionParam normalises one parameter of a section.
func (p *parser) sectionParam(section string, f field, c Component) (any, bool) {
	param, ok := c.param(f.key)
	if !ok {
		return nil, p.refuse(f.line, section+"."+f.key, noParameter(c, f.key))
	}
	v, wrong := normalise(param, f.value)
	if wrong != "" {
		return nil, p.refuse(f.value.line, section+"."+f.key, wrong)
	}
	return v, true
}

// param finds a declared parameter.
func (c Component) param(name string) (Param, bool) {
	i := slices.IndexFunc(c.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return Param{}, false
	}
	return c.Params[i], true
}

// noParameter says that a component has no such parameter.
func noParameter(c Component, name string) string {
	names := make([]string, len(c.Params))
	for i, p := range c.Params {
		names[i] = p.Name
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return fmt.Sprintf("%s has no parameters", c.Name)
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("%s has no parameter %s; did you mean %s? It has %s", c.Name, name, near, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s has no parameter %s; it has %s", c.Name, name, strings.Join(names, ", "))
}

// parseSeeds reads a count, a list, or {count or values, data}.
func (p *parser) parseSeeds() {
	p.spec.Seeds = []int64{0}
	n := p.root.get("seeds")
	if !given(n) {
		return
	}
	if n.kind == mapping {
		p.knownKeys(n, "seeds", []string{"count", "values", "data"})
		if d := n.get("data"); given(d) {
			seed, ok := d.value.(int64)
			if !ok {
				p.fail(d.line, "seeds.data", "%s is no seed, want a whole number", d.text())
			}
			p.spec.DataSeed = &seed
		}
		count, values := n.get("count"), n.get("values")
		if given(count) == given(values) {
			p.fail(n.line, "seeds", "want count or values")
			return
		}
		n = count
		if given(values) {
			n = values
		}
	}
	if n.kind == sequence {
		p.parseSeedList(n)
		return
	}
	const maxSeeds = 100_000
	count, ok := n.whole()
	if !ok || count < 1 || count > maxSeeds {
		p.fail(n.line, "seeds", "%s is not valid: want how many (1 to %d), or a list of seeds", n.text(), maxSeeds)
		return
	}
	p.spec.Seeds = make([]int64, count)
	for i := range p.spec.Seeds {
		p.spec.Seeds[i] = int64(i)
	}
}

func (p *parser) parseSeedList(n *node) {
	p.spec.Seeds = nil
	seen := map[int64]bool{}
	for _, item := range n.items {
		seed, ok := item.whole()
		switch {
		case !ok || item.kind != scalar:
			p.fail(item.line, "seeds", "%s is no seed, want a whole number", item.text())
		case seen[seed]:
			p.fail(item.line, "seeds", "the seed %d is given twice: replicates need different ones", seed)
		default:
			seen[seed] = true
			p.spec.Seeds = append(p.spec.Seeds, seed)
		}
	}
	if len(n.items) == 0 {
		p.fail(n.line, "seeds", "the list is empty; left out, it is [0]")
	}
}
