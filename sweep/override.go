package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// An override is one key=value argument.
type override struct {
	key   string
	text  string // behind the =
	value *node  // one value; nil where several are given
	swept []*node
}

// maxRange bounds the values of one range(…).
const maxRange = 10_000

// parseOverride reads a key=value argument in Hydra's grammar, as far as issue and docs/spec.md have it: a value in YAML's flow style; several,
// separated by commas, in choice(…), or as range(stop), range(start,stop) or range(start,stop,step) with the stop excluded.
func parseOverride(arg string) (override, error) {
	key, text, ok := strings.Cut(arg, "=")
	key, text = strings.TrimSpace(key), strings.TrimSpace(text)
	o := override{key: key, text: text}
	if !ok || key == "" {
		return o, fmt.Errorf("an argument is key=value; this one has no value")
	}
	name, inner, called := call(text)
	if called {
		words, err := split(inner)
		if err != nil {
			return o, err
		}
		if o.swept, err = argumentValues(words); err != nil {
			return o, err
		}
		if name == "range" {
			o.swept, err = expandRange(o.swept)
		}
		if err == nil && len(o.swept) == 0 {
			err = fmt.Errorf("%s has no value in it", text)
		}
		return o, err
	}
	words, err := split(text)
	if err != nil {
		return o, err
	}
	values, err := argumentValues(words)
	if err != nil {
		return o, err
	}
	switch len(values) {
	case 0:
		return o, fmt.Errorf("there is no value behind the =")
	case 1:
		o.value = values[0]
	default:
		o.swept = values
	}
	return o, nil
}

// call splits choice(…) and range(…).
func call(text string) (name, inner string, ok bool) {
	for _, name := range []string{"choice", "range"} {
		if rest, found := strings.CutPrefix(text, name+"("); found && strings.HasSuffix(rest, ")") {
			return name, strings.TrimSuffix(rest, ")"), true
		}
	}
	return "", "", false
}

// split splits at the commas that stand outside brackets and quotes.
func split(text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var words []string
	var quote rune
	level, start := 0, 0
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case strings.ContainsRune("[{(", r):
			level++
		case strings.ContainsRune("]})", r):
			level--
		case r == ',' && level == 0:
			words = append(words, text[start:i])
			start = i + 1
		}
	}
	if quote != 0 || level != 0 {
		return nil, fmt.Errorf("a bracket or a quote in %q is not closed", text)
	}
	return append(words, text[start:]), nil
}

// argumentValues reads each word as YAML.
func argumentValues(words []string) ([]*node, error) {
	var values []*node
	for _, w := range words {
		w = strings.TrimSpace(w)
		if w == "" {
			return nil, fmt.Errorf("between two commas there is no value")
		}
		tree, problems := readYAML("", []byte(w))
		if len(problems) > 0 {
			return nil, fmt.Errorf("%q: %s", w, problems[0].Text)
		}
		unlined(tree)
		values = append(values, tree)
	}
	return values, nil
}

// unlined removes line numbers: they would be those of the argument.
func unlined(n *node) {
	n.line = 0
	for _, item := range n.items {
		unlined(item)
	}
	for i := range n.fields {
		n.fields[i].line = 0
		unlined(n.fields[i].value)
	}
}

// expandRange makes the values of range(start, stop, step), the stop excluded. They are whole where all three are.
func expandRange(args []*node) ([]*node, error) {
	if len(args) < 1 || len(args) > 3 {
		return nil, fmt.Errorf("range takes a stop; a start and a stop; or a start, a stop and a step")
	}
	numbers := make([]float64, len(args))
	integer := true
	for i, a := range args {
		v, ok := a.number()
		if !ok {
			return nil, fmt.Errorf("range(…): %s is no number", a.text())
		}
		_, isInt := a.value.(int64)
		numbers[i], integer = v, integer && isInt
	}
	start, stop, step := 0.0, numbers[0], 1.0
	if len(numbers) > 1 {
		start, stop = numbers[0], numbers[1]
	}
	if len(numbers) > 2 {
		step = numbers[2]
	}
	n := math.Ceil((stop - start) / step)
	switch {
	case step == 0:
		return nil, fmt.Errorf("range(…): the step is 0")
	case !(n >= 1):
		return nil, fmt.Errorf("range(…) from %v to %v in steps of %v is empty", start, stop, step)
	case n > maxRange:
		return nil, fmt.Errorf("range(…) has %v values, at most %d are possible", n, maxRange)
	}
	values := make([]*node, int(n))
	for i := range values {
		v := start + float64(i)*step
		values[i] = &node{value: v}
		if integer {
			values[i].value = int64(v)
		}
	}
	return values, nil
}

// apply lays the overrides over the tree of the file, whole sections first. What they fix goes to its place in the tree; what they sweep goes to
// parameters. It returns the paths that only overrides sweep, in their order.
func (p *parser) apply(overrides []override) (added []string) {
	var all []override
	for i, o := range overrides {
		if slices.ContainsFunc(overrides[:i], func(e override) bool { return e.key == o.key }) {
			p.fail(0, o.key, "it is given twice on the command line")
			continue
		}
		all = append(all, o)
	}
	order := func(o override) int { return slices.IndexFunc(all, func(e override) bool { return e.key == o.key }) }
	whole := func(o override) int { return strings.Count(o.key, ".") }
	for _, o := range slices.SortedStableFunc(slices.Values(all), func(a, b override) int { return whole(a) - whole(b) }) {
		top, rest, dotted := strings.Cut(o.key, ".")
		switch {
		case p.sweepable(o.key):
			if p.applyParameter(o) {
				added = append(added, o.key)
			}
		case o.key == "seeds":
			value := o.value
			if value == nil {
				value = &node{kind: sequence, items: o.swept}
			}
			p.root.set("seeds", value)
		case o.key == "overrides":
			p.fail(0, o.key, "an argument stands for itself; this key is for files")
		case top == "parameters" && dotted:
			p.fail(0, o.key, "write the path by itself: %s=%s", rest, o.text)
		case !slices.Contains(topKeys, top):
			p.unknown = append(p.unknown, o.key)
		case o.value == nil && top == resourcesKey && dotted: // partition=gpu,long
			p.place(p.root, o.key, top, rest, &node{kind: sequence, items: o.swept})
		case o.value == nil:
			p.fail(0, o.key, "several values can be given only for a parameter of task, model or train, and for seeds")
		case !dotted:
			p.root.set(top, o.value)
		default:
			if top == "seeds" {
				p.expandSeeds()
			}
			p.place(p.root, o.key, top, rest, o.value)
		}
	}
	slices.SortFunc(added, func(a, b string) int { return order(override{key: a}) - order(override{key: b}) })
	return added
}

// place sets a nested key, making the sections on the way.
func (p *parser) place(n *node, path, key, rest string, value *node) {
	for rest != "" {
		next := n.get(key)
		if next == nil || next.kind == scalar && next.value == nil {
			next = &node{kind: mapping}
			n.set(key, next)
		}
		if next.kind != mapping {
			p.fail(0, path, "%s is no section", key)
			return
		}
		n = next
		key, rest, _ = strings.Cut(rest, ".")
	}
	n.set(key, value)
}

// applyParameter fixes or sweeps a parameter of task, model or train, or of a command; true: the file does not sweep it.
func (p *parser) applyParameter(o override) bool {
	if p.applyToValues(o) {
		return false
	}
	params := p.root.get("parameters")
	if params == nil || params.kind != mapping {
		params = &node{kind: mapping}
		p.root.set("parameters", params)
	}
	form := &node{kind: mapping}
	if o.value != nil {
		form.set("value", o.value)
	} else {
		form.set("values", &node{kind: sequence, items: o.swept})
	}
	if !p.native && replacePath(params, o.key, form) { // nested or not, as the program gets it
		return false
	}
	existed := removePath(params, o.key)
	if o.value != nil && p.native {
		top, rest, dotted := strings.Cut(o.key, ".")
		p.expandSection(top)
		if dotted {
			p.fix(o.key, top, rest, o.value)
		} else {
			p.root.set(top, o.value)
		}
		return false
	}
	params.fields = append(params.fields, field{o.key, 0, form})
	return !existed
}

// replacePath puts another form in the place of a dotted path's, however it is nested; false: the path is not there.
func replacePath(params *node, path string, form *node) bool {
	if params.field(path) != nil {
		params.set(path, form)
		return true
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		if inner := params.get(path[:i]); inner != nil && inner.get("parameters") != nil && replacePath(inner.get("parameters"), path[i+1:], form) {
			return true
		}
	}
	return false
}

// fix sets a parameter of a section. Its name may have dots.
func (p *parser) fix(path, top, name string, value *node) {
	section := p.root.get(top)
	if !given(section) {
		section = &node{kind: mapping}
		p.root.set(top, section)
	}
	if section.kind != mapping {
		p.fail(0, path, "%s is no section", top)
		return
	}
	p.unnest(top, section)
	section.set(name, value)
}

// expandSection makes "task: noop" the section that it is short for.
func (p *parser) expandSection(top string) {
	if n := p.root.get(top); n != nil && n.kind == scalar && n.value != nil {
		section := &node{line: n.line, kind: mapping}
		section.fields = []field{{"name", n.line, n}}
		p.root.set(top, section)
	}
}

// expandSeeds makes a count or a list of seeds the section that it is short for.
func (p *parser) expandSeeds() {
	n, key := p.root.get("seeds"), "count"
	switch {
	case !given(n):
		n = &node{value: int64(1)}
	case n.kind == mapping:
		return
	case n.kind == sequence:
		key = "values"
	}
	p.root.set("seeds", &node{line: n.line, kind: mapping, fields: []field{{key, n.line, n}}})
}

// removePath removes a dotted path from parameters, however it is nested; true: it was there.
func removePath(params *node, path string) bool {
	found := params.field(path) != nil
	params.remove(path)
	for i := range path {
		if path[i] != '.' {
			continue
		}
		inner := params.get(path[:i])
		if inner == nil || inner.get("parameters") == nil || !removePath(inner.get("parameters"), path[i+1:]) {
			continue
		}
		found = true
		if len(inner.get("parameters").fields) == 0 {
			params.remove(path[:i])
		}
	}
	return found
}
