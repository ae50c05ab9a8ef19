package sweep

import (
	"regexp"
	"strings"
)

// defaultCommand is what W&B runs where a file says nothing.
var defaultCommand = []string{"${env}", "${interpreter}", "${program}", "${args}"}

// Template is the command before its macros are expanded: what the spec says, or W&B's default.
func (s *Spec) Template() []string {
	if len(s.Command) == 0 {
		return defaultCommand
	}
	return s.Command
}

// Uses tells whether the command has a macro as a whole word.
func (s *Spec) Uses(macro string) bool {
	for _, word := range s.Template() {
		if word == "${"+macro+"}" {
			return true
		}
	}
	return false
}

// An Expansion is what the macros of a command stand for.
type Expansion struct {
	Interpreter string                           // ${interpreter}
	Program     string                           // ${program}
	File        string                           // ${args_json_file}: the path of a file that holds Arguments.JSON
	Getenv      func(name string) (string, bool) // ${envvar:NAME}
}

var embeddedVariable = regexp.MustCompile(`\$\{envvar:([A-Z0-9_]*)\}`)

// Words expands the command's macros for the arguments of a trial, as W&B's agent does: a macro is one only where it is the whole word, but for ${envvar:NAME}, which may
// stand within one and is the bare name where the variable is not set.
func (s *Spec) Words(a Arguments, e Expansion) []string {
	var words []string
	for _, word := range s.Template() {
		macro, ok := strings.CutPrefix(word, "${")
		macro, closed := strings.CutSuffix(macro, "}")
		if ok && closed && !strings.HasPrefix(macro, "envvar:") {
			words = append(words, a.expand(macro, e)...)
			continue
		}
		words = append(words, embeddedVariable.ReplaceAllStringFunc(word, func(m string) string {
			name := embeddedVariable.FindStringSubmatch(m)[1]
			if v, set := e.Getenv(name); set {
				return v
			}
			return name
		}))
	}
	return words
}

// expand is what a macro that is a whole word stands for.
func (a Arguments) expand(macro string, e Expansion) []string {
	switch macro {
	case "env":
		return []string{"/usr/bin/env"}
	case "interpreter":
		return []string{e.Interpreter}
	case "program":
		return []string{e.Program}
	case "args_json":
		return []string{a.JSON()}
	case "args_json_file":
		return []string{e.File}
	}
	var words []string
	for _, name := range a.names {
		text := pythonText(a.values[name])
		both := name + "=" + text
		flag, isFlag := a.values[name].(bool)
		switch macro {
		case "args":
			words = append(words, "--"+both)
		case "args_no_hyphens":
			words = append(words, both)
		case "args_no_equals":
			words = append(words, "--"+name, text)
		case "args_no_boolean_flags":
			switch {
			case !isFlag:
				words = append(words, "--"+both)
			case flag:
				words = append(words, "--"+name)
			}
		case "args_append_hydra":
			words = append(words, "+"+both)
		case "args_override_hydra":
			words = append(words, "++"+both)
		case "args_dict": // W&B gives the names alone
			words = append(words, name)
		}
	}
	return words
}
