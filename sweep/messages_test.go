package sweep_test

import (
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// A base spec to which the mistakes of TestMessages are added; the first line of what is added is line 5.
const base = `name: base
method: grid
task: noop
evaluate: {value: {}}
`

// trained is a base spec of a task that trains; what is added begins in line 6.
const trained = `method: grid
task: delay_comparison
model: {name: leaky_rnn}
evaluate: {seq100: {batches: 1}}
parameters: {train.lr: {values: [1e-3]}}
`

// TestMessages has one mistake each: the line, the key, what is wrong, and what would be right.
func TestMessages(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{base + "modle: x", "f.yaml:5: modle: there is no such key; did you mean model? Valid are name, method,"},
		{base + "resources: gpu", "f.yaml:5: resources: \"gpu\" is no section"},
		{base + "setup: 3", "f.yaml:5: setup: 3 is not valid, want lines of shell: a text, or a list of texts"},
		{base + "resources:\n  setup: a\nsetup: b", "f.yaml:7: setup: resources.setup says the same thing (line 6); give one of them"},
		{base + "ranks: 2", "f.yaml:5: ranks: only the batch of a task that trains can be spread over ranks"},
		{"ranks: 6\n" + trained, "f.yaml:1: ranks: 6 is no power of two: take 4 or 8"},
		{"ranks: 0\n" + trained, "f.yaml:1: ranks: 0 is not valid, want a whole number from 1"},
		{"ranks: 8192\n" + trained, "f.yaml:1: ranks: 8192 is more than the 4096 that are possible"},
		{"schedule: sttaic\n" + trained, "f.yaml:1: schedule: \"sttaic\" is not valid; did you mean static?"},
		{"schedule: static\nranks: 2\n" + trained, "f.yaml:1: schedule: static gives each trial to one agent, and with ranks: 2"},
		{base + "seeds: 0", "f.yaml:5: seeds: 0 is not valid: want how many (1 to 100000), or a list of seeds"},
		{base + "seeds: [1, 2,\n 2]", "f.yaml:6: seeds: the seed 2 is given twice: replicates need different ones"},
		{base + "seeds: {count: 2, values: [1]}", "f.yaml:5: seeds: want count or values"},
		{base + "run_cap: 5\nseeds: 2", "f.yaml:5: run_cap: 5 trials are no whole number of cells with 2 seeds each; take 4 or 6"},
		{base + "parameters:\n  task.value: {min: 2.0, max: 1.0}", "f.yaml:6: task.value: min 2 is not less than max 1"},
		{base + "parameters:\n  task.value: {values: []}", "f.yaml:6: task.value: values must be a list with at least one value"},
		{base + "parameters:\n  task.value: {valuse: [1]}", "f.yaml:6: task.value.valuse: there is no such key; did you mean value?"},
		{base + "parameters:\n  task.vlaue: {values: [1]}", "f.yaml:6: task.vlaue: noop has no parameter vlaue; did you mean value? It has fail, fail_attempts,"},
		{base + "parameters:\n  task.fail: {values: [none, eror]}", "f.yaml:6: task.fail: \"eror\" is none of them: did you mean error?"},
		{base + "parameters:\n  task.value: {distribution: normal}", "f.yaml:6: task.value: a grid cannot enumerate normal;"},
		{base + "parameters:\n  task.value: {distribution: norml}", "f.yaml:6: task.value.distribution: there is no distribution \"norml\"; did you mean normal?"},
		{base + "parameters:\n  seed: {values: [1]}", "f.yaml:6: seed: seeds are replicates, not one more parameter"},
		{base + "parameters:\n  train.lr: {values: [1]}", "f.yaml:6: train.lr: task noop trains nothing: it has no model and no training"},
		{base + "parameters:\n  task: {parameters: {value: {value: 1}}}\n  task.value: {value: 2}", "f.yaml:7: task.value: this path is swept in line 6 already"},
		{base + "parameters: {task.value: {values: [1, 2], probabilities: [0.5, 0.6]}}", "f.yaml:5: task.value.probabilities: their sum is 1.1, not 1"},
		{base + "metric: {name: value, goal: minimise}", "f.yaml:5: metric.goal: \"minimise\" is not valid; did you mean minimize?"},
		{base + "metric: {name: valeu}", "f.yaml:5: metric.name: condition value has no metric valeu; did you mean value?"},
		{base + "metric: {name: value}\nselect: {goal: maximize}", "f.yaml:6: select.goal: it is maximize, and metric, which leaves goal out, says minimize;"},
		{base + "metric: {name: value, goal: minimize}\nselect: {goal: maximize}", "f.yaml:6: select.goal: it is maximize, and metric.goal says minimize; leave one of them out"},
		{base + "metric: {name: value@velue}", "f.yaml:5: metric.name: there is no condition velue; did you mean value?"},
		{base + "metric: {name: value, impute: mean}", "f.yaml:5: metric.impute: \"mean\" is not valid; valid are worst, best, latest"},
		{base + "metric: {name: value, impute_while_running: false}", "f.yaml:5: metric.impute_while_running: want the text \"false\""},
		{base + "metrics: [{name: value}]", "f.yaml:5: metrics: want a list of two metrics or more"},
		{base + "early_terminate: null", "f.yaml:5: early_terminate: want a section"},
		{base + "early_terminate: {type: hyperband, min_iter: 3}", "f.yaml:5: metric: early_terminate needs one"},
		{base + "metric: {name: value}\nearly_terminate: {type: hyperband, max_iter: 2, s: 3}", "f.yaml:6: early_terminate.max_iter: 2 gives no band with eta 3"},
		{base + "metric: {name: value}\nearly_terminate: {type: hyperband, min_iter: 2, strict: 1}", "f.yaml:6: early_terminate.strict: 1 is not valid"},
		{"method: bayes\nprogram: a.py\nparameters: {x: {min: 0, max: 9}}", "f.yaml:1: metric: bayes needs one"},
		{"method: bayes\nprogram: a.py\nmetric: {name: x}\nparameters: {x: {value: 1}}", "f.yaml:4: parameters: bayes has nothing to search"},
		{"method: random\nprogram: a.py", "f.yaml: parameters: it must be given"},
		{"method: random\nprogram: a.py\nparameters:\n  x: {distribution: beta, a: 0}", "f.yaml:4: x: a 0 and b 1: both must be from 0.001"},
		{"method: random\nprogram: a.py\nparameters:\n  x: {values: [{y: .nan}]}", "f.yaml:4: x: .nan is not valid as a value"},
		{"method: random\nprogram: a.py\nparameters:\n  x: {value: -.inf}", "f.yaml:4: x: -.inf is not valid as a value"},
		{"method: random\nprogram: a.py\nparameters:\n  x: {min: 0, max: 9223372036854775807}", "f.yaml:4: x: whole numbers are drawn from -2^53"},
		{"method: grid\ntask: !!python/name:os.system noop", "f.yaml:2: a value is tagged !!python/name:os.system; leave the tag out"},
		{"method: grid\ntask: noop\nname: a/b", "f.yaml:3: name: \"a/b\" is no name for a folder"},
		{"method: grid\ntask: noop\nname: ..", "f.yaml:3: name: \"..\" is no name for a folder"},
		{"method: grid\ntask: noop\noverrides: x", "f.yaml:3: overrides: \"x\" is not valid, want a list of key=value arguments"},
		{base + "select: {metric: value, condition: velue}", "f.yaml:5: select.condition: there is no condition velue; did you mean value?"},
		{base + "model: leaky_rnn", "f.yaml:5: model: task noop trains nothing"},
		{base + "early_terminate: {type: hyperband}", "f.yaml:5: early_terminate: want min_iter, or max_iter together with s"},
		{base + "name: again", "f.yaml:5: name: this key stands in line 1 already"},
		{trained + "checkpoints: {every: 0}", "f.yaml:6: checkpoints.every: 0 is not valid, want a whole number from 1"},
		{trained + "train: {lr: 0}", "f.yaml:6: train.lr: 0 is too small, want more than 0"},
		{trained + "train: {batch: 1.5}", "f.yaml:6: train.batch: 1.5 is not valid, want a whole number"},
		{trained + "train: {optimizer: Adam}", "f.yaml:6: train.optimizer: \"Adam\" is none of them: did you mean adam?"},
		{"method: grid\ntask: delay_comparison\nmodel: leaky_rnn\nparameters:\n  train.updates: {values: [1, 2]}", "f.yaml:5: train.updates: it cannot be swept: a trial that is trained longer is the same trial"},
		{"method: grid\ntask: delay_comparison", "f.yaml: model: it must be given, for task delay_comparison trains; there are driscoll_rnn, gru, leaky_rnn, lstm, node, noisy_gru, rnn"},
		{"method: grid\ntask: delay_comparison\nmodel: leaky\nparameters: {}", "f.yaml:3: model: there is no model \"leaky\"; valid are driscoll_rnn, gru, leaky_rnn, lstm, node, noisy_gru, rnn"},
		{"method: gird\ntask: noop", "f.yaml:1: method: \"gird\" is no method; did you mean grid?"},
		{"task: noop", "f.yaml: method: it must be given"},
		{"- 1", "f.yaml:1: a spec is a mapping of keys to values"},
		{"", "f.yaml: the file is empty"},
		{"method: grid\nprogram: a.py\ncommand: [\"${arg}\"]\nparameters: {x: {value: 1}}", "f.yaml:3: command: ${arg} is no macro; did you mean args?"},
		{"method: grid\nprogram: a.py\ncommand: [\"${envvar:home}\"]\nparameters: {x: {value: 1}}", "f.yaml:3: command: ${envvar:home} is no macro"},
		{"method: grid\ntask: noop\nprogram: a.py", "f.yaml:2: task: a sweep trains a task or runs a program, not both"},
	} {
		_, err := sweep.Parse("f.yaml", []byte(c.text), nil, train.Catalog())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\ngives  %v\nwant   %s", c.text, err, c.want)
		}
	}
}

// TestAllMistakes names every mistake of a file at once, in the order of its lines.
func TestAllMistakes(t *testing.T) {
	_, err := sweep.Parse("f.yaml", []byte("nmae: x\nmethod: grid\ntask: noop\nseeds: [1, 1]\nretries: -1\n"), []string{"task.vlaue=1"}, train.Catalog())
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{"f.yaml:1: nmae", "f.yaml:4: seeds", "f.yaml:5: retries", "f.yaml: task.vlaue"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Fatalf("line %d is not about %s:\n%v", i, want, err)
		}
	}
	if _, ok := err.(sweep.Problems); !ok {
		t.Errorf("the error is a %T, want Problems", err)
	}
}

// TestArgumentMistakes has mistakes on the command line: they have no line.
func TestArgumentMistakes(t *testing.T) {
	for arg, want := range map[string]string{
		"train.updates":             "f.yaml: train.updates: an argument is key=value",
		"=1":                        "f.yaml: =1: an argument is key=value",
		"train.lr=":                 "f.yaml: train.lr: there is no value behind the =",
		"train.lr=1,,2":             "f.yaml: train.lr: between two commas there is no value",
		"train.lr=[1":               "f.yaml: train.lr: a bracket or a quote",
		"model.hidden=range(4,4)":   "f.yaml: model.hidden: range(…) from 4 to 4 in steps of 1 is empty",
		"model.hidden=range(0,9,0)": "f.yaml: model.hidden: range(…): the step is 0",
		"model.hiden=3":             "f.yaml: model.hiden: leaky_rnn has no parameter hiden; did you mean hidden?",
		"modl.hidden=3":             "f.yaml: modl.hidden: no task, model or section has this key; did you mean model.hidden?",
		"checkpoints.every=1,2":     "f.yaml: checkpoints.every: several values can be given only for",
		"train.updates=1,2":         "f.yaml: train.updates: it cannot be swept",
		"overrides=[]":              "f.yaml: overrides: an argument stands for itself",
		"seeds.data=x":              "f.yaml: seeds.data: \"x\" is no seed",
	} {
		_, err := sweep.Parse("f.yaml", []byte(trained), []string{arg}, train.Catalog())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s gives\n%v, want\n%s", arg, err, want)
		}
	}
}

// TestUnsupported is planned, and listed with its line.
func TestUnsupported(t *testing.T) {
	s, err := sweep.Parse("f.yaml", []byte(`method: bayes
task: noop
metric: {name: value, impute: worst}
early_terminate: {type: hyperband, min_iter: 3}
job: x
project: p
entity: e
parameters: {task.value: {min: 0.0, max: 1.0}}
evaluate: {value: {}}
`), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	got := s.Unrunnable().Error()
	for i, want := range []string{"f.yaml:1: method: bayes", "f.yaml:3: metric.impute:", "f.yaml:4: early_terminate:", "f.yaml:5: job:"} {
		if lines := strings.Split(got, "\n"); i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of\n%s\nis not about %s", i, got, want)
		}
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "project, entity") {
		t.Errorf("warnings %q, want one that names project and entity", w)
	}
}
