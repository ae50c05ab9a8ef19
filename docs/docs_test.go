package docs_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/slurm"
	"neurosweep/sweep"
)

var update = flag.Bool("update", false, "write the tables of components in docs/spec.md again")

const (
	beginComponents = "<!-- components: begin -->\n"
	endComponents   = "<!-- components: end -->\n"
)

// TestSpecReferenceIsTheProgram compares the tables in docs/spec.md with the registries.
func TestSpecReferenceIsTheProgram(t *testing.T) {
	const file = "spec.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), beginComponents)
	old, tail, ok2 := strings.Cut(rest, endComponents)
	if !ok || !ok2 {
		t.Fatalf("%s has no part between %q and %q", file, beginComponents, endComponents)
	}
	want := components(train.Catalog())
	if *update {
		if err := os.WriteFile(file, []byte(head+beginComponents+want+endComponents+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != want {
		t.Errorf("%s does not describe the components as they are; run go test ./docs -update.\nThey are\n%s", file, want)
	}
}

// TestResourcesAreTheProgram compares the table of resources in docs/spec.md with the options of package slurm.
func TestResourcesAreTheProgram(t *testing.T) {
	const file, begin, end = "spec.md", "<!-- resources: begin -->\n", "<!-- resources: end -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part between %q and %q", file, begin, end)
	}
	want := "\n| key | also | of sbatch | meaning |\n|---|---|---|---|\n"
	for _, k := range slurm.Keys() {
		flag := ""
		if k.Flag != "" {
			flag = "`" + k.Flag + "`"
		}
		want += fmt.Sprintf("| `%s` | %s | %s | %s |\n", k.Name, quoted(k.Aliases), flag, k.Doc)
	}
	want += "\n"
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != want {
		t.Errorf("%s does not have the resources as they are; run go test ./docs -update.\nThey are\n%s", file, want)
	}
}

// components is the catalogue as Markdown.
func components(cat *sweep.Catalog) string {
	var b strings.Builder
	b.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(cat.Tasks)) {
		task := cat.Tasks[name]
		component(&b, "###", "Task", task.Component)
		if !task.Trains {
			b.WriteString("Its trials train nothing: no model, no updates, no checkpoints.\n\n")
		}
		for _, e := range task.Evaluations {
			component(&b, "####", "Evaluation", e)
			fmt.Fprintf(&b, "Metrics: %s.\n\n", quoted(task.Metrics[e.Name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cat.Models)) {
		component(&b, "###", "Model", cat.Models[name])
	}
	component(&b, "###", "Section", cat.Train)
	return b.String()
}

func component(b *strings.Builder, level, kind string, c sweep.Component) {
	fmt.Fprintf(b, "%s %s `%s`\n\n", level, kind, c.Name)
	if c.Doc != "" {
		fmt.Fprintf(b, "%s ", c.Doc)
	}
	fmt.Fprintf(b, "Revision %d.\n\n", c.Revision)
	if len(c.Params) == 0 {
		return
	}
	b.WriteString("| parameter | type | default | unit | valid | meaning |\n|---|---|---|---|---|---|\n")
	for _, p := range c.Params {
		value := "–"
		if p.Default != nil {
			value = fmt.Sprintf("`%v`", p.Default)
		}
		doc := p.Doc
		if p.NotKey {
			doc += " Not part of the trial's key."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", p.Name, p.Type, value, p.Unit, valid(p), strings.ReplaceAll(doc, "|", "\\|"))
	}
	b.WriteString("\n")
}

// valid says what a parameter may be.
func valid(p sweep.Param) string {
	var limits []string
	if p.Min != nil {
		limits = append(limits, fmt.Sprintf("≥ %v", *p.Min))
	}
	if p.Above != nil {
		limits = append(limits, fmt.Sprintf("> %v", *p.Above))
	}
	if p.Max != nil {
		limits = append(limits, fmt.Sprintf("≤ %v", *p.Max))
	}
	if len(p.Choices) > 0 {
		limits = append(limits, quoted(p.Choices))
	}
	return strings.Join(limits, ", ")
}

func quoted(names []string) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = "`" + n + "`"
	}
	return strings.Join(words, ", ")
}

// wholeSpec tells a spec from a part of one.
var wholeSpec = regexp.MustCompile(`(?m)^method:`)

// TestExamplesParse parses every file under examples, and every block of YAML in the documentation that is a whole spec.
func TestExamplesParse(t *testing.T) {
	cat, parsed := train.Catalog(), 0
	parse := func(name, text string) {
		parsed++
		s, err := sweep.Parse(name, []byte(text), nil, cat)
		if err != nil {
			t.Errorf("%s:\n%v", name, err)
		} else if len(s.Unsupported) > 0 {
			t.Errorf("%s cannot be run: %v", name, s.Unsupported)
		}
	}
	for _, pattern := range []string{"../examples/*.yaml", "../*.md", "*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(name) == ".yaml" {
				parse(name, string(text))
				continue
			}
			for _, b := range blocks(string(text)) {
				if b.language == "yaml" && wholeSpec.MatchString(b.text) {
					parse(fmt.Sprintf("%s:%d", name, b.line), b.text)
				}
			}
		}
	}
	if parsed < 5 {
		t.Errorf("%d specs were found; there are two examples and three in docs/spec.md", parsed)
	}
}

// TestDemoIsTheExample demands that the first block of docs/spec.md is the demo, to the byte.
func TestDemoIsTheExample(t *testing.T) {
	demo, err := os.ReadFile("../examples/delay_comparison.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("spec.md")
	if err != nil {
		t.Fatal(err)
	}
	if first := blocks(string(text))[0].text; first != string(demo) {
		t.Errorf("docs/spec.md begins with another spec than examples/delay_comparison.yaml:\n%s", first)
	}
}

// TestNounsAreDocumented looks for every table, cause and outcome in the file that promises them.
func TestNounsAreDocumented(t *testing.T) {
	want := map[string][]string{"results.md": sweep.Tables, "protocol.md": nil}
	for _, c := range sweep.Causes {
		want["protocol.md"] = append(want["protocol.md"], string(c))
	}
	for _, o := range []sweep.Outcome{sweep.OutcomeCompleted, sweep.OutcomeStopped, sweep.OutcomeDiverged, sweep.OutcomeFailed, sweep.OutcomeCancelled} {
		want["results.md"] = append(want["results.md"], string(o))
	}
	for file, names := range want {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, name := range names {
			if !regexp.MustCompile(`\b` + name + `\b`).Match(text) {
				t.Errorf("docs/%s does not mention %s", file, name)
			}
		}
	}
}

// A block is one fenced block of a Markdown file.
type block struct {
	line     int // of its first line of text, from 1
	language string
	text     string
}

// blocks lists the fenced blocks of a Markdown text.
func blocks(text string) []block {
	var found []block
	var open *block
	for i, line := range strings.Split(text, "\n") {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 2, language: language}
		case fence:
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return found
}
