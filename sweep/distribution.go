package sweep

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// distributions are W&B's, with the keys that each has beside distribution.
var distributions = map[string][]string{
	"constant":                    {"value"},
	"categorical":                 {"values"},
	"categorical_w_probabilities": {"values", "probabilities"},
	"int_uniform":                 {"min", "max"},
	"uniform":                     {"min", "max"},
	"q_uniform":                   {"min", "max", "q"},
	"log_uniform":                 {"min", "max"},
	"q_log_uniform":               {"min", "max", "q"},
	"inv_log_uniform":             {"min", "max"},
	"log_uniform_values":          {"min", "max"},
	"q_log_uniform_values":        {"min", "max", "q"},
	"inv_log_uniform_values":      {"min", "max"},
	"normal":                      {"mu", "sigma"},
	"q_normal":                    {"mu", "sigma", "q"},
	"log_normal":                  {"mu", "sigma"},
	"q_log_normal":                {"mu", "sigma", "q"},
	"beta":                        {"a", "b"},
	"q_beta":                      {"a", "b", "q"},
}

// bounded tells whether a distribution has a smallest and a largest value.
func bounded(distribution string) bool { return slices.Contains(distributions[distribution], "min") }

// form reads the form of a parameter: which distribution it is, and its numbers.
func (p *parser) form(path string, f field) (Parameter, bool) {
	n := f.value
	q := Parameter{Path: path, Line: f.line, Q: 1, Sigma: 1, A: 1, B: 1}
	name, ok := p.distribution(path, f)
	if !ok {
		return q, false
	}
	q.Distribution = name
	before := len(p.problems)
	valid := append([]string{"distribution"}, distributions[name]...)
	p.knownKeys(n, path, valid)
	switch name {
	case "constant":
		p.finite(path, n.get("value"))
		q.Values = []any{n.get("value").plain()}
	case "categorical", "categorical_w_probabilities":
		p.categories(path, n, &q)
	default:
		p.numbers(path, f, &q)
	}
	return q, len(p.problems) == before
}

// distribution finds which form a parameter has, by name or by its keys (W&B tries them in a fixed order; docs/spec.md has the outcome).
func (p *parser) distribution(path string, f field) (string, bool) {
	n := f.value
	has := func(key string) bool { return n.get(key) != nil }
	if d := n.get("distribution"); d != nil {
		name, _ := d.value.(string)
		keys, ok := distributions[name]
		if !ok {
			p.fail(d.line, path+".distribution", "there is no distribution %s; %s", d.text(), instead(name, slices.Sorted(maps.Keys(distributions))))
			return "", false
		}
		for _, key := range keys {
			if optional := slices.Contains([]string{"mu", "sigma", "q", "a", "b"}, key); !optional && !has(key) {
				p.fail(f.line, path, "%s needs %s", name, key)
				return "", false
			}
		}
		return name, true
	}
	switch {
	case has("value") && has("values"):
		p.fail(f.line, path, "value and values exclude each other")
	case has("values") && has("probabilities"):
		return "categorical_w_probabilities", true
	case has("values"):
		return "categorical", true
	case has("value"):
		return "constant", true
	case has("min") && has("max"):
		_, low := n.get("min").value.(int64)
		_, high := n.get("max").value.(int64)
		if low && high {
			return "int_uniform", true
		}
		return "uniform", true
	case has("mu") || has("sigma") || has("q") || has("a") || has("b"):
		p.fail(f.line, path, "the distribution is not named; there are %s", strings.Join(slices.Sorted(maps.Keys(distributions)), ", "))
	default:
		if len(n.fields) > 0 {
			valid := []string{"distribution", "value", "values", "min", "max", "probabilities", "parameters"}
			for _, field := range n.fields {
				if !slices.Contains(valid, field.key) {
					p.fail(field.line, path+"."+field.key, "there is no such key; %s", instead(field.key, valid))
					return "", false
				}
			}
		}
		p.fail(f.line, path, "want value, values, or min and max, with or without a distribution")
	}
	return "", false
}

// categories reads values and probabilities.
func (p *parser) categories(path string, n *node, q *Parameter) {
	list := n.get("values")
	if list.kind != sequence || len(list.items) == 0 {
		p.fail(list.line, path, "values must be a list with at least one value")
		return
	}
	for _, item := range list.items {
		p.finite(path, item)
		q.Values = append(q.Values, item.plain())
	}
	weights := n.get("probabilities")
	if weights == nil {
		return
	}
	if weights.kind != sequence || len(weights.items) != len(list.items) {
		p.fail(weights.line, path+".probabilities", "want a list of %d numbers, one a value", len(list.items))
		return
	}
	sum := 0.0
	for _, item := range weights.items {
		w, ok := item.number()
		if !ok || w < 0 {
			p.fail(item.line, path+".probabilities", "%s is no probability", item.text())
			return
		}
		q.Probability = append(q.Probability, w)
		sum += w
	}
	if math.Abs(sum-1) > 1e-6 {
		p.fail(weights.line, path+".probabilities", "their sum is %g, not 1", sum)
	}
}

// numbers reads the numbers of a continuous or whole-numbered distribution.
func (p *parser) numbers(path string, f field, q *Parameter) {
	n := f.value
	get := func(key string, into *float64) {
		v := n.get(key)
		if v == nil {
			return
		}
		x, ok := v.number()
		if !ok {
			p.fail(v.line, path+"."+key, "%s is no finite number", v.text())
			return
		}
		*into = x
	}
	before := len(p.problems)
	for key, into := range map[string]*float64{"min": &q.Min, "max": &q.Max, "mu": &q.Mu, "sigma": &q.Sigma, "a": &q.A, "b": &q.B, "q": &q.Q} {
		get(key, into)
	}
	if len(p.problems) > before {
		return
	}
	name := q.Distribution
	wrong := func(key, format string, args ...any) {
		line := f.line
		if v := n.get(key); v != nil && v.line > 0 {
			line = v.line
		}
		p.fail(line, path, format, args...)
	}
	switch {
	case bounded(name) && q.Min >= q.Max:
		wrong("min", "min %v is not less than max %v", n.get("min").plain(), n.get("max").plain())
	case strings.HasSuffix(name, "_values") && q.Min <= 0:
		wrong("min", "min %v: the logarithm needs a number above 0", n.get("min").plain())
	case !(q.Q > 0):
		wrong("q", "q %v is not more than 0", q.Q)
	case q.Sigma < 0:
		wrong("sigma", "sigma %v is negative", q.Sigma)
	case strings.HasSuffix(name, "beta") && !(within(q.A) && within(q.B)):
		wrong("a", "a %v and b %v: both must be from %v to %v", q.A, q.B, leastShape, mostShape)
	}
	if strings.HasSuffix(name, "log_uniform") {
		p.exponents(path, f.line, q)
	}
	_, low := n.get0("min").(int64)
	_, high := n.get0("max").(int64)
	if name == "int_uniform" && !(low && high) {
		wrong("min", "int_uniform takes whole numbers, written without a point")
	}
	q.Integer = name == "int_uniform" || strings.HasPrefix(name, "q_") && q.Q == math.Trunc(q.Q)
	if p.spec.Method == "grid" && q.Min != math.Trunc(q.Min) {
		q.Integer = false // the grid of q_uniform begins at min, whatever q is
	}
	if q.Integer && bounded(name) && max(math.Abs(q.Min), math.Abs(q.Max)) > maxExact {
		wrong("min", "whole numbers are drawn from -2^53 to 2^53 only")
	}
}

// maxExact is the largest of the whole numbers that a float64 tells apart.
const maxExact = 1 << 53

// The shapes of a beta distribution whose quantiles can be computed. W&B takes 0 as well, and then draws what is no number.
const leastShape, mostShape = 1e-3, 1e6

func within(shape float64) bool { return shape >= leastShape && shape <= mostShape }

// finite refuses numbers that are not finite, however deep in a value: a trial's key is JSON, which has none.
func (p *parser) finite(path string, n *node) {
	if v, ok := n.value.(float64); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
		p.fail(n.line, path, "%s is not valid as a value; want a finite number, or text", n.text())
	}
	for _, item := range n.items {
		p.finite(path, item)
	}
	for _, f := range n.fields {
		p.finite(path, f.value)
	}
}

// get0 is the value of a scalar key; nil where there is none.
func (n *node) get0(key string) any {
	if v := n.get(key); v != nil {
		return v.value
	}
	return nil
}

// exponents handles W&B's first forms, whose bounds are exponents of e.
func (p *parser) exponents(path string, line int, q *Parameter) {
	const largest = 700 // e^709 overflows
	if math.Abs(q.Min) > largest || math.Abs(q.Max) > largest {
		p.fail(line, path, "the bounds of %s are exponents of e, from -%d to %[2]d; for the values themselves write %s_values", q.Distribution, largest, q.Distribution)
		return
	}
	p.warn("%s: %s: the bounds of %s are exponents of e: values from %.3g to %.3g; %[3]s_values takes the values themselves",
		p.file, path, q.Distribution, math.Exp(q.Min), math.Exp(q.Max))
}

// support is the smallest and the largest value of a bounded distribution.
func (q Parameter) support() (low, high float64) {
	low, high = q.Min, q.Max
	switch q.Distribution {
	case "log_uniform", "q_log_uniform":
		low, high = math.Exp(low), math.Exp(high)
	case "inv_log_uniform":
		low, high = math.Exp(-high), math.Exp(-low)
	}
	if strings.HasPrefix(q.Distribution, "q_") {
		low, high = math.RoundToEven(low/q.Q)*q.Q, math.RoundToEven(high/q.Q)*q.Q
	}
	return low, high
}

// describe is a parameter's form as a spec has it, without its path.
func (q Parameter) describe() map[string]any {
	switch q.Distribution {
	case "constant":
		return map[string]any{"value": q.Values[0]}
	case "categorical":
		return map[string]any{"values": q.Values}
	case "categorical_w_probabilities":
		weights := make([]any, len(q.Probability))
		for i, w := range q.Probability {
			weights[i] = w
		}
		return map[string]any{"values": q.Values, "probabilities": weights}
	}
	form := map[string]any{"distribution": q.Distribution}
	numbers := map[string]float64{"min": q.Min, "max": q.Max, "mu": q.Mu, "sigma": q.Sigma, "a": q.A, "b": q.B, "q": q.Q}
	for _, key := range distributions[q.Distribution] {
		form[key] = numbers[key]
		if q.Distribution == "int_uniform" {
			form[key] = int64(numbers[key])
		}
	}
	return form
}

// String is the form in a line.
func (q Parameter) String() string { return fmt.Sprintf("%s: %s", q.Path, valueText(q.describe())) }
