package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A node is one value of a spec file, with the line in which it stands; 0: it comes from an argument.
type node struct {
	line   int
	kind   nodeKind
	value  any // of a scalar: nil, bool, int64, float64 or string
	items  []*node
	fields []field
}

type nodeKind int

const (
	scalar nodeKind = iota
	sequence
	mapping
)

// A field is a key of a mapping with its value.
type field struct {
	key   string
	line  int
	value *node
}

// field finds a key of a mapping; nil where it has none such.
func (n *node) field(key string) *field {
	if i := slices.IndexFunc(n.fields, func(f field) bool { return f.key == key }); i >= 0 {
		return &n.fields[i]
	}
	return nil
}

// get is the value of a key; nil where the mapping has none such.
func (n *node) get(key string) *node {
	if f := n.field(key); f != nil {
		return f.value
	}
	return nil
}

func (n *node) remove(key string) {
	n.fields = slices.DeleteFunc(n.fields, func(f field) bool { return f.key == key })
}

// set gives a key a value, replacing the one it has.
func (n *node) set(key string, value *node) {
	if f := n.field(key); f != nil {
		f.value, f.line = value, value.line
		return
	}
	n.fields = append(n.fields, field{key, value.line, value})
}

// plain is the node as Go values: nil, bool, int64, float64, string, []any, map[string]any.
func (n *node) plain() any {
	switch n.kind {
	case sequence:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.plain()
		}
		return list
	case mapping:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key] = f.value.plain()
		}
		return m
	}
	return n.value
}

// text is the node as a message shows it.
func (n *node) text() string {
	text := valueText(n.plain())
	if len(text) > 60 {
		text = text[:57] + "…"
	}
	return text
}

// number is a finite number.
func (n *node) number() (float64, bool) {
	switch v := n.value.(type) {
	case int64:
		return float64(v), n.kind == scalar
	case float64:
		return v, n.kind == scalar && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false
}

// whole is a whole number, also one written as 1e3 or 2.0.
func (n *node) whole() (int64, bool) {
	switch v := n.value.(type) {
	case int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= 1<<53 {
			return int64(v), true
		}
	}
	return 0, false
}

// normalise brings a node to the declared type of a parameter. The text says what would be right; "": it is.
func normalise(p Param, n *node) (any, string) {
	if p.Auto && n.value == Auto {
		return Auto, ""
	}
	want := ""
	switch p.Type {
	case Int:
		v, ok := n.whole()
		if ok {
			return v, outside(p, float64(v))
		}
		want = "a whole number"
	case Float:
		v, ok := n.number()
		if ok {
			return v + 0, outside(p, v)
		}
		want = "a finite number"
	case Bool:
		if v, ok := n.value.(bool); ok {
			return v, ""
		}
		want = "true or false"
	case String:
		v, ok := n.value.(string)
		if ok && (p.Choices == nil || slices.Contains(p.Choices, v)) {
			return v, ""
		}
		if ok {
			return nil, fmt.Sprintf("%q is none of them: %s", v, instead(v, p.Choices))
		}
		want = "text"
		if p.Choices != nil {
			want = "one of " + strings.Join(p.Choices, ", ")
		}
	case List:
		if n.kind == sequence {
			return n.plain(), ""
		}
		want = "a list"
	}
	if p.Auto {
		want += ", or " + Auto
	}
	return nil, fmt.Sprintf("%s is not valid, want %s", n.text(), want)
}

// outside says that a number is not in a parameter's range; "": it is.
func outside(p Param, v float64) string {
	switch {
	case p.Min != nil && v < *p.Min:
		return fmt.Sprintf("%v is too small, the least is %v", v, *p.Min)
	case p.Max != nil && v > *p.Max:
		return fmt.Sprintf("%v is too large, the most is %v", v, *p.Max)
	case p.Above != nil && v <= *p.Above:
		return fmt.Sprintf("%v is too small, want more than %v", v, *p.Above)
	}
	return ""
}
