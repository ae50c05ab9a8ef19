package sweep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// TestResources reads resources and setup, lays arguments over them, and finds them again in the frozen spec. They are not in its digest.
func TestResources(t *testing.T) {
	parse := func(text string, args ...string) *sweep.Spec {
		t.Helper()
		s, err := sweep.Parse("f.yaml", []byte(text), args, train.Catalog())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	text := base + "resources: {partition: gpu, time: 4:00:00, memory: 16G, sbatch: {licenses: matlab:1}}\nsetup: |\n  module load a\n  export B=1\n"
	s := parse(text, "resources.partition=gpu,long", "resources.cpus_per_task=4", "resources.time=null")
	want := sweep.Values{"partition": []any{"gpu", "long"}, "time": nil, "memory": "16G", "cpus_per_task": int64(4), "sbatch": map[string]any{"licenses": "matlab:1"},
		"setup": "module load a\nexport B=1\n"}
	if diff := cmp.Diff(want, s.Resources); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, parse(string(s.Freeze())).Resources); diff != "" {
		t.Errorf("the frozen spec has other resources:\n%s", diff)
	}
	none := parse(base)
	if none.Resources != nil || none.Digest() != s.Digest() || len(none.Diff(s)) > 0 {
		t.Errorf("a spec without resources has %v, and differs by %v", none.Resources, none.Diff(s))
	}
	if got := s.ResourceProblem("memory", "x").Error(); got != "f.yaml:5: resources.memory: x" {
		t.Error(got)
	}
	if got := s.ResourceProblem("", "x").Error(); got != "f.yaml:5: resources: x" {
		t.Error(got)
	}
	if got := s.ResourceProblem("setup", "x").Error(); got != "f.yaml:6: resources.setup: x" {
		t.Error(got)
	}
}
