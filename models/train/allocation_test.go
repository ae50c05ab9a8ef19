package train

import (
	"testing"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// bestISA is the best instruction set of this processor. Plain Go, the reference, may allocate.
func bestISA() kernel.ISA {
	isas := kernel.ISAs()
	return isas[len(isas)-1]
}

func TestOptimizersDoNotAllocate(t *testing.T) {
	best := bestISA()
	params := []graph.Param{{Name: "w", Rows: 300, Cols: 29}, {Name: "b", Cols: 29}}
	for _, name := range optimizerNames() {
		s := mustSettings(t, sweep.Values{"optimizer": name, "weight_decay": 0.01, "no_decay": []any{"b"}, "clip": 3.0, "schedule.kind": "step"})
		groups, err := newGroups(s, params)
		if err != nil {
			t.Fatal(err)
		}
		o, err := newOptimizer(kernel.Set32(best), s, groups)
		if err != nil {
			t.Fatal(err)
		}
		w, g := make([]float32, graph.Size(params)), make([]float32, graph.Size(params))
		if allocations := testing.AllocsPerRun(5, func() { o.apply(3, w, g) }); allocations != 0 && best != kernel.Generic {
			t.Errorf("%s allocates %g times an update", name, allocations)
		}
	}
}

// After the first update of a trial nothing is allocated, on any task: not by its data and measures either.
func TestUpdatesDoNotAllocate(t *testing.T) {
	for _, name := range tasks.Names() {
		if info, _ := tasks.Info(name); !info.Trains {
			continue
		}
		c := sweep.Config{Task: sweep.Section{Name: name}, Model: sweep.Section{Name: "gru", Params: sweep.Values{"hidden": int64(9)}},
			Train: sweep.Values{"batch": int64(40), "length": int64(45), "clip": 1.0, "schedule.kind": "cosine"}}
		n, err := newTrainer(c, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		once := func() {
			if _, finite, err := n.update(); err != nil || !finite {
				t.Fatalf("%s: finite %t, error %v", name, finite, err)
			}
		}
		once()
		if allocations := testing.AllocsPerRun(20, once); allocations != 0 && n.isa != kernel.Generic {
			t.Errorf("%s: an update allocates %g times", name, allocations)
		}
	}
}
