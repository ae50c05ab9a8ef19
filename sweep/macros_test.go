package sweep_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

const everyKind = `method: grid
program: train.py
parameters:
  lr: {value: 1e-5}
  big: {value: 1e16}
  n: {value: 3}
  on_: {value: true}
  off_: {value: false}
  text: {value: "it's"}
  list: {value: [1, 2.0, "a'b", null, {k: "é\n", b: false}]}
  none: {values: [null]}
  a.dotted: {value: 0.1}
  model: {parameters: {hidden: {values: [16]}, cell: {parameters: {kind: {value: gru}}}}}
`

// arguments are those of the first trial of a spec, after it was frozen and read again.
func arguments(t *testing.T, s *sweep.Spec) sweep.Arguments {
	t.Helper()
	p := sweep.Values{}
	for _, q := range s.Parameters {
		p[q.Path] = q.Point(0)
	}
	trial, err := s.Trial(0, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s.Arguments(trial.Params)
}

// TestMacros expands every macro of W&B's; the values are as Python 3 writes them.
func TestMacros(t *testing.T) {
	e := sweep.Expansion{Interpreter: "python3", Program: "/p/train.py", File: "/f.json", Getenv: func(name string) (string, bool) { return "/h/x", name == "HOME" }}
	list := `[1, 2.0, "a'b", None, {'b': False, 'k': 'é\n'}]`
	all := []string{"a.dotted=0.1", "big=1e+16", "list=" + list, "lr=1e-05", "n=3", "none=None", "off_=False", "on_=True", "text=it's", "model={'cell': {'kind': 'gru'}, 'hidden': 16}"}
	with := func(prefix string) []string {
		var words []string
		for _, w := range all {
			words = append(words, prefix+w)
		}
		return words
	}
	var apart, flags, names []string
	for _, w := range all {
		name, value, _ := strings.Cut(w, "=")
		apart = append(apart, "--"+name, value)
		names = append(names, name)
		switch value {
		case "True":
			flags = append(flags, "--"+name)
		case "False":
		default:
			flags = append(flags, "--"+w)
		}
	}
	document := `{"a.dotted": 0.1, "big": 1e+16, "list": [1, 2.0, "a'b", null, {"b": false, "k": "\u00e9\n"}], "lr": 1e-05, "n": 3, "none": null, "off_": false, "on_": true, ` +
		`"text": "it's", "model": {"cell": {"kind": "gru"}, "hidden": 16}}`
	for macro, want := range map[string][]string{
		"${env}": {"/usr/bin/env"}, "${interpreter}": {"python3"}, "${program}": {"/p/train.py"}, "${args}": with("--"), "${args_no_hyphens}": with(""),
		"${args_no_equals}": apart, "${args_no_boolean_flags}": flags, "${args_append_hydra}": with("+"), "${args_override_hydra}": with("++"), "${args_dict}": names,
		"${args_json}": {document}, "${args_json_file}": {"/f.json"}, "${envvar:HOME}": {"/h/x"}, "${envvar:NONE_SUCH}": {"NONE_SUCH"},
		"a${envvar:HOME}b${args}": {"a/h/xb${args}"}, "a${envvar:home}": {"a${envvar:home}"}, "--x": {"--x"},
	} {
		s := parse(t, everyKind+"command: [\""+macro+"\"]\n")
		for _, again := range []*sweep.Spec{s, parse(t, string(s.Freeze()))} {
			if got := again.Words(arguments(t, again), e); !slices.Equal(got, want) {
				t.Errorf("%s gives\n%q, want\n%q", macro, got, want)
			}
		}
		if again := parse(t, string(s.Freeze())); again.Digest() != s.Digest() {
			t.Errorf("frozen and read again it is another spec: %v", s.Diff(again))
		}
	}
	s := parse(t, everyKind)
	if got := s.Words(arguments(t, s), e); !slices.Equal(got, append([]string{"/usr/bin/env", "python3", "/p/train.py"}, with("--")...)) || !s.Uses("program") {
		t.Errorf("without command: %q", got)
	}
	if !json.Valid([]byte(document)) {
		t.Error("the document is no JSON")
	}
}

// TestArgumentsKeepTheNesting: a key=value argument for a nested parameter leaves it nested.
func TestArgumentsKeepTheNesting(t *testing.T) {
	s := parse(t, everyKind, "model.hidden=32,64", "lr=0.5")
	if got := arguments(t, s).JSON(); !strings.Contains(got, `"model": {"cell": {"kind": "gru"}, "hidden": 32}`) || !strings.Contains(got, `"lr": 0.5`) {
		t.Errorf("the arguments are %s", got)
	}
}

// TestCommandMistakes are refused with their line.
func TestCommandMistakes(t *testing.T) {
	const tail = "method: grid\nparameters: {x: {value: 1}}\n"
	for text, want := range map[string]string{
		"command: [\"${program}\"]\n":                                     "program, which is not given",
		"program: a\ncommand: [\"${args_jsn}\"]\n":                        "is no macro",
		"program: a\nprocess: {directory: here}\n":                        "process.directory",
		"program: a\nprocess: {timeout: 0}\n":                             "process.timeout",
		"program: a\nprocess: {folder: x}\n":                              "process.folder",
		"program: a\nselect: {metric: loss, condition: test}\n":           "what an external program reports stands under summary",
		"program: a\nselect: {goal: maximize}\n":                          "select.metric",
		"task: noop\nprocess: {timeout: 3}\nparameters: {}\nmethod: grid": "trains a task",
	} {
		if !strings.HasPrefix(text, "task") {
			text += tail
		}
		_, err := sweep.Parse("f.yaml", []byte(text), nil, train.Catalog())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	s := parse(t, "program: a\nmetric: {name: loss}\nprocess: {directory: source, timeout: 60}\n"+tail)
	if want := (sweep.Process{Directory: sweep.ProcessSource, Timeout: 60}); s.Process != want || s.Select.Condition != sweep.SummaryCondition || len(s.Unsupported) > 0 {
		t.Errorf("%+v, select %+v, unsupported %v", s.Process, s.Select, s.Unsupported)
	}
}
