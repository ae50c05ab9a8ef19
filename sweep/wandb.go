package sweep

import (
	"math"
	"slices"
)

// checkGrammar checks a key of W&B's that this version can plan and not run.
func (p *parser) checkGrammar(f field) {
	switch f.key {
	case "early_terminate":
		p.checkEarlyTerminate(f)
	case "metrics":
		if f.value.kind != sequence || len(f.value.items) < 2 || p.spec.Method != "custom" {
			p.fail(f.line, f.key, "want a list of two metrics or more, with method: custom; or metric: {name: …}")
		}
	}
}

// checkEarlyTerminate refuses what W&B accepts and later fails on.
func (p *parser) checkEarlyTerminate(f field) {
	n := f.value
	if n.kind != mapping {
		p.fail(f.line, f.key, "want a section with type: hyperband and min_iter, or max_iter and s")
		return
	}
	before := len(p.problems)
	p.knownKeys(n, f.key, []string{"type", "min_iter", "max_iter", "s", "eta", "strict"})
	if t := n.get("type"); t == nil || t.value != "hyperband" {
		p.fail(f.line, f.key+".type", "want hyperband, the only one there is")
	}
	if n.get("max_iter") != nil && n.get("s") == nil || n.get("max_iter") == nil && n.get("min_iter") == nil {
		p.fail(f.line, f.key, "want min_iter, or max_iter together with s")
	}
	for _, key := range []string{"min_iter", "max_iter", "s"} {
		if v := n.get(key); v != nil {
			if w, ok := v.whole(); !ok || w < 1 {
				p.fail(v.line, f.key+"."+key, "%s is not valid, want a whole number from 1", v.text())
			}
		}
	}
	eta := 3.0
	if v := n.get("eta"); v != nil {
		x, ok := v.number()
		if eta = x; !ok || x <= 1 {
			p.fail(v.line, f.key+".eta", "%s is not valid, want a number above 1", v.text())
		}
	}
	if v := n.get("strict"); v != nil {
		if _, ok := v.value.(bool); !ok {
			p.fail(v.line, f.key+".strict", "%s is not valid, want true or false", v.text())
		}
	}
	if most := n.get("max_iter"); most != nil && len(p.problems) == before {
		if w, _ := most.whole(); math.Floor(float64(w)/eta) < 1 {
			p.fail(most.line, f.key+".max_iter", "%d gives no band with eta %v: want at least eta", w, eta)
		}
	}
}

// checkSearch refuses searches that have nothing to go by, or nothing to search. W&B accepts them, and fails later.
func (p *parser) checkSearch() {
	f := p.root.field("early_terminate")
	goal := given(p.root.get("metric")) || given(p.root.get("metrics")) || given(p.root.get("select"))
	switch {
	case goal:
	case p.spec.Method == "bayes":
		p.fail(p.lineOf("method"), "metric", "bayes needs one: want metric: {name: …, goal: minimize or maximize}")
	case f != nil:
		p.fail(f.line, "metric", "early_terminate needs one: want metric: {name: …, goal: minimize or maximize}")
	}
	constant := func(q Parameter) bool { return q.Distribution == "constant" }
	if p.spec.Method == "bayes" && len(p.problems) == 0 && !slices.ContainsFunc(p.spec.Parameters, func(q Parameter) bool { return !constant(q) }) {
		p.fail(p.lineOf("parameters"), "parameters", "bayes has nothing to search: want a path with values, or min and max")
	}
}
