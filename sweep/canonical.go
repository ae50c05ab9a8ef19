package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// canonicalJSON appends v as RFC 8785 (JSON Canonicalization Scheme) has it: object keys sorted by UTF-16 code units, numbers as
// ECMAScript prints them, no white space. v is nil, bool, int, int64, finite float64, string, []any, map[string]any or Values.
// Whole numbers beyond 2^53 are printed in full, where the RFC would round them: they are seeds.
func canonicalJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return appendNumber(b, v)
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = canonicalJSON(b, item)
		}
		return append(b, ']')
	case Values:
		return canonicalJSON(b, map[string]any(v))
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b string) int { return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) })
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			b = canonicalJSON(b, v[k])
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("sweep: a value of type %T has no canonical form", v)) // no parser of this package makes one
}

// appendNumber appends a number as ECMA-262 prints it (Number::toString, radix 10).
func appendNumber(b []byte, f float64) []byte {
	switch {
	case f == 0:
		return append(b, '0') // also of -0
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64) // 1e-07: the exponent of ECMAScript has no leading zero
	mantissa, exponent, _ := strings.Cut(text, "e")
	sign, digits := exponent[:1], strings.TrimLeft(exponent[1:], "0")
	return append(b, mantissa+"e"+sign+digits...)
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\b':
			b = append(b, `\b`...)
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\f':
			b = append(b, `\f`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			if r < 0x20 {
				b = fmt.Appendf(b, `\u%04x`, r)
				continue
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// valueText is a value as a spec has it: JSON, in which a float64 keeps a point or an exponent, so that it is read as one again.
func valueText(v any) string {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		switch {
		case math.IsNaN(v):
			return ".nan"
		case math.IsInf(v, 0):
			return strings.Replace(strconv.FormatFloat(v, 'g', -1, 64), "Inf", ".inf", 1)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = valueText(item)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case Values:
		return valueText(map[string]any(v))
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for i, k := range keys {
			keys[i] = nameText(k) + ": " + valueText(v[k])
		}
		return "{" + strings.Join(keys, ", ") + "}"
	}
	return string(canonicalJSON(nil, v))
}

// nameText is a key of YAML: as it is where that is safe, else in quotes.
func nameText(k string) string {
	plain := k != "" && strings.IndexFunc(k, func(r rune) bool {
		return !(r == '_' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) < 0 && (k[0] >= 'a' && k[0] <= 'z' || k[0] >= 'A' && k[0] <= 'Z' || k[0] == '_')
	switch strings.ToLower(k) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return k
	}
	return string(appendString(nil, k))
}

// MarshalJSON writes values as JSON, keys sorted; a float64 keeps a point or an exponent, so that UnmarshalJSON gives the same types back.
func (v Values) MarshalJSON() ([]byte, error) { return appendTyped(nil, map[string]any(v)) }

func appendTyped(b []byte, v any) (_ []byte, err error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number of JSON", v)
		}
		return append(b, valueText(v)...), nil
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendTyped(b, item); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case Values:
		return appendTyped(b, map[string]any(v))
	case map[string]any:
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			if b, err = appendTyped(b, v[k]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return canonicalJSON(b, v), nil
}

// UnmarshalJSON reads values: a number with a point or an exponent is a float64, another an int64.
func (v *Values) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return err
	}
	typed, err := typedValue(m)
	if err == nil && m != nil {
		*v = Values(typed.(map[string]any))
	}
	return err
}

func typedValue(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return v.Float64()
		}
		return v.Int64()
	case []any:
		for i := range v {
			item, err := typedValue(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = item
		}
	case map[string]any:
		for k := range v {
			item, err := typedValue(v[k])
			if err != nil {
				return nil, err
			}
			v[k] = item
		}
	}
	return v, nil
}
