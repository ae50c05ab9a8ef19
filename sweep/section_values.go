package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file is about sections as values: a path under parameters that is a whole section, model for instance, whose values are names, or
// mappings of a name and parameters, as the section itself could be written.

// valueNodes are the values that parameters gives to a path, as they stand in the tree; nil where it does not list any.
func (p *parser) valueNodes(path string) []*node {
	params := p.root.get("parameters")
	if params == nil || params.get(path) == nil || params.get(path).kind != mapping {
		return nil
	}
	form := params.get(path)
	if v := form.get("value"); v != nil {
		return []*node{v}
	}
	if v := form.get("values"); v != nil {
		return v.items
	}
	return nil
}

// sweptMapping are the values of a section that is swept by at least one mapping; nil where it is not.
func (p *parser) sweptMapping(section string) []*node {
	nodes := p.valueNodes(section)
	if slices.ContainsFunc(nodes, func(n *node) bool { return n.kind == mapping }) {
		return nodes
	}
	return nil
}

// nameOf is the node that names the component of a section's value; nil where a mapping has no name.
func nameOf(value *node) *node {
	if value.kind == mapping {
		return value.get("name")
	}
	return value
}

// componentOf is the component that a value of a swept section names. Only a model must be named.
func (p *parser) componentOf(section string, value *node) (Component, bool) {
	name := ""
	if n := nameOf(value); n != nil {
		name, _ = n.value.(string)
	}
	switch section {
	case "model":
		c, ok := p.cat.Models[name]
		return c, ok
	case "task":
		c, ok := p.cat.Tasks[p.spec.Task.Name]
		return c.Component, ok
	}
	return p.training(), true
}

// applyToValues gives a parameter to every value of a section that is swept by mappings, if the argument is of such a section: one value is set where
// the value's component has the parameter, several take the place of those that the mappings have, and are then swept themselves.
// done is true where nothing is left to do.
func (p *parser) applyToValues(o override) (done bool) {
	section, key, dotted := strings.Cut(o.key, ".")
	values := p.sweptMapping(section)
	if declared, ok := p.cat.Train.param(key); section == "train" && ok && declared.NotKey {
		values = nil // it is the same for all, and stands in the section itself
	}
	if !dotted || values == nil || !p.native {
		return false
	}
	if o.value != nil {
		removePath(p.root.get("parameters"), o.key)
	}
	var names, valid []string
	found := false
	for i, v := range values {
		c, known := p.componentOf(section, v)
		for _, param := range c.Params {
			valid = append(valid, param.Name)
		}
		names = append(names, c.Name)
		if _, ok := c.param(key); known && !ok {
			continue
		}
		found = true
		if v.kind == mapping {
			p.unnest(section, v)
		}
		if o.value == nil {
			v.remove(key)
			continue
		}
		if v.kind != mapping {
			v = &node{line: v.line, kind: mapping, fields: []field{{"name", v.line, v}}}
			values[i] = v
		}
		v.set(key, o.value)
	}
	if !found {
		slices.Sort(valid)
		p.fail(0, o.key, "no %s of this sweep has it (%s); %s", section, strings.Join(slices.Compact(names), ", "), instead(key, slices.Compact(valid)))
		return true
	}
	return o.value != nil
}

// A sectionValue is one value of a swept section.
type sectionValue struct {
	component Component
	params    Values // those that the mapping gives
}

// sectionForm checks the values of a swept section, and normalises them: names where no value gives a parameter, else mappings in
// which each value has every parameter that any of them gives and that its component has.
func (p *parser) sectionForm(section string, f field, q *Parameter) bool {
	if q.Values == nil {
		return p.refuse(f.line, section, "a whole section can be swept by value or values only")
	}
	before := len(p.problems)
	var all []sectionValue
	mentioned := map[string]bool{}
	for _, n := range p.valueNodes(section) {
		v, ok := p.sectionValue(section, n)
		if !ok {
			continue
		}
		for key := range v.params {
			mentioned[key] = true
		}
		all = append(all, v)
	}
	if len(p.problems) > before || len(all) != len(q.Values) {
		return false
	}
	for i, v := range all {
		q.Values[i] = p.sectionText(section, v, mentioned)
	}
	q.dropTwins()
	return true
}

// sectionValue reads one value of a swept section. Where it names nothing that exists, parseModel has said so.
func (p *parser) sectionValue(section string, n *node) (v sectionValue, ok bool) {
	if n.kind != mapping && section != "model" {
		return v, p.refuse(n.line, section, fmt.Sprintf("%s is no section: want a mapping of parameters to values", n.text()))
	}
	if v.component, ok = p.componentOf(section, n); !ok {
		return v, false
	}
	v.params = Values{}
	params := p.root.get("parameters")
	if n.kind == mapping {
		p.unnest(section, n)
	}
	for _, f := range n.fields {
		path := section + "." + f.key
		param, declared := v.component.param(f.key)
		switch {
		case f.key == "name" && section != "train":
		case !p.unswept(path, f.line):
		case !declared:
			p.fail(f.line, path, "%s", noParameter(v.component, f.key))
		case hasPath(params, path):
			p.fail(f.line, path, "this value gives it, and it is swept by itself as well: leave one of them out")
		default:
			value, wrong := normalise(param, f.value)
			if wrong != "" {
				p.fail(f.value.line, path, "%s", wrong)
				continue
			}
			v.params[f.key] = value
		}
	}
	for _, param := range v.component.Params {
		_, here := v.params[param.Name]
		if _, there := p.fixed(section)[param.Name]; param.Default == nil && !here && !there && !hasPath(params, section+"."+param.Name) {
			p.fail(n.line, section+"."+param.Name, "%s needs it: %s", v.component.Name, param.Doc)
		}
	}
	return v, true
}

// unswept refuses a parameter that a sweep cannot vary; false: it was refused.
func (p *parser) unswept(path string, line int) bool {
	section, name, _ := strings.Cut(path, ".")
	if section != "train" {
		return true
	}
	declared, ok := p.cat.Train.param(name)
	switch {
	case name == "updates":
		return p.refuse(line, path, "it cannot be swept: a trial that is trained longer is the same trial; "+
			"train the longest and look at its checkpoints (checkpoints.every)")
	case ok && declared.NotKey:
		return p.refuse(line, path, "it cannot be swept: it changes no result")
	case name == lengthName && p.ownLength():
		return p.refuse(line, path, p.lengthText())
	}
	return true
}

// fixed are the values of a section outside of parameters.
func (p *parser) fixed(section string) Values {
	switch section {
	case "model":
		return p.spec.Model.Params
	case "task":
		return p.spec.Task.Params
	}
	return p.spec.Train
}

// sectionText is a value of a swept section in its normal form.
func (p *parser) sectionText(section string, v sectionValue, mentioned map[string]bool) any {
	m := map[string]any{}
	params := p.root.get("parameters")
	for _, param := range v.component.Params {
		if !mentioned[param.Name] || hasPath(params, section+"."+param.Name) {
			continue
		}
		m[param.Name] = param.Default
		if fixed, ok := p.fixed(section)[param.Name]; ok {
			m[param.Name] = fixed
		}
		if given, ok := v.params[param.Name]; ok {
			m[param.Name] = given
		}
	}
	if section != "model" {
		return m
	}
	if len(mentioned) == 0 {
		return v.component.Name
	}
	m["name"] = v.component.Name
	return m
}

// Flatten makes of a point of the plan, a value for each of Parameters, the parameters of a trial: of a section that is swept as a whole, the name
// ("model") and each of its parameters ("model.hidden"), and without those that the trial's model lacks.
func (s *Spec) Flatten(point Values) Values {
	params := Values{}
	for _, path := range sortedKeys(point) {
		section, whole := point[path].(map[string]any)
		if !whole || !slices.Contains(sweptSections, path) || !s.Native() {
			params[path] = point[path]
			continue
		}
		for key, v := range section {
			if key == "name" {
				params[path] = v
				continue
			}
			params[path+"."+key] = v
		}
	}
	maps.DeleteFunc(params, func(path string, _ any) bool { return !s.applies(params["model"], path) })
	return params
}

// applies tells whether a trial has a parameter at a path, given its value of the path model, if there is one.
func (s *Spec) applies(model any, path string) bool {
	key, of := strings.CutPrefix(path, "model.")
	if !of || !s.Native() || s.catalog == nil {
		return true
	}
	if m, ok := model.(map[string]any); ok {
		model = m["name"]
	}
	name, ok := model.(string)
	if !ok {
		name = s.Model.Name
	}
	c, known := s.catalog.Models[name]
	_, has := c.param(key)
	return has || !known
}

// GridCells is how many different cells a grid over Parameters has: a parameter that a value of model lacks does not multiply that value's cells.
func (s *Spec) GridCells() float64 {
	models := []any{nil}
	for _, q := range s.Parameters {
		if q.Path == "model" && len(q.Values) > 0 {
			models = q.Values
		}
	}
	total := 0.0
	for _, m := range models {
		product := 1.0
		for _, q := range s.Parameters {
			if q.Path != "model" && s.applies(m, q.Path) {
				product *= q.Points()
			}
		}
		total += product
	}
	return total
}

// Paths are the paths of the parameters that trials have, in the order of the plan; those of a section that is swept as a whole follow its name.
func (s *Spec) Paths() []string {
	var paths []string
	for _, q := range s.Parameters {
		var inner []string
		whole := false
		for _, v := range q.Values {
			m, ok := v.(map[string]any)
			if !ok || !s.Native() || !slices.Contains(sweptSections, q.Path) {
				continue
			}
			whole = true
			for key := range m {
				if key != "name" {
					inner = append(inner, q.Path+"."+key)
				}
			}
		}
		if !whole || q.Path == "model" {
			paths = append(paths, q.Path)
		}
		slices.Sort(inner)
		paths = append(paths, slices.Compact(inner)...)
	}
	return paths
}
