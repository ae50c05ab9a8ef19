package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// pythonText is a value as Python's str() writes it: so it reaches a program among its arguments. Keys of mappings are sorted.
func pythonText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return pythonRepr(v)
}

// pythonRepr is a value as Python's repr() writes it.
func pythonRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return pythonFloat(v)
	case string:
		return pythonQuoted(v)
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = pythonRepr(item)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case map[string]any:
		var texts []string
		for _, k := range sortedKeys(v) {
			texts = append(texts, pythonQuoted(k)+": "+pythonRepr(v[k]))
		}
		return "{" + strings.Join(texts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// pythonFloat is the shortest text that reads back as the same float64, with an exponent below 1e-4 and from 1e16 on.
func pythonFloat(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
	case abs != 0 && abs < 1e-4 || abs >= 1e16:
		return strconv.FormatFloat(v, 'e', -1, 64)
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// pythonQuoted is a text in quotes: single ones, but where it holds such and no double ones.
func pythonQuoted(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// pythonJSON is a value as Python's json.dumps writes it, in the order of its entries.
func pythonJSON(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strings.NewReplacer("nan", "NaN", "inf", "Infinity").Replace(pythonFloat(v))
	case string:
		return asciiJSON(v)
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = pythonJSON(item)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case map[string]any:
		var texts []string
		for _, k := range sortedKeys(v) {
			texts = append(texts, asciiJSON(k)+": "+pythonJSON(v[k]))
		}
		return "{" + strings.Join(texts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// asciiJSON is a text of JSON in which what is not ASCII is escaped.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range string(appendString(nil, s)) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.String()
}

// Arguments are a trial's parameters as a program gets them: nested where the spec nests them, in W&B's order, which has the flat ones first.
type Arguments struct {
	names  []string
	values map[string]any
}

// Arguments nests the parameters of a trial.
func (s *Spec) Arguments(params Values) Arguments {
	a := Arguments{values: map[string]any{}}
	var nested []string
	for _, q := range s.Parameters {
		v, ok := params[q.Path]
		if !ok {
			continue
		}
		keys := q.Keys
		if len(keys) < 2 {
			a.names = append(a.names, q.Path)
			a.values[q.Path] = v
			continue
		}
		if !slices.Contains(nested, keys[0]) {
			nested = append(nested, keys[0])
		}
		at := a.values
		for _, key := range keys[:len(keys)-1] {
			inner, ok := at[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[key] = inner
			}
			at = inner
		}
		at[keys[len(keys)-1]] = v
	}
	a.names = append(a.names, nested...)
	return a
}

// JSON is the arguments as Python's json.dumps writes them.
func (a Arguments) JSON() string {
	texts := make([]string, len(a.names))
	for i, name := range a.names {
		texts[i] = asciiJSON(name) + ": " + pythonJSON(a.values[name])
	}
	return "{" + strings.Join(texts, ", ") + "}"
}
