package sweep_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"neurosweep/models/train"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

func parse(t interface {
	Fatalf(string, ...any)
}, text string, args ...string) *sweep.Spec {
	s, err := sweep.Parse("f.yaml", []byte(text), args, train.Catalog())
	if err != nil {
		t.Fatalf("%v\nin\n%s %q", err, text, args)
	}
	return s
}

// plan is the first n trials of a spec, each as "path=value … seed".
func plan(t interface {
	Fatalf(string, ...any)
}, s *sweep.Spec, n int) []string {
	p, err := search.Open(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	trials, _, err := p.Next(n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var lines []string
	for i, trial := range trials {
		params, err := json.Marshal(trial.Params)
		if err != nil || trial.Index != i {
			t.Fatalf("trial %d has index %d: %v", i, trial.Index, err)
		}
		lines = append(lines, fmt.Sprintf("%s %d", params, trial.Seed))
	}
	return lines
}

const net = "method: grid\ntask: delay_comparison\nmodel: leaky_rnn\n"

// TestOrderOfThePlan is written out by hand.
func TestOrderOfThePlan(t *testing.T) {
	for _, c := range []struct {
		name, text string
		args       []string
		want       []string
	}{
		{"sorted paths, the last fastest, seeds innermost",
			net + "seeds: [5, 3]\nparameters: {train.lr: {values: [0.2, 0.1]}, model.hidden: {values: [2, 1]}}", nil,
			[]string{`{"model.hidden":2,"train.lr":0.2} 5`, `{"model.hidden":2,"train.lr":0.2} 3`, `{"model.hidden":2,"train.lr":0.1} 5`, `{"model.hidden":2,"train.lr":0.1} 3`,
				`{"model.hidden":1,"train.lr":0.2} 5`, `{"model.hidden":1,"train.lr":0.2} 3`, `{"model.hidden":1,"train.lr":0.1} 5`, `{"model.hidden":1,"train.lr":0.1} 3`}},
		{"argument-only paths come last, in their order",
			net + "parameters: {train.lr: {values: [0.2, 0.1]}}", []string{"train.batch=4,2", "model.hidden=2,1"},
			[]string{`{"model.hidden":2,"train.batch":4,"train.lr":0.2} 0`, `{"model.hidden":1,"train.batch":4,"train.lr":0.2} 0`, `{"model.hidden":2,"train.batch":2,"train.lr":0.2} 0`}},
		{"an argument takes the place of the file's path",
			net + "parameters: {train.lr: {values: [0.2, 0.1]}, model.hidden: {values: [3, 4]}}", []string{"model.hidden=2,1", "seeds=1"},
			[]string{`{"model.hidden":2,"train.lr":0.2} 0`, `{"model.hidden":2,"train.lr":0.1} 0`, `{"model.hidden":1,"train.lr":0.2} 0`, `{"model.hidden":1,"train.lr":0.1} 0`}},
		{"one value fixes a path",
			net + "parameters: {train.lr: {values: [0.2, 0.1]}, model.hidden: {values: [3, 4]}}", []string{"train.lr=0.5"},
			[]string{`{"model.hidden":3} 0`, `{"model.hidden":4} 0`}},
		{"nested is dotted, twins collapse, whole floats are ints",
			net + "parameters: {model: {parameters: {hidden: {values: [3, 3.0, 4e0]}}}}", nil,
			[]string{`{"model.hidden":3} 0`, `{"model.hidden":4} 0`}},
		{"ranges", net + "parameters: {train.batch: {min: 2, max: 3}}", []string{"model.hidden=range(32,129,48)"},
			[]string{`{"model.hidden":32,"train.batch":2} 0`, `{"model.hidden":80,"train.batch":2} 0`, `{"model.hidden":128,"train.batch":2} 0`, `{"model.hidden":32,"train.batch":3} 0`}},
		{"q_uniform leaves its end out but for rounding", "method: grid\ntask: noop\nparameters: {task.value: {distribution: q_uniform, min: 0.1, max: 0.4, q: 0.1}}", nil,
			[]string{`{"task.value":0.1} 0`, `{"task.value":0.2} 0`, `{"task.value":0.30000000000000004} 0`, `{"task.value":0.4} 0`}},
		{"q_uniform begins at min", "method: grid\nprogram: x\nparameters: {x: {distribution: q_uniform, min: 0.5, max: 3}, y: {distribution: q_uniform, min: 2, max: 5, q: 2}}", nil,
			[]string{`{"x":0.5,"y":2} 0`, `{"x":0.5,"y":4} 0`, `{"x":1.5,"y":2} 0`, `{"x":1.5,"y":4} 0`, `{"x":2.5,"y":2} 0`, `{"x":2.5,"y":4} 0`}},
		{"of twins the last spelling", "method: grid\nprogram: x\nparameters: {x: {values: [1, 1.0, 2, true, \"1\"]}}", nil,
			[]string{`{"x":1.0} 0`, `{"x":2} 0`, `{"x":true} 0`, `{"x":"1"} 0`}},
	} {
		got := plan(t, parse(t, c.text, c.args...), len(c.want))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestSeeds reads counts and lists, in the file and as arguments.
func TestSeeds(t *testing.T) {
	for arg, want := range map[string][]int64{"seeds=3": {0, 1, 2}, "seeds=[3]": {3}, "seeds=5,6": {5, 6}, "seeds={values: [7], data: 9}": {7}, "seeds=range(2,8,3)": {2, 5},
		"seeds.data=9": {0}, "seeds.count=2": {0, 1}} {
		if got := parse(t, "method: grid\ntask: noop", arg).Seeds; !slices.Equal(got, want) {
			t.Errorf("%s gives the seeds %v, want %v", arg, got, want)
		}
	}
}

// TestTwinsAreDrawnTwice: two equal values among three have two thirds of the draws of a random sweep.
func TestTwinsAreDrawnTwice(t *testing.T) {
	p := parse(t, "method: random\ntask: noop\nparameters: {task.value: {values: [1, 1.0, 2]}}").Parameters[0]
	if a, b := search.Quantile(p, 0.6), search.Quantile(p, 0.7); a != 1.0 || b != 2.0 {
		t.Errorf("at 0.6 and 0.7 of the draws are %v and %v, want 1 and 2", a, b)
	}
}

// TestCommandWords are text as Python's str() writes them.
func TestCommandWords(t *testing.T) {
	s := parse(t, "method: grid\nparameters: {x: {value: 1}}\ncommand: [\"${env}\", \"${envvar:HOME}/x\", python, 3, 1e-5, 0.001, 1e3, 1e16, true, false, null]")
	want := []string{"${env}", "${envvar:HOME}/x", "python", "3", "1e-05", "0.001", "1000.0", "1e+16", "True", "False", "None"}
	if !slices.Equal(s.Command, want) {
		t.Errorf("the words are %q, want %q", s.Command, want)
	}
}

// TestNames of W&B's files are any text; ours are those of folders, too.
func TestNames(t *testing.T) {
	for _, name := range []string{"My sweep (v2)", "größe=1", "a.b-c"} {
		if s := parse(t, "method: grid\ntask: noop\nname: \""+name+"\""); s.Name != name {
			t.Errorf("the name %q became %q", name, s.Name)
		}
	}
}

// TestArgumentsAreLikeTheFile compares a spec with arguments with one that says the same in the file.
func TestArgumentsAreLikeTheFile(t *testing.T) {
	a := parse(t, net+"name: n\nparameters: {model.hidden: {values: [8, 16]}, train.lr: {values: [0.1]}}\nevaluate: {seq100: {}}", "train.lr=choice(0.2, 0.3)", "train.updates=50",
		"checkpoints.every=10", "evaluate.seq100.batches=3", "seeds=2", "task.sigma=0.5")
	b := parse(t, "name: n\nmethod: grid\ntask: {name: delay_comparison, sigma: 0.5}\nmodel: leaky_rnn\ntrain: {updates: 50}\nseeds: [0, 1]\n"+
		"parameters: {model.hidden: {values: [8, 16]}, train.lr: {values: [0.2, 0.3]}}\nevaluate: {seq100: {batches: 3}}\ncheckpoints: {every: 10}\n")
	if a.Digest() != b.Digest() {
		t.Errorf("they differ: %v", a.Diff(b))
	}
}

// TestGoldenKeys pins the keys of twenty trials: a key that changes makes a new trial of an old one.
func TestGoldenKeys(t *testing.T) {
	var lines []string
	for _, c := range []struct {
		text string
		args []string
		n    int
	}{
		{net + "seeds: 2\nparameters: {train.lr: {values: [1e-3, 3e-4]}, model.hidden: {values: [32, 64]}}", nil, 8},
		{net, []string{"train.optimizer=sgd", "train.momentum=0.9", "seeds=[-1]"}, 1},
		{net, []string{"seeds={values: [4], data: 7}"}, 1},
		{"method: grid\ntask: noop\nseeds: 3\nparameters: {task.value: {values: [0, 1.5]}}", nil, 6},
		{"method: grid\nprogram: train.py\nparameters: {lr: {values: [1e-3, 1]}, seed: {values: [0, 1]}}", nil, 4},
	} {
		p, err := search.Open(parse(t, c.text, c.args...))
		if err != nil {
			t.Fatal(err)
		}
		trials, _, err := p.Next(c.n)
		if err != nil || len(trials) != c.n {
			t.Fatalf("%d trials, %v", len(trials), err)
		}
		for _, trial := range trials {
			params, err := json.Marshal(trial.Params)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %d", trial.ID, trial.Cell, params, trial.Seed))
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "keys.golden")
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the keys of trials have changed. If a revision was raised on purpose, %s should be\n%s", file, got)
	}
}

// TestKeysLeaveOut checks what is in a key and what is not.
func TestKeysLeaveOut(t *testing.T) {
	key := func(args ...string) sweep.TrialID {
		trial, err := parse(t, net+"evaluate: {seq100: {}}", args...).Trial(0, nil, 3)
		if err != nil {
			t.Fatal(err)
		}
		return trial.ID
	}
	for _, same := range []string{"name=other", "train.updates=7", "train.threads=1", "checkpoints.every=5", "evaluate.seq100.batches=2", "retries=9", "train.lr=0.001", "train.machine=scan", "train.schedule.updates=7", "train.no_decay=[]",
		"seeds={values: [1], data: 3}"} {
		if key(same) != key() {
			t.Errorf("%s changes the key", same)
		}
	}
	for _, other := range []string{"train.lr=0.002", "train.machine=reference", "train.schedule.kind=cosine", "train.schedule.warmup=5", "train.no_decay=[b_*]", "model.hidden=63", "task.sigma=0.5", "train.optimizer=sgd", "seeds={values: [1], data: 4}"} {
		if key(other) == key() {
			t.Errorf("%s does not change the key", other)
		}
	}
}

// TestHorizonInKey: a schedule's horizon is part of a trial, and is the number of updates where it is left out.
func TestHorizonInKey(t *testing.T) {
	key := func(args ...string) sweep.TrialID {
		trial, err := parse(t, net, append([]string{"train.schedule.kind=cosine"}, args...)...).Trial(0, nil, 3)
		if err != nil {
			t.Fatal(err)
		}
		return trial.ID
	}
	short := key("train.updates=50")
	if key("train.updates=60") == short || key("train.schedule.updates=60") == short {
		t.Error("another horizon does not change the key")
	}
	if key("train.updates=60", "train.schedule.updates=50") != short || key("train.schedule={kind: cosine, updates: 50}") != short {
		t.Error("the same horizon, given apart, changes the key")
	}
	swept := parse(t, net+"train: {updates: 50}\nparameters: {train.schedule.kind: {values: [constant, cosine]}}")
	trial, err := swept.Trial(1, sweep.Values{"train.schedule.kind": "cosine"}, 3)
	if err != nil || trial.ID != short {
		t.Errorf("swept, it has the key %s, error %v, want %s", trial.ID, err, short)
	}
}

// TestFreeze reads random specs back from their frozen form: the same digest, and the same plan.
func TestFreezeOfRanks(t *testing.T) {
	for text, want := range map[string]string{"": "", "ranks: 1\nschedule: dynamic\n": "", "ranks: 8\n": "ranks: 8\n", "schedule: static\n": "schedule: \"static\"\n"} {
		s, err := sweep.Parse("sweep.yaml", []byte(text+trained), nil, train.Catalog())
		if err != nil {
			t.Fatal(err)
		}
		again, err := sweep.Parse("sweep.yaml", s.Freeze(), nil, train.Catalog())
		if err != nil || again.Ranks != s.Ranks || again.Static != s.Static || again.Digest() != s.Digest() {
			t.Errorf("%q: frozen and read again: ranks %d, static %t, %v", text, again.Ranks, again.Static, err)
		}
		frozen := string(s.Freeze())
		if want == "" && (strings.Contains(frozen, "ranks") || strings.Contains(frozen, "\nschedule: ")) || !strings.Contains(frozen, want) {
			t.Errorf("%q is frozen as\n%s", text, frozen)
		}
	}
}

func TestFreeze(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"grid", "random"}).Draw(t, "method")
		text := "method: " + method + "\ntask: {name: delay_comparison}\nmodel: leaky_rnn\nevaluate: {a: {kind: seq100}, b: {kind: whole_trial, count: 7}}\n"
		text += "parameters:\n  train.lr: {values: [" + rapid.SampledFrom([]string{"0.1", "1e-3, 1", "1e-7, 0.25, 2e-3"}).Draw(t, "lr") + "]}\n"
		if method == "random" {
			text += "  model.hidden: " + rapid.SampledFrom([]string{"{min: 2, max: 9}", "{distribution: q_uniform, min: 2, max: 20, q: 2}",
				"{values: [3, 5], probabilities: [0.25, 0.75]}", "{distribution: q_log_uniform_values, min: 2, max: 64, q: 1}"}).Draw(t, "hidden") + "\n"
			text += "  task.sigma: " + rapid.SampledFrom([]string{"{min: 0.5, max: 1.0}", "{distribution: beta, a: 2, b: 3}", "{distribution: log_normal, mu: -1, sigma: 0.1}",
				"{distribution: inv_log_uniform_values, min: 0.1, max: 2}"}).Draw(t, "sigma") + "\n"
			text += "run_cap: 12\nsampler: {seed: 5}\n"
		}
		args := []string{"seeds=" + rapid.SampledFrom([]string{"1", "[4]", "2,9,-3", "{count: 2, data: 1}"}).Draw(t, "seeds")}
		args = append(args, rapid.SliceOfDistinct(rapid.SampledFrom([]string{"train.batch=2,4", "train.momentum=0.5", "select.metric=accuracy@a", "metric={name: accuracy@b, goal: maximize, target: 0.5}",
			"train.optimizer=adam,sgd", "checkpoints={every: 10, keep: best}", "description=text with: colon", "model.hidden=8,6"}), func(s string) string {
			key, _, _ := strings.Cut(s, "=")
			return strings.Replace(key, "select.metric", "metric", 1)
		}).Draw(t, "args")...)
		s := parse(t, text, args...)
		frozen, err := sweep.Parse("sweep.yaml", s.Freeze(), nil, train.Catalog())
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Freeze())
		}
		if frozen.Digest() != s.Digest() {
			t.Fatalf("another digest: %v", s.Diff(frozen))
		}
		if a, b := plan(t, s, 12), plan(t, frozen, 12); !slices.Equal(a, b) {
			t.Fatalf("another plan:\n%v\n%v", a, b)
		}
	})
}

// TestAmend adds conditions, and refuses to give a name another meaning.
func TestAmend(t *testing.T) {
	s := parse(t, net+"evaluate: {seq100: {batches: 3}}")
	amended, added, err := sweep.Amend(s, "more.yaml", []byte("seq100: {batches: 3}\nlater: {kind: whole_trial, count: 5}"), train.Catalog())
	if err != nil || len(added) != 1 || added[0].Name != "later" || len(amended.Evaluate) != 2 || len(s.Evaluate) != 1 {
		t.Errorf("added %v, %v", added, err)
	}
	if _, _, err := sweep.Amend(s, "more.yaml", []byte("x: {kind: seq100}\nseq100: {batches: 4}"), train.Catalog()); err == nil ||
		!strings.HasPrefix(err.Error(), "more.yaml:2: seq100: the sweep has a condition of this name already") {
		t.Errorf("a name was given another meaning: %v", err)
	}
}
