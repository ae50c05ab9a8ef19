package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of a spec file. No real spec comes near them; they keep a hostile one from taking time and memory.
const (
	maxBytes = 1 << 20 // of the file
	maxDepth = 100     // levels
	maxNodes = 200_000 // after aliases were expanded
)

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)

// readYAML parses the one document of a file into a tree.
func readYAML(file string, data []byte) (*node, Problems) {
	fail := func(line int, format string, args ...any) (*node, Problems) {
		return nil, Problems{{File: file, Line: line, Text: fmt.Sprintf(format, args...)}}
	}
	if len(data) > maxBytes {
		return fail(0, "the file has more than %d bytes: a spec is a page of text", maxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && document.IsZero() {
		return fail(0, "the file is empty; sweep new writes a spec to start from")
	}
	if err == nil {
		var second yaml.Node
		if err := decoder.Decode(&second); err == nil {
			return fail(second.Line, "a second document: a spec is one")
		} else if !errors.Is(err, io.EOF) {
			return fail(lineOf(err), "%s", yamlText(err))
		}
	}
	if err != nil {
		return fail(lineOf(err), "%s", yamlText(err))
	}
	if d := depth(&document); d > maxDepth {
		return fail(0, "%d levels are nested, at most %d are read", d, maxDepth)
	}
	r := treeReader{file: file, open: map[*yaml.Node]bool{}}
	tree := r.read(document.Content[0], 0)
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return tree, nil
}

func lineOf(err error) int {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1]) // the pattern has digits only; a number too large is no line
		return n
	}
	return 0
}

// yamlText is what the YAML parser says, without its name and the line, on one line.
func yamlText(err error) string {
	text := yamlLine.ReplaceAllString(err.Error(), "")
	return "this is no YAML: " + strings.Join(strings.Fields(strings.TrimPrefix(text, "yaml: ")), " ")
}

// depth is the number of levels, aliases not followed. It does not recurse, for the document is the user's.
func depth(document *yaml.Node) int {
	type level struct {
		n     *yaml.Node
		depth int
	}
	deepest := 0
	for stack := []level{{document, 0}}; len(stack) > 0; {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		deepest = max(deepest, top.depth)
		for _, c := range top.n.Content {
			stack = append(stack, level{c, top.depth + 1})
		}
	}
	return deepest
}

// tags are those of YAML's core, which a value has in any case.
var tags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq"}

// A treeReader turns YAML nodes into a tree: aliases expanded, merge keys merged, duplicates found, scalars resolved.
type treeReader struct {
	file     string
	problems Problems
	open     map[*yaml.Node]bool // the collections being read, to find cycles
	nodes    int
}

func (r *treeReader) fail(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, line, key, fmt.Sprintf(format, args...)})
}

// read reads a node; line is that of the alias by which it was reached, 0 for none.
func (r *treeReader) read(y *yaml.Node, line int) *node {
	if line == 0 {
		line = y.Line
	}
	n := &node{line: line}
	r.nodes++
	switch {
	case r.nodes == maxNodes:
		r.fail(line, "", "the file has more than %d values, what aliases repeat counted each time", maxNodes)
		return n
	case r.nodes > maxNodes:
		return n
	case y.Kind == yaml.AliasNode:
		if r.open[y.Alias] {
			r.fail(y.Line, "", "the alias *%s stands within what it names: a cycle", y.Value)
			return n
		}
		return r.read(y.Alias, line)
	}
	r.open[y] = true
	defer delete(r.open, y)
	if tag := y.ShortTag(); !slices.Contains(tags, tag) {
		r.fail(y.Line, "", "a value is tagged %s; leave the tag out, or use one of %s", tag, strings.Join(tags, ", "))
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapping
		r.readMapping(n, y)
	case yaml.SequenceNode:
		n.kind = sequence
		for _, c := range y.Content {
			n.items = append(n.items, r.read(c, 0))
		}
	default:
		n.value = r.scalar(y)
	}
	return n
}

// readMapping reads fields; those of merge keys come after, where the mapping does not have them itself.
func (r *treeReader) readMapping(n *node, y *yaml.Node) {
	var merged []*node
	at := make(map[string]int, len(y.Content)/2) // the lines of the keys
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			merged = append(merged, r.mergeSources(value)...)
			continue
		}
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			r.fail(key.Line, "", "a key is a name")
			continue
		}
		if first, twice := at[key.Value]; twice {
			r.fail(key.Line, key.Value, "this key stands in line %d already", first)
			continue
		}
		at[key.Value] = key.Line
		n.fields = append(n.fields, field{key.Value, key.Line, r.read(value, 0)})
	}
	for _, m := range merged {
		for _, f := range m.fields {
			if _, own := at[f.key]; !own {
				at[f.key] = f.line
				n.fields = append(n.fields, f)
			}
		}
	}
}

// mergeSources are the mappings that a merge key names, the nearest first.
func (r *treeReader) mergeSources(y *yaml.Node) []*node {
	n := r.read(y, 0)
	switch {
	case n.kind == mapping:
		return []*node{n}
	case n.kind == sequence:
		var sources []*node
		for _, item := range n.items {
			if item.kind != mapping {
				r.fail(item.line, "<<", "only a mapping can be merged")
				continue
			}
			sources = append(sources, item)
		}
		return sources
	}
	r.fail(y.Line, "<<", "only a mapping can be merged")
	return nil
}

// scalar resolves a scalar: nil, bool, int64, float64 or string. What looks like a time stays text.
func (r *treeReader) scalar(y *yaml.Node) any {
	switch y.ShortTag() {
	case "!!str", "!!timestamp":
		return y.Value
	}
	var v any
	if err := y.Decode(&v); err != nil {
		r.fail(y.Line, "", "%s", yamlText(err))
		return nil
	}
	switch v := v.(type) {
	case nil, bool, float64, string, int64:
		return v
	case int:
		return int64(v)
	}
	r.fail(y.Line, "", "%s is too large for a number here", y.Value)
	return nil
}
