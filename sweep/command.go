package sweep

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parseCommand reads program and command. Such a spec is planned; running it comes with the cluster.
func (p *parser) parseCommand() {
	program, command := p.root.get("program"), p.root.get("command")
	if given(program) {
		name, ok := program.value.(string)
		if !ok || name == "" {
			p.fail(program.line, "program", "%s is no path of a program", program.text())
		}
		p.spec.Program = name
		p.unsupported(program.line, "program", "trials of external programs are planned, and not run by this version")
	}
	if given(command) {
		if command.kind != sequence || len(command.items) == 0 {
			p.fail(command.line, "command", "want a list of words and macros, such as [${env}, ${interpreter}, ${program}, ${args}]")
		}
		for _, item := range command.items {
			if item.kind != scalar {
				p.fail(item.line, "command", "%s is no word", item.text())
				continue
			}
			word := pythonText(item.value)
			p.checkMacro(item, word)
			p.spec.Command = append(p.spec.Command, word)
		}
		if !given(program) {
			p.unsupported(command.line, "command", "trials of external programs are planned, and not run by this version")
		}
	}
	switch {
	case p.native && (given(program) || given(command)):
		p.fail(p.root.field("task").line, "task", "a sweep trains a task or runs a program, not both")
	case !p.native && !given(program) && !given(command):
		p.unsupported(0, "task", "it must be given: what the networks are trained on; there are %s", strings.Join(p.taskNames(), ", "))
	}
}

// macros of a command that stand as a whole word (W&B's).
var macros = []string{"env", "interpreter", "program", "args", "args_no_hyphens", "args_no_equals", "args_no_boolean_flags",
	"args_append_hydra", "args_override_hydra", "args_json", "args_json_file", "args_dict"}

// envvar is the macro of a variable of the environment; W&B knows capitals only.
var envvar = regexp.MustCompile(`^envvar:[A-Z0-9_]*$`)

// checkMacro refuses a word that looks like a macro and is none: W&B would drop it in silence.
func (p *parser) checkMacro(n *node, word string) {
	name, ok := strings.CutPrefix(word, "${")
	if !ok || !strings.HasSuffix(name, "}") {
		return
	}
	name = strings.TrimSuffix(name, "}")
	if !slices.Contains(macros, name) && !envvar.MatchString(name) {
		p.fail(n.line, "command", "%s is no macro; %s", word, instead(name, append(slices.Clone(macros), "envvar:NAME")))
	}
}

// pythonText is a scalar as Python's str() writes it: words of a command that are no text reach a program so.
func pythonText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
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
	return fmt.Sprint(v)
}
