package sweep

import (
	"slices"
)

// The keys that say what a cluster is asked for. They are no part of what a sweep computes: neither of a trial's key nor of the spec's digest, so that a sweep
// can go on with other resources.
const (
	resourcesKey = "resources"
	setupKey     = "setup"
)

// parseResources keeps what the section resources says, as it is: what the keys mean is known to those who submit. setup beside it is resources.setup.
func (p *parser) parseResources() {
	if n := p.section(resourcesKey); n != nil {
		p.spec.Resources = Values{}
		for _, f := range n.fields {
			p.spec.Resources[f.key] = f.value.plain()
			p.spec.lines[resourcesKey+"."+f.key] = f.line
		}
		p.spec.lines[resourcesKey] = p.lineOf(resourcesKey)
	}
	f := p.root.field(setupKey)
	if f == nil || !given(f.value) {
		return
	}
	if v, _ := p.spec.Resources[setupKey]; v != nil {
		p.fail(f.line, setupKey, "resources.setup says the same thing (line %d); give one of them", p.spec.lines[resourcesKey+"."+setupKey])
		return
	}
	isText := func(n *node) bool { _, ok := n.value.(string); return n.kind == scalar && ok }
	if !isText(f.value) && (f.value.kind != sequence || slices.ContainsFunc(f.value.items, func(n *node) bool { return !isText(n) })) {
		p.fail(f.line, setupKey, "%s is not valid, want lines of shell: a text, or a list of texts", f.value.text())
		return
	}
	if p.spec.Resources == nil {
		p.spec.Resources = Values{}
	}
	p.spec.Resources[setupKey] = f.value.plain()
	p.spec.lines[resourcesKey+"."+setupKey] = f.line
}

// ResourceProblem is a mistake in resources, at the key's line; a key that the spec does not have, or "", stands for the section.
func (s *Spec) ResourceProblem(key, text string) Problem {
	path := resourcesKey
	if _, ok := s.Resources[key]; ok {
		path += "." + key
	}
	return Problem{s.File, s.lines[path], path, text}
}
