package sweep_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

// wide is the program's catalog with the two models of these tests as they are declared here, whatever the program's own are.
func wide() *sweep.Catalog {
	cat := train.Catalog()
	least := 1.0
	hidden := sweep.Param{Name: "hidden", Type: sweep.Int, Default: int64(128), Min: &least, Doc: "Units."}
	cat.Models["gru"] = sweep.Component{Name: "gru", Revision: 1, Params: []sweep.Param{hidden}}
	hidden.Default = int64(64)
	cat.Models["node"] = sweep.Component{Name: "node", Revision: 1, Params: []sweep.Param{{Name: "latent", Type: sweep.Int, Default: int64(3), Min: &least, Doc: "States."}, hidden}}
	cat.Build = nil
	return cat
}

func parseWide(t *testing.T, text string, args ...string) *sweep.Spec {
	t.Helper()
	s, err := sweep.Parse("f.yaml", []byte(text), args, wide())
	if err != nil {
		t.Fatalf("%v\nin\n%s %q", err, text, args)
	}
	return s
}

const pair = `method: grid
task: {name: three_bit_flip_flop, length: 20}
parameters:
  model: {values: [{name: gru, hidden: 128}, {name: node, latent: 3, hidden: 64}]}
  train.lr: {values: [0.1, 0.2]}
`

// TestSectionsAsValues has plans of swept sections: a trial's parameters are the section's name and its parameters, by their paths.
func TestSectionsAsValues(t *testing.T) {
	const head = "method: grid\ntask: delay_comparison\n"
	for _, c := range []struct {
		name, text string
		args       []string
		want       []string // the whole plan
	}{
		{"two models", pair, []string{"train.lr=0.1"},
			[]string{`{"model":"gru","model.hidden":128} 0`, `{"model":"node","model.hidden":64,"model.latent":3} 0`}},
		{"models × learning rates × seeds, the first is the file's first", pair, []string{"seeds=2", "train.lr=0.1,0.2"},
			[]string{`{"model":"gru","model.hidden":128,"train.lr":0.1} 0`, `{"model":"gru","model.hidden":128,"train.lr":0.1} 1`,
				`{"model":"gru","model.hidden":128,"train.lr":0.2} 0`, `{"model":"gru","model.hidden":128,"train.lr":0.2} 1`,
				`{"model":"node","model.hidden":64,"model.latent":3,"train.lr":0.1} 0`, `{"model":"node","model.hidden":64,"model.latent":3,"train.lr":0.1} 1`,
				`{"model":"node","model.hidden":64,"model.latent":3,"train.lr":0.2} 0`, `{"model":"node","model.hidden":64,"model.latent":3,"train.lr":0.2} 1`}},
		{"an argument sets a key in every value", pair, []string{"model.hidden=29", "train.lr=0.1"},
			[]string{`{"model":"gru","model.hidden":29} 0`, `{"model":"node","model.hidden":29,"model.latent":3} 0`}},
		{"only where the model has it", pair, []string{"model.latent=5", "train.lr=0.1"},
			[]string{`{"model":"gru","model.hidden":128} 0`, `{"model":"node","model.hidden":64,"model.latent":5} 0`}},
		{"several values take the place of the mappings' own", pair, []string{"model.hidden=29,64", "train.lr=0.1"},
			[]string{`{"model":"gru","model.hidden":29} 0`, `{"model":"gru","model.hidden":64} 0`,
				`{"model":"node","model.hidden":29,"model.latent":3} 0`, `{"model":"node","model.hidden":64,"model.latent":3} 0`}},
		{"a model that lacks a swept parameter has one cell", pair, []string{"model.latent=5,6", "train.lr=0.1"},
			[]string{`{"model":"gru","model.hidden":128} 0`, `{"model":"node","model.hidden":64,"model.latent":5} 0`, `{"model":"node","model.hidden":64,"model.latent":6} 0`}},
		{"an argument may replace the whole section, whatever the order", pair, []string{"model.hidden=7", "train.lr=0.1", "model={name: node},{name: gru, hidden: 5}"},
			[]string{`{"model":"node","model.hidden":7} 0`, `{"model":"gru","model.hidden":7} 0`}},
		{"what one value gives, all show", head + "parameters: {model: {values: [leaky_rnn, {name: gru}, {name: gru, hidden: 5}]}}", nil,
			[]string{`{"model":"leaky_rnn","model.hidden":64} 0`, `{"model":"gru","model.hidden":128} 0`, `{"model":"gru","model.hidden":5} 0`}},
		{"names alone stay names, and twins collapse", head + "parameters: {model: {values: [gru, {name: node}, {name: gru}]}}", nil,
			[]string{`{"model":"gru"} 0`, `{"model":"node"} 0`}},
		{"twins by a default collapse", head + "parameters: {model: {values: [gru, {name: gru, hidden: 128.0}]}}", nil, []string{`{"model":"gru","model.hidden":128} 0`}},
		{"the section itself is for all models", head + "model: {hidden: 9}\nparameters: {model: {values: [gru, {name: node, latent: 4}]}}", nil,
			[]string{`{"model":"gru"} 0`, `{"model":"node","model.latent":4} 0`}},
		{"and shown where one of them gives it itself", head + "model: {hidden: 9}\nparameters: {model: {values: [{name: gru}, {name: node, hidden: 4}]}}", nil,
			[]string{`{"model":"gru","model.hidden":9} 0`, `{"model":"node","model.hidden":4} 0`}},
		{"an argument for models by name", head + "parameters: {model: {values: [gru, node]}}", []string{"model.hidden=9"}, []string{`{"model":"gru"} 0`, `{"model":"node"} 0`}},
		{"training, in mappings", head + "model: gru\nparameters: {train: {values: [{optimizer: sgd, lr: 1, schedule: {kind: cosine}}, {lr: 0.5}]}}", []string{"train.batch=8"},
			[]string{`{"train.batch":8,"train.lr":1.0,"train.optimizer":"sgd","train.schedule.kind":"cosine"} 0`, `{"train.batch":8,"train.lr":0.5,"train.optimizer":"adam","train.schedule.kind":"constant"} 0`}},
		{"the task, in mappings", head + "model: gru\nparameters: {task: {values: [{sigma: 0}, {name: delay_comparison, sigma: 2}]}}", nil, []string{`{"task.sigma":0.0} 0`, `{"task.sigma":2.0} 0`}},
		{"an argument takes the place of the file's path", head + "parameters: {model: {values: [gru, {name: node, latent: 4}]}, model.hidden: {values: [2, 3]}}", []string{"model.hidden=5"},
			[]string{`{"model":"gru","model.hidden":5} 0`, `{"model":"node","model.hidden":5,"model.latent":4} 0`}},
		{"one value", head + "parameters: {model: {value: {name: gru, hidden: 3}}}", nil, []string{`{"model":"gru","model.hidden":3} 0`}},
	} {
		s := parseWide(t, c.text, c.args...)
		if got := plan(t, s, len(c.want)+1); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		p, err := search.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if n, finite := p.Len(); n != len(c.want) || !finite {
			t.Errorf("%s: a plan of %d trials, finite: %t, has %d", c.name, n, finite, len(c.want))
		}
		frozen, err := sweep.Parse("sweep.yaml", s.Freeze(), nil, wide())
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, s.Freeze())
		}
		if again := plan(t, frozen, len(c.want)+1); frozen.Digest() != s.Digest() || !slices.Equal(again, c.want) {
			t.Errorf("%s: frozen and read back it is %v %v", c.name, s.Diff(frozen), again)
		}
	}
}

// TestSectionKeys writes one configuration in several ways: the same trial.
func TestSectionKeys(t *testing.T) {
	const head = "method: grid\ntask: {name: three_bit_flip_flop, length: 20}\ntrain: {lr: 0.1}\n"
	first := func(text string, args ...string) sweep.Trial {
		p, err := search.Open(parseWide(t, text, args...))
		if err != nil {
			t.Fatal(err)
		}
		trials, _, err := p.Next(1)
		if err != nil || len(trials) != 1 {
			t.Fatalf("%d trials, %v", len(trials), err)
		}
		return trials[0]
	}
	want := first(head + "model: {name: gru, hidden: 29}")
	for i, same := range []sweep.Trial{
		first(pair, "model.hidden=29"),
		first(pair, "model.hidden=29,64"),
		first(head + "parameters: {model: {values: [gru, node]}, model.hidden: {values: [29, 64]}}"),
		first(head+"parameters: {model: {values: [gru, node]}}", "model.hidden=29"),
		first(head + "model: {hidden: 29}\nparameters: {model: {values: [gru, leaky_rnn]}}"),
		first(head + "parameters: {model: {values: [{name: gru, hidden: 29}, node]}}"),
		first(head, "model={name: gru, hidden: 29}"),
	} {
		if same.ID != want.ID || same.Cell != want.Cell {
			t.Errorf("way %d of writing it has the key %s, want %s: %v", i, same.ID, want.ID, same.Params)
		}
	}
	if other := first(pair); other.ID == want.ID {
		t.Error("another number of units has the same key")
	}
	// A model's default is its own, whatever stands before it in the list.
	node := head + "model: {latent: 3}\nparameters: {model: {values: [node, gru]}}"
	if got := first(node, "model=node"); got.ID != first(head+"model: node").ID {
		t.Error("a default was taken from another model")
	}
	if trial := first(head+"model: {latent: 3}\nparameters: {model: {values: [gru, node]}}", "train.lr=0.1"); trial.ID != first(head+"model: gru").ID {
		t.Error("a model gets a parameter that it lacks")
	}
}

// TestSectionsAtRandom draws whole sections: every trial is one of the values, and a point that repeats a cell is drawn again.
func TestSectionsAtRandom(t *testing.T) {
	s := parseWide(t, strings.NewReplacer("grid", "random", "{values: [0.1, 0.2]}", "{distribution: log_uniform_values, min: 0.001, max: 0.1}").Replace(pair)+"run_cap: 40\nseeds: 2\n")
	count := map[string]int{}
	for _, line := range plan(t, s, 40) {
		params, _, _ := strings.Cut(line, `,"train.lr"`)
		count[params]++
	}
	if len(count) != 2 || count[`{"model":"gru","model.hidden":128`] < 6 || count[`{"model":"node","model.hidden":64,"model.latent":3`] < 6 {
		t.Errorf("the draws are %v", count)
	}
	s = parseWide(t, strings.Replace(pair, "grid", "random", 1)+"run_cap: 40\n")
	if lines := plan(t, s, 40); len(lines) != 4 {
		t.Errorf("a space of 4 cells gives %q", lines)
	}
}

// TestPaths lists the columns of a table of cells.
func TestPaths(t *testing.T) {
	if got := parseWide(t, pair, "task.p=0.1,0.2").Paths(); !slices.Equal(got, []string{"model", "model.hidden", "model.latent", "train.lr", "task.p"}) {
		t.Errorf("paths %v", got)
	}
	if got := parseWide(t, "method: grid\ntask: delay_comparison\nmodel: gru\nparameters: {train: {values: [{lr: 1}, {batch: 2}]}}").Paths(); !slices.Equal(got, []string{"train.batch", "train.lr"}) {
		t.Errorf("paths %v", got)
	}
}

// TestSectionMistakes names the line of the value, and what would be right.
func TestSectionMistakes(t *testing.T) {
	const head = "method: grid\ntask: delay_comparison\nmodel: gru\nparameters:\n"
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{head + "  model:\n    values:\n    - {name: gru, hiden: 3}", nil, "f.yaml:7: model.hiden: gru has no parameter hiden; did you mean hidden?"},
		{head + "  model:\n    values:\n    - name: gru\n      hidden: 0", nil, "f.yaml:8: model.hidden: 0 is too small, the least is 1"},
		{head + "  model:\n    values:\n    - {name: gur}", nil, "f.yaml:7: model: there is no model \"gur\"; did you mean gru?"},
		{head + "  model:\n    values:\n    - {hidden: 3}", nil, "f.yaml:7: model: this value has no name; valid are driscoll_rnn, gru,"},
		{head + "  model:\n    values:\n    - 3", nil, "f.yaml:7: model: there is no model 3; valid are"},
		{head + "  model: {min: 1, max: 2}", nil, "f.yaml:5: model: a whole section can be swept by value or values only"},
		{head + "  model: {values: [{name: gru, hidden: 3}]}\n  model.hidden: {values: [4]}", nil, "f.yaml:5: model.hidden: this value gives it, and it is swept by itself as well"},
		{head + "  model: {values: [{name: gru, latent: 3}]}", nil, "f.yaml:5: model.latent: gru has no parameter latent"},
		{head + "  model: {values: [{name: gru, hidden: [3]}]}", nil, "f.yaml:5: model.hidden: [3] is not valid, want a whole number"},
		{head + "  model: {values: [{name: gru, hidden: 3}, node]}", []string{"model.hiden=3"}, "f.yaml: model.hiden: no model of this sweep has it (gru, node); did you mean hidden? Valid are hidden, latent"},
		{head + "  model: {values: [{name: gru, hidden: 3}]}", []string{"model.latent=3,4"}, "f.yaml: model.latent: no model of this sweep has it (gru); valid are hidden"},
		{head + "  model: {values: [{name: gru, hidden: 3}]}", []string{"model.hidden=0"}, "f.yaml: model.hidden: 0 is too small"},
		{head + "  model: {values: [gru]}", []string{"model.hiden=3"}, "f.yaml: model.hiden: gru has no parameter hiden; did you mean hidden?"},
		{head + "  train:\n    values: [{updates: 3}]", nil, "f.yaml:6: train.updates: it cannot be swept: a trial that is trained longer is the same trial"},
		{head + "  train: {values: [{threads: 3}]}", nil, "f.yaml:5: train.threads: it cannot be swept: it changes no result"},
		{head + "  train: {values: [adam]}", nil, "f.yaml:5: train: \"adam\" is no section: want a mapping"},
		{head + "  train: {values: [{lr: 0}]}", nil, "f.yaml:5: train.lr: 0 is too small"},
		{head + "  task: {values: [{sigm: 0}]}", nil, "f.yaml:5: task.sigm: delay_comparison has no parameter sigm; did you mean sigma?"},
	} {
		_, err := sweep.Parse("f.yaml", []byte(c.text), c.args, wide())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s %q\ngives  %v\nwant   %s", c.text, c.args, err, c.want)
		}
	}
	s := parseWide(t, head+"  task: {values: [noop, delay_comparison]}")
	if got := s.Unrunnable().Error(); !strings.HasPrefix(got, "f.yaml:5: task: several tasks in one sweep are planned") {
		t.Errorf("several tasks: %s", got)
	}
}

// TestLengthOfATaskTrial: where the task has a length, that of train is refused with the right path, and in no key.
func TestLengthOfATaskTrial(t *testing.T) {
	const text = "method: grid\ntask: three_bit_flip_flop\nmodel: gru\n"
	want := "train.length: a task trial of three_bit_flip_flop has a length of its own: write task.length"
	for _, c := range []struct {
		text string
		args []string
		at   string
	}{
		{text + "train:\n  length: 100", nil, "f.yaml:5: "}, {text + "parameters:\n  train.length: {values: [3, 4]}", nil, "f.yaml:5: "},
		{text, []string{"train.length=3"}, "f.yaml: "}, {text, []string{"train.length=3,4"}, "f.yaml: "},
		{text + "parameters:\n  train: {values: [{length: 3}]}", nil, "f.yaml:5: "},
	} {
		if _, err := sweep.Parse("f.yaml", []byte(c.text), c.args, wide()); err == nil || err.Error() != c.at+want {
			t.Errorf("%s %q\ngives %v", c.text, c.args, err)
		}
	}
	s := parseWide(t, text)
	c, err := s.Config(nil, 0)
	if _, has := c.Train["length"]; has || err != nil || strings.Contains(string(s.Freeze()), "length: 100\n") {
		t.Errorf("the training has a length: %v, %v\n%s", c.Train, err, s.Freeze())
	}
	if c, err = parseWide(t, text, "task.length=40").Config(nil, 0); err != nil || c.Task.Params["length"] != int64(40) {
		t.Errorf("task.length=40 gives %v, %v", c.Task.Params, err)
	}
}

// TestFlipFlopExample plans the example, as it stands and with an argument for all its models: the first trial is a GRU.
func TestFlipFlopExample(t *testing.T) {
	const file = "../examples/three_bit_flip_flop.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		trials int
		want   []string
	}{
		{nil, 20, []string{`{"model":"gru","model.hidden":128,"train.lr":0.003} 0`, `{"model":"gru","model.hidden":128,"train.lr":0.003} 1`}},
		{[]string{"model.hidden=29", "seeds=1", "train.lr=2e-3", "task.length=45", "train.batch=37"}, 2,
			[]string{`{"model":"gru","model.hidden":29} 0`, `{"model":"node","model.hidden":29,"model.latent":3} 0`}},
		{[]string{"model=gru", "train.lr=2e-3", "seeds=1"}, 1, []string{`{} 0`}},
	} {
		s, err := sweep.Parse(file, text, c.args, train.Catalog())
		if err != nil {
			t.Fatal(err)
		}
		if got := plan(t, s, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
		p, err := search.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := p.Len(); n != c.trials {
			t.Errorf("%q: %d trials, want %d", c.args, n, c.trials)
		}
	}
}
