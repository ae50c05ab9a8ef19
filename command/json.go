package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// A line of JSON is parsed here and not by encoding/json for two reasons: Python writes NaN, Infinity and -Infinity, which are none; and a metric a
// microsecond matters where a program reports tens of thousands a second.

// An object is one of JSON, in the order of the line. Values are nil, bool, float64, string, []any or object.
type object []member

type member struct {
	name  string
	value any
}

// get is the last value under a name; nil: none.
func (o object) get(name string) any {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

const maxNesting = 32

// parseObject parses a line that is one object.
func parseObject(line []byte) (object, error) {
	p := jsonParser{text: line}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("column %d: %w", p.at+1, err)
	}
	p.space()
	o, ok := v.(object)
	if !ok || p.at < len(p.text) {
		return nil, errors.New("a line is one object of JSON, {…}")
	}
	return o, nil
}

type jsonParser struct {
	text []byte
	at   int
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t' || p.text[p.at] == '\r') {
		p.at++
	}
}

// next tells whether a character follows, and takes it.
func (p *jsonParser) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

var jsonWords = []struct {
	text  string
	value any
}{{"null", nil}, {"true", true}, {"false", false}, {"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}}

func (p *jsonParser) value(depth int) (any, error) {
	p.space()
	if depth > maxNesting {
		return nil, fmt.Errorf("more than %d levels", maxNesting)
	}
	if p.at == len(p.text) {
		return nil, errors.New("the line ends where a value should stand")
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.string()
	}
	for _, w := range jsonWords {
		if bytes.HasPrefix(p.text[p.at:], []byte(w.text)) {
			p.at += len(w.text)
			return w.value, nil
		}
	}
	begin := p.at
	for p.at < len(p.text) && bytes.IndexByte([]byte("+-0123456789.eE"), p.text[p.at]) >= 0 {
		p.at++
	}
	v, err := strconv.ParseFloat(string(p.text[begin:p.at]), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		p.at = begin
		return nil, errors.New("this is no value")
	}
	return v, nil
}

func (p *jsonParser) object(depth int) (any, error) {
	p.at++
	o := object{}
	if p.next('}') {
		return o, nil
	}
	for {
		p.space()
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return nil, errors.New("a name in quotes should stand here")
		}
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if !p.next(':') {
			return nil, errors.New("a colon should stand here")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name, v})
		switch {
		case p.next(','):
		case p.next('}'):
			return o, nil
		default:
			return nil, errors.New("a comma or } should stand here")
		}
	}
}

func (p *jsonParser) list(depth int) (any, error) {
	p.at++
	list := []any{}
	if p.next(']') {
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch {
		case p.next(','):
		case p.next(']'):
			return list, nil
		default:
			return nil, errors.New("a comma or ] should stand here")
		}
	}
}

// string takes a text in quotes.
func (p *jsonParser) string() (string, error) {
	begin := p.at
	escaped := false
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			escaped = true
			p.at++
		case '"':
			p.at++
			quoted := p.text[begin:p.at]
			if !escaped {
				return string(bytes.ToValidUTF8(quoted[1:len(quoted)-1], []byte("\uFFFD"))), nil
			}
			var s string
			err := json.Unmarshal(quoted, &s)
			return s, err
		}
	}
	return "", errors.New("a text is not closed")
}
