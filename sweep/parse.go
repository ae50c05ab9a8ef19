package sweep

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// topKeys are the keys at the top of a spec, in the order of the documentation.
var topKeys = []string{"name", "method", "task", "model", "train", "seeds", "parameters", "run_cap", "sampler", "metric", "evaluate",
	"checkpoints", "select", "retries", "max_lost", "ranks", "schedule", resourcesKey, setupKey, "program", "command", "process", "overrides", "early_terminate",
	"description", "project", "entity", "kind", "apiVersion", "controller", "job", "image_uri", "scheduler", "metrics"}

// recordedKeys are kept and have no effect.
var recordedKeys = []string{"description", "project", "entity", "kind", "apiVersion", "controller"}

// unsupportedKeys belong to the grammar, and this version cannot run a spec that has them.
var unsupportedKeys = map[string]string{
	"early_terminate": "trials are not stopped early yet",
	"job":             "W&B Launch jobs are not run here",
	"image_uri":       "container images are not run here",
	"scheduler":       "another scheduler's search is not run here",
	"metrics":         "several metrics at once are not optimised yet; use metric",
}

// The methods of the grammar, and those that run.
var (
	methods    = []string{"grid", "random", "bayes", "custom"}
	runMethods = methods[:2]
)

// A parser turns the tree of a file into a Spec, collecting problems.
type parser struct {
	file     string
	cat      *Catalog
	root     *node
	spec     *Spec
	native   bool           // the spec names a task
	unknown  []string       // keys of arguments that nothing has
	swept    map[string]int // the paths under parameters so far, with their lines
	problems Problems
}

// Parse reads a spec and checks it against the catalog. args are key=value arguments that replace what the file says.
// Defaults are filled in, values brought to their declared types. The error is a Problems with every mistake that was found.
// What the grammar has and this version cannot run is no mistake: it is listed in Unsupported.
func Parse(file string, data []byte, args []string, cat *Catalog) (*Spec, error) {
	root, problems := readYAML(file, data)
	if len(problems) > 0 {
		return nil, problems
	}
	p := &parser{file: file, cat: cat, root: root, spec: &Spec{File: file, catalog: cat}}
	if root.kind != mapping {
		p.fail(root.line, "", "a spec is a mapping of keys to values; sweep new writes one to start from")
		return nil, p.problems
	}
	for _, f := range root.fields {
		if !slices.Contains(topKeys, f.key) {
			p.fail(f.line, f.key, "there is no such key; %s", instead(f.key, topKeys))
		}
	}
	p.native = given(root.get("task"))
	added := p.apply(p.overrides(args))
	p.native = given(root.get("task"))
	p.spec.lines = map[string]int{}
	for _, section := range sweptSections {
		p.spec.lines[section] = p.lineOf(section)
	}
	p.parse(added)
	for _, key := range p.unknown { // said last, when it is known what there is
		p.fail(0, key, "no task, model or section has this key; %s", instead(key, p.paths()))
	}
	if len(p.problems) == 0 && len(p.spec.unrunnable) == 0 && len(p.spec.Freeze()) > maxBytes {
		p.fail(0, "", "with everything written out the spec has more than %d bytes: list fewer values or seeds", maxBytes)
	}
	if len(p.problems) > 0 {
		return nil, p.problems.sorted()
	}
	return p.spec, nil
}

// given tells whether a value is there and not null.
func given(n *node) bool { return n != nil && (n.kind != scalar || n.value != nil) }

func (p *parser) fail(line int, key, format string, args ...any) {
	p.problems = append(p.problems, Problem{p.file, line, key, fmt.Sprintf(format, args...)})
}

// unsupported notes what can be planned and not run.
func (p *parser) unsupported(line int, key, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	p.spec.Unsupported = append(p.spec.Unsupported, key+": "+why)
	p.spec.unrunnable = append(p.spec.unrunnable, Problem{p.file, line, key, why})
}

func (p *parser) warn(format string, args ...any) {
	p.spec.warnings = append(p.spec.warnings, fmt.Sprintf(format, args...))
}

// overrides are those of a frozen spec and the arguments.
func (p *parser) overrides(args []string) []override {
	var texts []string
	if n := p.root.get("overrides"); given(n) {
		if n.kind != sequence {
			p.fail(n.line, "overrides", "%s is not valid, want a list of key=value arguments", n.text())
		}
		for _, item := range n.items {
			text, ok := item.value.(string)
			if !ok {
				p.fail(item.line, "overrides", "%s is no key=value argument", item.text())
				continue
			}
			texts = append(texts, text)
		}
	}
	var all []override
	for _, text := range append(texts, args...) {
		o, err := parseOverride(text)
		if err != nil {
			key := o.key
			if key == "" {
				key = text
			}
			p.fail(0, key, "%v", err)
			continue
		}
		all = append(all, o)
	}
	return all
}

// parse reads every section. Later ones look at earlier ones.
func (p *parser) parse(added []string) {
	p.parseName()
	p.parseMethod()
	p.parseRecorded()
	p.parseSections()
	p.parseSeeds()
	p.parseParameters(added)
	p.parseNumbers()
	p.parseSampler()
	p.parseEvaluate()
	p.parseCheckpoints()
	p.parseMetric()
	p.parseSelect()
	p.checkSearch()
	p.parseCommand()
	p.parseResources()
	p.parseRanks()
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (p *parser) parseName() {
	base := filepath.Base(p.file)
	p.spec.Name = strings.TrimSuffix(base, filepath.Ext(base))
	n := p.root.get("name")
	if !given(n) {
		if !namesFolder(p.spec.Name) {
			p.spec.Name = "sweep"
		}
		return
	}
	name, ok := n.value.(string)
	if !ok || !namesFolder(name) {
		p.fail(n.line, "name", "%s is no name for a folder; want a text of at most 128 bytes, without slashes and control characters, "+
			"that begins with neither point nor hyphen nor blank", n.text())
		return
	}
	p.spec.Name = name
}

// namesFolder tells whether a sweep may have this name: W&B takes any, ours is that of a folder as well.
func namesFolder(name string) bool {
	return name != "" && len(name) <= 128 && utf8.ValidString(name) && strings.TrimSpace(name) == name && !strings.ContainsAny(name[:1], ".-") &&
		strings.IndexFunc(name, func(r rune) bool { return r == '/' || !unicode.IsPrint(r) }) < 0
}

func (p *parser) parseMethod() {
	n := p.root.get("method")
	if !given(n) {
		line := 0
		if n != nil {
			line = n.line
		}
		p.fail(line, "method", "it must be given: grid takes every combination, random draws")
		return
	}
	method, _ := n.value.(string)
	if !slices.Contains(methods, method) {
		p.fail(n.line, "method", "%s is no method; %s", n.text(), instead(method, methods))
		return
	}
	p.spec.Method = method
	if !slices.Contains(runMethods, method) {
		p.unsupported(n.line, "method", "%s is planned for a later version; this one runs %s", method, strings.Join(runMethods, " and "))
	}
}

// parseRecorded keeps what has no effect, and what this version cannot run.
func (p *parser) parseRecorded() {
	var said []string
	for _, f := range p.root.fields {
		why, unsupported := unsupportedKeys[f.key]
		recorded := slices.Contains(recordedKeys, f.key)
		if !unsupported && !recorded {
			continue
		}
		if p.spec.Recorded == nil {
			p.spec.Recorded = map[string]any{}
		}
		p.spec.Recorded[f.key] = f.value.plain()
		if recorded {
			said = append(said, f.key)
		} else {
			p.unsupported(f.line, f.key, "%s", why)
			p.checkGrammar(f)
		}
	}
	if len(said) > 0 {
		p.warn("%s: recorded, without effect: %s", p.file, strings.Join(said, ", "))
	}
}

// knownKeys reports the keys of a mapping that are not valid.
func (p *parser) knownKeys(n *node, path string, valid []string) {
	for _, f := range n.fields {
		if !slices.Contains(valid, f.key) {
			p.fail(f.line, path+"."+f.key, "there is no such key; %s", instead(f.key, valid))
		}
	}
}

// section is the mapping at a top-level key; nil where it is not there, or is something else, which is a problem.
func (p *parser) section(key string) *node {
	n := p.root.get(key)
	if !given(n) {
		return nil
	}
	if n.kind != mapping {
		p.fail(n.line, key, "%s is no section: want keys with values", n.text())
		return nil
	}
	return n
}

// wholeKey reads a whole number of at least least from a section.
func (p *parser) wholeKey(n *node, key, path string, least int64, def int) int {
	v := n.get(key)
	if !given(v) {
		return def
	}
	w, ok := v.whole()
	if !ok || v.kind != scalar || w < least || w > 1<<31 {
		p.fail(v.line, path, "%s is not valid, want a whole number from %d", v.text(), least)
		return def
	}
	return int(w)
}

// choiceKey reads one of several names from a section.
func (p *parser) choiceKey(n *node, key, path, def string, valid ...string) string {
	v := n.get(key)
	if !given(v) {
		return def
	}
	s, ok := v.value.(string)
	if !ok || !slices.Contains(valid, s) {
		p.fail(v.line, path, "%s is not valid; %s", v.text(), instead(s, valid))
		return def
	}
	return s
}

func (p *parser) parseNumbers() {
	p.spec.Retries = p.wholeKey(p.root, "retries", "retries", 0, 2)
	p.spec.MaxLost = p.wholeKey(p.root, "max_lost", "max_lost", 1, 10)
	p.spec.RunCap = p.wholeKey(p.root, "run_cap", "run_cap", 1, 0)
	seeds := len(p.spec.Seeds)
	if n := p.spec.RunCap; n > 0 && p.native && seeds > 0 && n%seeds != 0 {
		line := p.root.field("run_cap").line
		low, high := n/seeds*seeds, (n/seeds+1)*seeds
		near := fmt.Sprintf("%d or %d", low, high)
		if low == 0 {
			near = fmt.Sprint(high)
		}
		p.fail(line, "run_cap", "%d trials are no whole number of cells with %d seeds each; take %s", n, seeds, near)
	}
}

func (p *parser) parseSampler() {
	n := p.section("sampler")
	if n == nil {
		return
	}
	p.knownKeys(n, "sampler", []string{"seed"})
	if v := n.get("seed"); v != nil {
		seed, ok := v.value.(int64)
		if !ok {
			p.fail(v.line, "sampler.seed", "%s is not valid, want a whole number", v.text())
		}
		p.spec.Sampler.Seed = seed
	}
}
