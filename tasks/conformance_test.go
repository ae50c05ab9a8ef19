package tasks

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

// small makes the data sets of finite tasks small enough for tests that make many.
var small = map[string]sweep.Values{flipFlopName: {"length": int64(40), "samples": int64(24), "p": 0.1}}

// All tests of this file run on every registered task.
func each(t *testing.T, test func(t *testing.T, info sweep.TaskInfo, task Task)) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			info, ok := Info(name)
			task, err := New(sweep.Section{Name: name, Params: small[name]})
			if !ok || err != nil {
				t.Fatalf("the defaults of %s: %v", name, err)
			}
			test(t, info, task)
		})
	}
}

func TestDescriptions(t *testing.T) {
	each(t, func(t *testing.T, info sweep.TaskInfo, task Task) {
		for _, c := range append([]sweep.Component{info.Component}, info.Evaluations...) {
			if c.Name == "" || c.Revision < 1 || c.Doc == "" {
				t.Errorf("component %+v is not described", c)
			}
			for _, p := range c.Params {
				if p.Name == "" || p.Doc == "" || p.Default == nil {
					t.Errorf("%s: parameter %+v is not described", c.Name, p)
				}
			}
		}
		for _, c := range info.Evaluations {
			if m := info.Metrics[c.Name]; len(m) == 0 || !slices.IsSorted(m) {
				t.Errorf("%s: metrics %v", c.Name, m)
			}
		}
		if info.OwnLength && !slices.ContainsFunc(info.Params, func(p sweep.Param) bool { return p.Name == "length" }) {
			t.Error("its task trials have their own length, and it has no parameter length")
		}
		if info.Trains != (task.Inputs() > 0 && task.Outputs() > 0) {
			t.Errorf("trains: %v, with %d inputs and %d outputs", info.Trains, task.Inputs(), task.Outputs())
		}
	})
}

func same(a, b *Batch) bool {
	return a.Steps == b.Steps && a.Size == b.Size && slices.Equal(a.Inputs, b.Inputs) && slices.Equal(a.Labels, b.Labels) &&
		slices.Equal(a.Targets, b.Targets) && slices.Equal(a.Mask, b.Mask)
}

func checkBatch(t *testing.T, task Task, b *Batch) {
	t.Helper()
	n := b.Steps * b.Size
	labels, targets, mask := n, 0, n
	if task.Loss() == graph.SquaredError {
		labels, targets, mask = 0, n*task.Outputs(), n*task.Outputs()
	}
	if len(b.Inputs) != n*task.Inputs() || len(b.Labels) != labels || len(b.Targets) != targets || b.Mask != nil && len(b.Mask) != mask {
		t.Fatalf("a batch of %d×%d with %d inputs, %d labels, %d targets and a mask of %d", b.Steps, b.Size, len(b.Inputs), len(b.Labels), len(b.Targets), len(b.Mask))
	}
	for _, label := range b.Labels {
		if label < 0 || int(label) >= task.Outputs() {
			t.Fatalf("label %d of %d classes", label, task.Outputs())
		}
	}
	for _, x := range slices.Concat(b.Inputs, b.Targets, b.Mask) {
		if x-x != 0 {
			t.Fatalf("an input, a target or a weight is %g", x)
		}
	}
}

// The data follow from the seed alone, and go on after State and Restore bit for bit, wherever they are put aside.
func TestDataCanBePutAside(t *testing.T) {
	each(t, func(t *testing.T, info sweep.TaskInfo, task Task) {
		const size, length, batches = 5, 70, 110 // more than one period of delay_comparison
		data, twin := task.Data(17, size, length), task.Data(17, size, length)
		var a, b Batch
		for i := range batches {
			resumed := task.Data(17, size, length)
			state := data.State()
			if err := resumed.Restore(state); err != nil || !bytes.Equal(resumed.State(), state) {
				t.Fatalf("batch %d: restoring gives another state (error %v)", i, err)
			}
			data.Next(&a)
			checkBatch(t, task, &a)
			for _, other := range []Data{twin, resumed} {
				b = Batch{Mask: []float32{1}}
				if other.Next(&b); !same(&a, &b) {
					t.Fatalf("batch %d differs", i)
				}
			}
		}
		if !info.Trains {
			return
		}
		if a.Size > size || a.Steps != length && !info.OwnLength {
			t.Errorf("a batch of %d×%d, want %d×%d", a.Steps, a.Size, length, size)
		}
		task.Data(18, size, length).Next(&b)
		if task.Data(17, size, length).Next(&a); same(&a, &b) {
			t.Error("two seeds have the same data")
		}
		state := data.State()
		for _, bad := range [][]byte{nil, state[:len(state)-1], bytes.Repeat([]byte{255}, len(state))} {
			if task.Data(17, size, length).Restore(bad) == nil {
				t.Errorf("a bad state of %d bytes is accepted", len(bad))
			}
		}
	})
}

// rightAnswers are the outputs of a network that knows.
func rightAnswers(task Task, b *Batch) []float32 {
	outputs := make([]float32, b.Steps*b.Size*task.Outputs())
	copy(outputs, b.Targets)
	for i, label := range b.Labels {
		outputs[i*task.Outputs()+int(label)] = 3
	}
	return outputs
}

// Once a task has made its first batches, more of them take no memory: a training loop allocates nothing.
func TestBatchesReuseTheirMemory(t *testing.T) {
	each(t, func(t *testing.T, _ sweep.TaskInfo, task Task) {
		data := task.Data(3, 7, 50)
		var b Batch
		for range 30 {
			data.Next(&b)
		}
		if n := testing.AllocsPerRun(50, func() { data.Next(&b) }); n > 0 {
			t.Errorf("a batch allocates %g times", n)
		}
	})
}

// Every kind of evaluation has the same data each time, other data for another seed, and the metrics that it announces.
func TestEvaluations(t *testing.T) {
	each(t, func(t *testing.T, info sweep.TaskInfo, task Task) {
		if !info.Trains {
			return
		}
		for _, kind := range info.Evaluations {
			pass := func(params sweep.Values) (digest uint64, measures []Measure) {
				e, err := task.Evaluation(sweep.Condition{Name: "c", Kind: kind.Name, Params: params})
				if err != nil {
					t.Fatal(err)
				}
				var b Batch
				hash := fnv.New64a()
				for e.Next(&b) {
					checkBatch(t, task, &b)
					for _, v := range []any{b.Inputs, b.Labels, b.Targets, b.Mask} {
						if err := binary.Write(hash, binary.LittleEndian, v); err != nil {
							t.Fatal(err)
						}
					}
					e.Score(&b, rightAnswers(task, &b))
				}
				if e.Next(&b) {
					t.Errorf("%s: data after the end", kind.Name)
				}
				return hash.Sum64(), e.Measures()
			}
			first, m := pass(nil)
			again, n := pass(nil)
			if first != again || !slices.Equal(m, n) {
				t.Errorf("%s: a second pass differs", kind.Name)
			}
			if other, _ := pass(sweep.Values{"seed": int64(5)}); other == first {
				t.Errorf("%s: two seeds have the same data", kind.Name)
			}
			var names []string
			for _, v := range m {
				names = append(names, v.Name)
				if math.IsNaN(v.Value) || strings.HasPrefix(v.Name, "accuracy") && v.Value != 1 {
					t.Errorf("%s of right answers is %g", v.Name, v.Value)
				}
			}
			if !slices.Equal(names, info.Metrics[kind.Name]) {
				t.Errorf("%s has the metrics %v, announced are %v", kind.Name, names, info.Metrics[kind.Name])
			}
		}
		if _, err := task.Evaluation(sweep.Condition{Name: "c", Kind: "nonsense"}); err == nil || !strings.Contains(err.Error(), info.Evaluations[0].Name) {
			t.Errorf("an unknown kind: error %v", err)
		}
	})
}

func TestMistakesInParameters(t *testing.T) {
	for _, c := range []struct {
		name   string
		params sweep.Values
		want   string
	}{
		{"delay_comparson", nil, "there are delay_comparison, noop"},
		{"delay_comparison", sweep.Values{"sigm": 1.0}, "it has sigma"},
		{"delay_comparison", sweep.Values{"sigma": -1.0}, "at least 0"},
		{"delay_comparison", sweep.Values{"sigma": math.NaN()}, "want a number"},
		{"delay_comparison", sweep.Values{"sigma": "much"}, "want a number"},
		{"noop", sweep.Values{"fail": "perhaps"}, "one of none, error, exit, kill, hang"},
		{"noop", sweep.Values{"fail": 1.0}, "a text"},
		{"noop", sweep.Values{"fail_attempts": 1.5}, "a whole number"},
	} {
		if _, err := New(sweep.Section{Name: c.name, Params: c.params}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: error %v, want one with %q", c.name, c.params, err, c.want)
		}
	}
	task, err := New(sweep.Section{Name: "delay_comparison"})
	if err != nil {
		t.Fatal(err)
	}
	c := sweep.Condition{Kind: "seq100", Params: sweep.Values{"batches": int64(0)}}
	if _, err := task.Evaluation(c); err == nil || !strings.Contains(err.Error(), "seq100") || !strings.Contains(err.Error(), "at least 1") {
		t.Errorf("no batches: error %v", err)
	}
	// A seed has 64 bits.
	if p, err := fill("x", delayComparisonInfo.Evaluations[0].Params, sweep.Values{"seed": int64(math.MaxInt64)}); err != nil || p.int64("seed") != math.MaxInt64 {
		t.Errorf("the largest seed: %v, error %v", p, err)
	}
}
