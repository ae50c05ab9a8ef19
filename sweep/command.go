package sweep

import (
	"regexp"
	"slices"
	"strings"
)

// parseCommand reads program, command and process.
func (p *parser) parseCommand() {
	p.parseProcess()
	program, command := p.root.get("program"), p.root.get("command")
	if given(program) {
		name, ok := program.value.(string)
		if !ok || name == "" {
			p.fail(program.line, "program", "%s is no path of a program", program.text())
		}
		p.spec.Program = name
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
		if i := slices.IndexFunc(command.items, func(n *node) bool { return n.value == "${program}" }); i >= 0 && !given(program) {
			p.fail(command.items[i].line, "command", "${program} stands for the key program, which is not given")
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

// Process says how the processes of a command run.
type Process struct {
	Directory string // ProcessTrial or ProcessSource: the folder in which they run
	Source    string // where program and relative words are looked for; "": not decided yet
	Timeout   int    // seconds that an attempt may take; 0: as long as it likes
}

// The folders in which a command can run.
const (
	ProcessTrial  = "trial"  // a folder of its own, in the sweep's
	ProcessSource = "source" // the one where the program is, as W&B has it
)

// SummaryCondition is the condition under which what a command says of itself (the last value of each metric, and its summary) stands in evals.
const SummaryCondition = "summary"

// parseProcess reads the section process.
func (p *parser) parseProcess() {
	n := p.section("process")
	if n == nil {
		n = &node{kind: mapping}
	} else if p.native {
		p.fail(n.line, "process", "it says how external programs run, and this sweep trains a task")
		return
	}
	p.knownKeys(n, "process", []string{"directory", "source", "timeout"})
	if p.native {
		return
	}
	p.spec.Process = Process{
		Directory: p.choiceKey(n, "directory", "process.directory", ProcessTrial, ProcessTrial, ProcessSource),
		Timeout:   p.wholeKey(n, "timeout", "process.timeout", 1, 0),
	}
	if v := n.get("source"); given(v) {
		folder, ok := v.value.(string)
		if !ok || folder == "" {
			p.fail(v.line, "process.source", "%s is no folder", v.text())
		}
		p.spec.Process.Source = folder
	}
}
