package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// parseParameters reads the swept paths: those of the file in W&B's order, then those that only arguments sweep, in theirs.
func (p *parser) parseParameters(added []string) {
	n := p.section("parameters")
	if n == nil {
		if !p.native {
			p.fail(0, "parameters", "it must be given: what the program is called with")
		}
		return
	}
	p.walkParameters(n, nil)
	own, rest := []Parameter{}, []Parameter{}
	for _, param := range p.spec.Parameters {
		if slices.Contains(added, param.Path) {
			rest = append(rest, param)
		} else {
			own = append(own, param)
		}
	}
	slices.SortStableFunc(own, func(a, b Parameter) int {
		return slices.Compare(strings.Split(a.Path, "."), strings.Split(b.Path, "."))
	})
	slices.SortStableFunc(rest, func(a, b Parameter) int { return slices.Index(added, a.Path) - slices.Index(added, b.Path) })
	p.spec.Parameters = append(own, rest...)
	p.spec.added = len(rest)
}

// walkParameters reads one level; nested parameters make one dotted path.
func (p *parser) walkParameters(n *node, outer []string) {
	if len(n.fields) == 0 && !p.native {
		p.fail(n.line, strings.Join(append([]string{"parameters"}, outer...), "."), "nothing stands here")
	}
	for _, f := range n.fields {
		keys := append(slices.Clone(outer), f.key)
		path := strings.Join(keys, ".")
		switch {
		case f.value.kind != mapping:
			p.fail(f.line, path, "%s is no form of a parameter; want {value: …}, {values: […]}, {min: …, max: …} or a distribution", f.value.text())
		case f.value.get("parameters") != nil:
			inner := f.value.get("parameters")
			p.knownKeys(f.value, path, []string{"parameters"})
			if inner.kind != mapping {
				p.fail(inner.line, path+".parameters", "%s is no section of parameters", inner.text())
				continue
			}
			p.walkParameters(inner, keys)
		default:
			p.parameter(keys, f)
		}
	}
}

// maxPaths is the most paths of one sweep.
const maxPaths = 1000

// parameter reads one swept path.
func (p *parser) parameter(keys []string, f field) {
	path := strings.Join(keys, ".")
	if line, twice := p.swept[path]; twice {
		p.fail(f.line, path, "this path is swept in line %d already, written in another way", line)
		return
	}
	if p.swept == nil {
		p.swept = map[string]int{}
	}
	p.swept[path] = f.line
	if n := len(p.swept); n > maxPaths {
		if n == maxPaths+1 {
			p.fail(f.line, path, "more than %d paths are swept", maxPaths)
		}
		return
	}
	param, ok := p.form(path, f)
	if !ok || !p.checkDeclared(path, f, &param) {
		return
	}
	if p.spec.Method == "grid" && param.Distribution == "categorical" {
		param.dropTwins()
	}
	p.checkMethod(path, f, param)
	if !p.native {
		param.Keys = keys
	}
	p.spec.Parameters = append(p.spec.Parameters, param)
}

// checkDeclared checks that a section has the path, and normalises the values by its declared type.
func (p *parser) checkDeclared(path string, f field, param *Parameter) bool {
	if !p.native {
		return true
	}
	section, name, dotted := strings.Cut(path, ".")
	switch {
	case path == "seed" || path == "seeds":
		p.fail(f.line, path, "seeds are replicates, not one more parameter: write seeds: 3, or seeds: [0, 1, 2], at the top of the file")
		return false
	case path == "task" && p.severalTasks():
		p.unsupported(f.line, path, "several tasks in one sweep are planned for a later version; run one sweep a task")
		return true
	case slices.Contains(sweptSections, path):
		return p.sectionForm(path, f, param)
	case !p.unswept(path, f.line):
		return false
	case !slices.Contains(sweptSections, section) || !dotted:
		return p.refuse(f.line, path, "no task, model or section of this sweep has it; "+instead(path, p.paths()))
	}
	var found []Component
	for _, c := range p.components() {
		if c.section != section {
			continue
		}
		if declared, ok := c.component.param(name); ok {
			if declared.NotKey {
				return p.refuse(f.line, path, "it cannot be swept: it changes no result")
			}
			return p.normaliseForm(path, f, declared, param)
		}
		found = append(found, c.component)
	}
	if len(found) == 0 {
		if section != "task" && p.spec.Task.Name != "" && !p.spec.trains {
			return p.refuse(f.line, path, fmt.Sprintf("task %s trains nothing: it has no model and no training", p.spec.Task.Name))
		}
		return false // the section itself is wrong, and that was said
	}
	return p.refuse(f.line, path, noParameter(found[len(found)-1], name))
}

// severalTasks tells whether a swept task is anything else than mappings of the one task's parameters.
func (p *parser) severalTasks() bool {
	nodes := p.valueNodes("task")
	return len(nodes) == 0 || slices.ContainsFunc(nodes, func(n *node) bool {
		return n.kind != mapping || n.get("name") != nil && n.get("name").value != p.spec.Task.Name
	})
}

func (p *parser) refuse(line int, path, text string) bool {
	p.fail(line, path, "%s", text)
	return false
}

// normaliseForm brings a form's values and bounds to the declared type of the parameter.
func (p *parser) normaliseForm(path string, f field, declared Param, param *Parameter) bool {
	good := true
	wrong := func(n *node, text string) {
		line := f.line
		if n != nil && n.line > 0 {
			line = n.line
		}
		p.fail(line, path, "%s", text)
		good = false
	}
	if param.Values != nil {
		nodes := []*node{f.value.get("value")}
		if list := f.value.get("values"); list != nil {
			nodes = list.items
		}
		values := make([]any, 0, len(nodes))
		for _, n := range nodes {
			v, text := normalise(declared, n)
			if text != "" {
				wrong(n, text)
				continue
			}
			values = append(values, v)
		}
		param.Values = values
		return good
	}
	switch {
	case declared.Type == Float:
		param.Integer = false
	case declared.Type == Int && !param.Integer:
		wrong(nil, fmt.Sprintf("%s draws numbers that are not whole, and %s is a whole number; want int_uniform, or q: 1", param.Distribution, path))
	case declared.Type != Int:
		wrong(nil, fmt.Sprintf("%s is %s: a distribution of numbers is not valid", path, declared.Type))
	}
	if !good || !bounded(param.Distribution) {
		return good
	}
	low, high := param.support()
	for key, v := range map[string]float64{"min": low, "max": high} {
		if text := outside(declared, v); text != "" {
			wrong(f.value.get(key), text)
		}
	}
	return good
}

// dropTwins leaves one of each value: a grid takes it once, at its first place, in its last spelling (W&B's rule for 1 and 1.0). A random draw keeps
// them all: a value that stands there twice is drawn twice as often.
func (q *Parameter) dropTwins() {
	var kept []any
	seen := map[string]int{}
	for _, v := range q.Values {
		key := string(canonicalJSON(nil, v))
		if at, twin := seen[key]; twin {
			kept[at] = v
			continue
		}
		seen[key] = len(kept)
		kept = append(kept, v)
	}
	q.Values = kept
}

// checkMethod refuses what a grid cannot enumerate.
func (p *parser) checkMethod(path string, f field, param Parameter) {
	if p.spec.Method != "grid" {
		return
	}
	switch param.Distribution {
	case "constant", "categorical", "int_uniform", "q_uniform":
		if n := param.Points(); n > maxPoints {
			p.fail(f.line, path, "a grid over %g values: at most %d are possible", n, maxPoints)
		}
	default:
		p.fail(f.line, path, "a grid cannot enumerate %s; want value, values, whole numbers min and max, or method: random", param.Distribution)
	}
}

// maxPoints is the most values of one path of a grid.
const maxPoints = 10_000_000

// Points is how many values a grid takes of a path; infinite for a continuous distribution.
func (q Parameter) Points() float64 {
	switch q.Distribution {
	case "constant", "categorical", "categorical_w_probabilities":
		return float64(len(q.Values))
	case "int_uniform":
		return q.Max - q.Min + 1
	case "q_uniform":
		return math.Ceil((q.Max - q.Min) / q.Q)
	}
	return math.Inf(1)
}

// Point is value i of a path of a grid, i below Points.
func (q Parameter) Point(i int) any {
	switch {
	case q.Values != nil:
		return q.Values[i]
	case q.Distribution == "int_uniform" && !q.Integer:
		return q.Min + float64(i)
	case q.Distribution == "int_uniform":
		return int64(q.Min) + int64(i)
	}
	v := q.Min + float64(i)*q.Q // numpy.arange
	if q.Integer {
		return int64(v)
	}
	return v
}
