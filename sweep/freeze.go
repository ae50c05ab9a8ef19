package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// frozenHeader begins a frozen spec, and the text that Digest is of.
const frozenHeader = "# The spec of the sweep in this folder, with arguments applied and defaults filled in. It is not read again from the file it came from.\n"

// Freeze is the spec with everything decided: arguments applied, defaults filled in. Parse reads it back, without arguments, to an equal spec.
func (s *Spec) Freeze() []byte {
	var b strings.Builder
	b.WriteString(frozenHeader)
	d := s.document()
	if s.Resources != nil {
		d = append(d, entry{resourcesKey, entriesOf(s.Resources)})
	}
	writeDocument(&b, d)
	return []byte(b.String())
}

func writeDocument(b *strings.Builder, d []entry) {
	for _, e := range d {
		fmt.Fprintf(b, "%s:", e.key)
		sections, nested := e.value.([]entry)
		if !nested {
			fmt.Fprintf(b, " %s\n", valueText(e.value))
			continue
		}
		b.WriteString("\n")
		for _, inner := range sections {
			fmt.Fprintf(b, "  %s: %s\n", nameText(inner.key), valueText(inner.value))
		}
	}
}

// Digest is the SHA-256, in hexadecimal, of the frozen spec without its resources: comments, order and ways of writing do not matter.
func (s *Spec) Digest() string {
	var b strings.Builder
	b.WriteString(frozenHeader)
	writeDocument(&b, s.document())
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// Diff says how another spec differs, a line a key. Resources do not count.
func (s *Spec) Diff(t *Spec) []string {
	was, is := flatten(s.document()), flatten(t.document())
	keys := slices.Sorted(maps.Keys(was))
	for _, k := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[k]; !ok {
			keys = append(keys, k)
		}
	}
	var lines []string
	for _, k := range keys {
		a, ok := was[k]
		b, still := is[k]
		switch {
		case !still:
			lines = append(lines, fmt.Sprintf("%s: was %s, now left out", k, a))
		case !ok:
			lines = append(lines, fmt.Sprintf("%s: was left out, now %s", k, b))
		case a != b:
			lines = append(lines, fmt.Sprintf("%s: was %s, now %s", k, a, b))
		}
	}
	return lines
}

// An entry is one key of the frozen document; its value is plain, or a list of entries.
type entry struct {
	key   string
	value any
}

func flatten(entries []entry) map[string]string {
	flat := map[string]string{}
	for _, e := range entries {
		inner, nested := e.value.([]entry)
		if !nested {
			flat[e.key] = valueText(e.value)
			continue
		}
		for _, i := range inner {
			flat[e.key+"."+i.key] = valueText(i.value)
		}
	}
	return flat
}

// document is the spec without its resources as keys and values, in the order of the documentation.
func (s *Spec) document() []entry {
	d := []entry{{"name", s.Name}, {"method", s.Method}}
	add := func(key string, value any) { d = append(d, entry{key, value}) }
	if s.Native() {
		add("task", s.Task.entries())
	}
	if s.trains {
		if s.Model.Name != "" || len(s.Model.Params) > 0 {
			add("model", s.Model.entries())
		}
		add("train", entriesOf(s.Train))
	}
	s.documentSeeds(add)
	s.documentParameters(add)
	if s.RunCap > 0 {
		add("run_cap", int64(s.RunCap))
	}
	add("sampler", []entry{{"seed", s.Sampler.Seed}})
	s.documentMetric(add)
	if len(s.Evaluate) > 0 {
		var conditions []entry
		for _, c := range s.Evaluate {
			params := map[string]any(maps.Clone(c.Params))
			params["kind"] = c.Kind
			conditions = append(conditions, entry{c.Name, params})
		}
		add("evaluate", conditions)
	}
	if s.trains {
		checkpoints := []entry{{"initial", s.Checkpoints.Initial}, {"keep", s.Checkpoints.Keep}}
		if s.Checkpoints.Every > 0 {
			checkpoints = append(checkpoints, entry{"every", int64(s.Checkpoints.Every)})
		}
		add("checkpoints", checkpoints)
	}
	add("retries", int64(s.Retries))
	add("max_lost", int64(s.MaxLost))
	s.documentRanks(add)
	s.documentCommand(add)
	for _, key := range sortedKeys(s.Recorded) {
		add(key, s.Recorded[key])
	}
	return d
}

func (s *Spec) documentCommand(add func(string, any)) {
	if s.Program != "" {
		add("program", s.Program)
	}
	if len(s.Command) > 0 {
		words := make([]any, len(s.Command))
		for i, w := range s.Command {
			words[i] = w
		}
		add("command", words)
	}
	if !s.Native() && s.Process.Directory != "" {
		process := []entry{{"directory", s.Process.Directory}}
		if s.Process.Source != "" {
			process = append(process, entry{"source", s.Process.Source})
		}
		if s.Process.Timeout > 0 {
			process = append(process, entry{"timeout", int64(s.Process.Timeout)})
		}
		add("process", process)
	}
}

func (s *Spec) documentSeeds(add func(string, any)) {
	counted := s.DataSeed == nil && len(s.Seeds) > 1
	for i, seed := range s.Seeds {
		counted = counted && seed == int64(i)
	}
	if counted {
		add("seeds", int64(len(s.Seeds)))
		return
	}
	seeds := make([]any, len(s.Seeds))
	for i, seed := range s.Seeds {
		seeds[i] = seed
	}
	if s.DataSeed != nil {
		add("seeds", []entry{{"values", seeds}, {"data", *s.DataSeed}})
		return
	}
	add("seeds", seeds)
}

// documentParameters writes the swept paths; those that arguments added stay arguments, for their place in the plan.
func (s *Spec) documentParameters(add func(string, any)) {
	own := len(s.Parameters) - s.added
	var params []entry
	for _, q := range s.Parameters[:own] {
		if len(q.Keys) > 1 {
			params = nest(params, q.Keys, q.describe())
			continue
		}
		params = append(params, entry{q.Path, q.describe()})
	}
	if len(params) > 0 {
		add("parameters", params)
	}
	var overrides []any
	for _, q := range s.Parameters[own:] {
		text := valueText(q.Values)
		overrides = append(overrides, q.Path+"=choice("+text[1:len(text)-1]+")")
	}
	if len(overrides) > 0 {
		add("overrides", overrides)
	}
}

// nest adds a form under keys, one inside the other, as parameters nests them.
func nest(params []entry, keys []string, form map[string]any) []entry {
	i := slices.IndexFunc(params, func(e entry) bool { return e.key == keys[0] })
	if i < 0 {
		i = len(params)
		params = append(params, entry{keys[0], map[string]any{"parameters": map[string]any{}}})
	}
	inner := params[i].value.(map[string]any)["parameters"].(map[string]any)
	for _, key := range keys[1 : len(keys)-1] {
		next, ok := inner[key].(map[string]any)
		if !ok {
			next = map[string]any{"parameters": map[string]any{}}
			inner[key] = next
		}
		inner = next["parameters"].(map[string]any)
	}
	inner[keys[len(keys)-1]] = form
	return params
}

func (s *Spec) documentMetric(add func(string, any)) {
	if m := s.Metric; m != nil {
		metric := []entry{{"name", m.Name}, {"goal", m.Goal}}
		if m.Target != nil {
			metric = append(metric, entry{"target", *m.Target})
		}
		add("metric", metric)
	}
	sel := []entry{}
	for _, e := range []entry{{"metric", s.Select.Metric}, {"condition", s.Select.Condition}, {"goal", s.Select.Goal}, {"over", s.Select.Over},
		{"missing", s.Select.Missing}, {"report", s.Select.Report}} {
		if e.value != "" {
			sel = append(sel, e)
		}
	}
	if s.Select.Metric != "" {
		add("select", sel)
	}
}

func (s Section) entries() []entry {
	if s.Name == "" {
		return entriesOf(s.Params)
	}
	return append([]entry{{"name", s.Name}}, entriesOf(s.Params)...)
}

func entriesOf(v Values) []entry {
	var all []entry
	for _, k := range sortedKeys(v) {
		all = append(all, entry{k, v[k]})
	}
	return all
}
