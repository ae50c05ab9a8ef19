package graph

import (
	"fmt"
	"strings"
)

// name is how a value is called in printed programs.
func (v *value) name() string {
	switch v.op {
	case opConst:
		return fmt.Sprintf("%g", v.c)
	case opInput, opDY:
		return v.op
	case opParam:
		return fmt.Sprintf("w%d", v.index)
	case opState:
		return fmt.Sprintf("h%d", v.index)
	case opDNext:
		return fmt.Sprintf("dh%d'", v.index)
	case opNoise:
		return fmt.Sprintf("noise%d", v.index)
	}
	return fmt.Sprintf("v%d", v.id)
}

// String prints a value as v7 B×128 = add(v5, v6).
func (v *value) String() string {
	rows := "B"
	if !v.batch {
		rows = fmt.Sprint(v.rows)
	}
	return fmt.Sprintf("%s %s×%d = %s", v.name(), rows, v.cols, v.formula())
}

func (v *value) formula() string {
	switch v.op {
	case opSlice:
		return fmt.Sprintf("%s[:, %d:%d]", v.args[0].name(), v.from, v.from+v.cols)
	case opRows:
		return fmt.Sprintf("%s[%d:%d]", v.args[0].name(), v.from, v.from+v.rows)
	case opPad:
		return fmt.Sprintf("pad(%s at %d)", v.args[0].name(), v.from)
	case opChain:
		var sum []string
		if v.init {
			sum = append(sum, v.args[0].name())
		}
		terms := v.terms()
		for i, t := range v.transposed {
			sum = append(sum, terms[2*i].name()+"·"+terms[2*i+1].name()+strings.Repeat("ᵀ", count(t)))
		}
		switch text := strings.Join(sum, " + "); v.then {
		case "":
			return text
		case "drelu":
			return fmt.Sprintf("drelu(%s, %s)", text, v.args[len(v.args)-1].name())
		default:
			return fmt.Sprintf("%s(%s)", v.then, text)
		}
	case opOuter:
		return fmt.Sprintf("%sᵀ·%s", v.args[0].name(), v.args[1].name())
	}
	names := make([]string, len(v.args))
	for i, a := range v.args {
		names[i] = a.name()
	}
	return fmt.Sprintf("%s(%s)", v.op, strings.Join(names, ", "))
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// String prints a program: a line a value, then its results.
func (p *program) String() string {
	var s strings.Builder
	for _, v := range p.values {
		if !v.isSource() {
			fmt.Fprintln(&s, v)
		}
	}
	list := func(name string, values []*value) {
		for i, v := range values {
			if v != nil {
				fmt.Fprintf(&s, "%s%d: %s\n", name, i, v.name())
			}
		}
	}
	if p.y != nil {
		fmt.Fprintf(&s, "y: %s\n", p.y.name())
	}
	list("next h", p.next)
	list("dh", p.dstates)
	list("dw", p.dparams)
	return s.String()
}
