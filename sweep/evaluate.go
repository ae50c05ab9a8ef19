package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// parseEvaluate reads the conditions, in the order of the file.
func (p *parser) parseEvaluate() {
	n := p.section("evaluate")
	if n == nil {
		return
	}
	if !p.native {
		p.unsupported(n.line, "evaluate", "an external program evaluates itself: what it reports stands under the condition "+SummaryCondition)
		return
	}
	p.spec.Evaluate = p.conditions(n, "evaluate.")
}

// conditions reads what stands under evaluate, or in a file of rescore --add.
func (p *parser) conditions(n *node, prefix string) []Condition {
	info, ok := p.cat.Tasks[p.spec.Task.Name]
	if !ok {
		return nil
	}
	var all []Condition
	for _, f := range n.fields {
		if c, ok := p.condition(info, prefix+f.key, f); ok {
			all = append(all, c)
		}
	}
	return all
}

func (p *parser) condition(info TaskInfo, path string, f field) (Condition, bool) {
	c := Condition{Name: f.key, Kind: f.key}
	section := f.value
	if section.kind == scalar && section.value == nil {
		section = &node{line: f.line, kind: mapping}
	}
	if section.kind != mapping {
		p.fail(f.line, path, "%s is no condition; want {kind: …} with its parameters", section.text())
		return c, false
	}
	if !namePattern.MatchString(c.Name) || len(c.Name) > 128 {
		p.fail(f.line, path, "the name of a condition is of letters, digits, point, hyphen and underscore")
		return c, false
	}
	section = &node{line: section.line, kind: mapping, fields: slices.Clone(section.fields)}
	line := f.line
	if kind := section.get("kind"); kind != nil {
		name, ok := kind.value.(string)
		if !ok {
			p.fail(kind.line, path+".kind", "%s is no name of an evaluation", kind.text())
			return c, false
		}
		c.Kind, line = name, kind.line
		section.remove("kind")
	}
	i := slices.IndexFunc(info.Evaluations, func(e Component) bool { return e.Name == c.Kind })
	if i < 0 {
		var kinds []string
		for _, e := range info.Evaluations {
			kinds = append(kinds, e.Name)
		}
		p.fail(line, path, "task %s has no evaluation %s; %s; another name needs kind: one of them", info.Name, c.Kind, instead(c.Kind, kinds))
		return c, false
	}
	before := len(p.problems)
	c.Params = p.evaluationParams(path, section, info.Evaluations[i])
	return c, len(p.problems) == before
}

// evaluationParams is like sectionParams for the parameters of a condition, which cannot be swept.
func (p *parser) evaluationParams(path string, n *node, c Component) Values {
	values := Values{}
	for _, f := range n.fields {
		param, ok := c.param(f.key)
		if !ok {
			p.fail(f.line, path+"."+f.key, "%s", noParameter(c, f.key))
			continue
		}
		v, wrong := normalise(param, f.value)
		if wrong != "" {
			p.fail(f.value.line, path+"."+f.key, "%s", wrong)
			continue
		}
		values[f.key] = v
	}
	for _, param := range c.Params {
		if _, ok := values[param.Name]; ok {
			continue
		}
		if param.Default == nil {
			p.fail(n.line, path+"."+param.Name, "%s needs it: %s", c.Name, param.Doc)
			continue
		}
		values[param.Name] = param.Default
	}
	return values
}

// Digest is the SHA-256, in hexadecimal, of what a condition measures: its kind and parameters, not its name.
func (c Condition) Digest() string {
	sum := sha256.Sum256(canonicalJSON(nil, map[string]any{"kind": c.Kind, "params": c.Params}))
	return hex.EncodeToString(sum[:])
}

// Metrics lists the metrics of a condition; nil where the spec has no such condition.
func (s *Spec) Metrics(condition string) []string {
	i := slices.IndexFunc(s.Evaluate, func(c Condition) bool { return c.Name == condition })
	if i < 0 || s.catalog == nil {
		return nil
	}
	return s.catalog.Tasks[s.Task.Name].Metrics[s.Evaluate[i].Kind]
}

// Amend adds the conditions of a file, which holds what would stand under evaluate in a spec, or evaluate itself, to a copy of the spec.
// It returns the new conditions apart. A name that the spec has already keeps its meaning: with the same parameters it is passed over, with
// others it is a problem.
func Amend(s *Spec, file string, data []byte, cat *Catalog) (*Spec, []Condition, error) {
	root, problems := readYAML(file, data)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	amended := *s
	amended.Evaluate = slices.Clone(s.Evaluate)
	p := &parser{file: file, cat: cat, root: root, spec: &amended, native: true}
	if inner := root.get("evaluate"); inner != nil && len(root.fields) == 1 {
		root = inner
	}
	if root.kind != mapping || len(root.fields) == 0 {
		p.fail(root.line, "", "want conditions, as they would stand under evaluate in a spec: {name: {kind: …, parameters}}")
		return nil, nil, p.problems
	}
	var added []Condition
	for _, c := range p.conditions(root, "") {
		i := slices.IndexFunc(s.Evaluate, func(e Condition) bool { return e.Name == c.Name })
		switch {
		case i < 0:
			added = append(added, c)
		case s.Evaluate[i].Digest() != c.Digest():
			p.fail(root.field(c.Name).line, c.Name, "the sweep has a condition of this name already, %s with %s: choose another name",
				s.Evaluate[i].Kind, valueText(s.Evaluate[i].Params))
		}
	}
	if len(p.problems) > 0 {
		return nil, nil, p.problems.sorted()
	}
	amended.Evaluate = append(amended.Evaluate, added...)
	return &amended, added, nil
}

// parseCheckpoints reads which checkpoints are planned and kept.
func (p *parser) parseCheckpoints() {
	p.spec.Checkpoints = Checkpoints{Keep: "all"}
	n := p.section("checkpoints")
	if n == nil {
		return
	}
	p.knownKeys(n, "checkpoints", []string{"every", "initial", "keep"})
	if !p.native {
		for _, f := range n.fields {
			p.unsupported(f.line, "checkpoints."+f.key, "an external program decides itself when it writes checkpoints, and all that it reports are kept")
		}
	}
	p.spec.Checkpoints.Every = p.wholeKey(n, "every", "checkpoints.every", 1, 0)
	p.spec.Checkpoints.Keep = p.choiceKey(n, "keep", "checkpoints.keep", "all", "all", "best", "last")
	if v := n.get("initial"); given(v) {
		initial, ok := v.value.(bool)
		if !ok {
			p.fail(v.line, "checkpoints.initial", "%s is not valid, want true or false", v.text())
		}
		p.spec.Checkpoints.Initial = initial
	}
}

// parseMetric reads W&B's metric.
func (p *parser) parseMetric() {
	n := p.section("metric")
	if n == nil {
		return
	}
	p.knownKeys(n, "metric", []string{"name", "goal", "target", "impute", "impute_while_running"})
	m := &Metric{Goal: p.choiceKey(n, "goal", "metric.goal", minimize, minimize, maximize)}
	if name := n.get("name"); given(name) {
		m.Name, _ = name.value.(string)
	}
	if m.Name == "" {
		p.fail(n.line, "metric.name", "it must be given: the metric's name, or name@condition")
	}
	if t := n.get("target"); given(t) {
		v, ok := t.number()
		if !ok {
			p.fail(t.line, "metric.target", "%s is no finite number", t.text())
		}
		m.Target = &v
	}
	p.choiceKey(n, "impute", "metric.impute", "worst", "worst", "best", "latest")
	if v := n.get("impute_while_running"); v != nil && v.value == false {
		p.fail(v.line, "metric.impute_while_running", `want the text "false", in quotes, or latest, best, worst`)
	} else {
		p.choiceKey(n, "impute_while_running", "metric.impute_while_running", "false", "false", "latest", "best", "worst")
	}
	for _, key := range []string{"impute", "impute_while_running"} {
		if v := n.get(key); v != nil {
			p.unsupported(v.line, "metric."+key, "values are not imputed: grid and random search do not need it")
		}
	}
	p.spec.Metric = m
}

const (
	minimize = "minimize"
	maximize = "maximize"
)

// parseSelect reads the rule for the best checkpoint; what it leaves out comes from metric.
func (p *parser) parseSelect() {
	n := p.section("select")
	if n == nil {
		n = &node{kind: mapping, line: p.lineOf("metric")}
	}
	p.knownKeys(n, "select", []string{"metric", "condition", "goal", "over", "missing", "report"})
	s := Select{
		Over:    p.choiceKey(n, "over", "select.over", "checkpoints", "checkpoints", "last"),
		Missing: p.choiceKey(n, "missing", "select.missing", "last", "last", "drop", "refuse"),
		Goal:    p.choiceKey(n, "goal", "select.goal", "", minimize, maximize),
	}
	text := func(key string) string {
		v := n.get(key)
		if !given(v) {
			return ""
		}
		name, ok := v.value.(string)
		if !ok {
			p.fail(v.line, "select."+key, "%s is no name", v.text())
		}
		return name
	}
	s.Metric, s.Condition, s.Report = text("metric"), text("condition"), text("report")
	if metric, condition, ok := strings.Cut(s.Metric, "@"); ok {
		if s.Condition != "" && s.Condition != condition {
			p.fail(n.line, "select.condition", "it is %s, and select.metric says @%s", s.Condition, condition)
		}
		s.Metric, s.Condition = metric, condition
	}
	p.agree(n, &s)
	if s.Metric == "" && s.Condition == "" && s.Report == "" && p.root.get("select") == nil {
		p.spec.Select = Select{Over: s.Over, Missing: s.Missing}
		return
	}
	p.checkSelect(n, &s)
	p.spec.Select = s
}

func (p *parser) lineOf(key string) int {
	if f := p.root.field(key); f != nil {
		return f.line
	}
	return 0
}

// agree fills select from metric, and refuses a contradiction.
func (p *parser) agree(n *node, s *Select) {
	if s.Goal == "" && p.spec.Metric == nil {
		s.Goal = minimize
	}
	if p.spec.Metric == nil {
		return
	}
	name, condition, _ := strings.Cut(p.spec.Metric.Name, "@")
	goal := "metric.goal"
	if m := p.root.get("metric"); m != nil && m.get("goal") == nil {
		goal = "metric, which leaves goal out,"
	}
	for _, pair := range []struct {
		key, from   string
		selected    *string
		fromMetric  string
		comparative bool
	}{
		{"metric", "metric.name", &s.Metric, name, true},
		{"condition", "metric.name", &s.Condition, condition, condition != ""},
		{"goal", goal, &s.Goal, p.spec.Metric.Goal, true},
	} {
		switch {
		case *pair.selected == "":
			*pair.selected = pair.fromMetric
		case pair.comparative && *pair.selected != pair.fromMetric:
			line := n.line
			if f := n.field(pair.key); f != nil {
				line = f.line
			}
			p.fail(line, "select."+pair.key, "it is %s, and %s says %s; leave one of them out", *pair.selected, pair.from, pair.fromMetric)
		}
	}
}

// checkCommandSelect gives the rule of a command's sweep the only condition that there is.
func (p *parser) checkCommandSelect(n *node, s *Select) {
	if s.Condition == "" {
		s.Condition = SummaryCondition
	}
	for key, condition := range map[string]string{"condition": s.Condition, "report": s.Report} {
		if condition != "" && condition != SummaryCondition {
			p.fail(n.line, "select."+key, "there is no condition %s: what an external program reports stands under %s", condition, SummaryCondition)
		}
	}
	if s.Metric == "" {
		p.fail(n.line, "select.metric", "it must be given: a metric that the program reports")
	}
}

// checkSelect finds the condition and checks that it has the metric.
func (p *parser) checkSelect(n *node, s *Select) {
	if !p.native {
		p.checkCommandSelect(n, s)
		return
	}
	fail := func(key, format string, args ...any) {
		line, path := n.line, "select."+key
		f := n.field(key)
		if f == nil && p.spec.Metric != nil && key != "report" && (key == "metric" || strings.Contains(p.spec.Metric.Name, "@")) {
			path, line = "metric.name", p.lineOf("metric") // from where it comes
		} else if f != nil && f.line > 0 {
			line = f.line
		}
		p.fail(line, path, format, args...)
	}
	var names []string
	for _, c := range p.spec.Evaluate {
		names = append(names, c.Name)
	}
	if len(p.problems) > 0 && len(names) == 0 {
		return // the conditions themselves are wrong, and that was said
	}
	if s.Condition == "" && len(names) == 1 {
		s.Condition = names[0]
	}
	switch {
	case len(names) == 0:
		p.fail(n.line, "select", "there is nothing to select by: evaluate has no condition")
		return
	case s.Condition == "":
		fail("condition", "it must be given, for there are several conditions: %s", strings.Join(names, ", "))
		return
	case !slices.Contains(names, s.Condition):
		fail("condition", "there is no condition %s; %s", s.Condition, instead(s.Condition, names))
		return
	}
	metrics := p.spec.Metrics(s.Condition)
	switch {
	case s.Metric == "":
		fail("metric", "it must be given; condition %s has %s", s.Condition, strings.Join(metrics, ", "))
	case !slices.Contains(metrics, s.Metric):
		fail("metric", "condition %s has no metric %s; %s", s.Condition, s.Metric, instead(s.Metric, metrics))
	}
	switch {
	case s.Report == "":
	case !slices.Contains(names, s.Report):
		fail("report", "there is no condition %s; %s", s.Report, instead(s.Report, names))
	case !slices.Contains(p.spec.Metrics(s.Report), s.Metric):
		fail("report", "condition %s has no metric %s; it has %s", s.Report, s.Metric, strings.Join(p.spec.Metrics(s.Report), ", "))
	}
}

// sortedKeys lists the keys of values.
func sortedKeys(v map[string]any) []string { return slices.Sorted(maps.Keys(v)) }
