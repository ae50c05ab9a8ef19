package train

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// A listener is a machine that notes which noise it was given.
type listener struct {
	graph.Machine[float32]
	heard []graph.Noise
}

func (l *listener) Forward(b *graph.Batch[float32], weights, outputs []float32) error {
	l.heard = append(l.heard, b.Noise)
	return l.Machine.Forward(b, weights, outputs)
}

func (l *listener) Gradients(b *graph.Batch[float32], weights, gradients, outputs []float32) (float64, error) {
	l.heard = append(l.heard, b.Noise)
	return l.Machine.Gradients(b, weights, gradients, outputs)
}

// Training has the noise of the trial's seed, numbered by update; evaluation that of the condition, whatever the trial, numbered by batch.
func TestWhichNoise(t *testing.T) {
	conditions := []sweep.Condition{
		{Name: "a", Kind: "seq100", Params: sweep.Values{"batches": int64(1), "batch": int64(2), "length": int64(10), "seed": int64(77)}},
		{Name: "b", Kind: "whole_trial", Params: sweep.Values{"count": int64(3000), "seed": int64(78)}},
	}
	var evaluations []string
	for _, seed := range []int64{3, 4} {
		c := sweep.Config{Task: sweep.Section{Name: "delay_comparison"}, Model: sweep.Section{Name: "noisy_gru", Params: sweep.Values{"hidden": int64(4), "noise": 0.5}},
			Train: sweep.Values{"batch": int64(2), "length": int64(5)}, Seed: seed, DataSeed: 1}
		n, err := newTrainer(c, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := &listener{Machine: n.machine}
		n.machine = l
		for range 3 {
			if _, _, err := n.update(); err != nil {
				t.Fatal(err)
			}
		}
		s := random.Noise
		if want := []graph.Noise{{Seed: seed, Stream: s, Call: 1}, {Seed: seed, Stream: s, Call: 2}, {Seed: seed, Stream: s, Call: 3}}; !reflect.DeepEqual(l.heard, want) {
			t.Errorf("seed %d: training had the noise %v, want %v", seed, l.heard, want)
		}
		l.heard = nil
		evals, err := evaluate(context.Background(), n.task, l, models.Init(n.model, 9), 3, conditions)
		if err != nil {
			t.Fatal(err)
		}
		evaluations = append(evaluations, fmt.Sprint(evals))
		e := random.EvaluationNoise
		want := []graph.Noise{{Seed: 77, Stream: e}}
		for call := range len(l.heard) - 1 {
			want = append(want, graph.Noise{Seed: 78, Stream: e, Call: uint64(call)})
		}
		if len(want) < 3 || !reflect.DeepEqual(l.heard, want) {
			t.Errorf("seed %d: evaluation had the noise %v, want %v", seed, l.heard, want)
		}
	}
	if evaluations[0] != evaluations[1] {
		t.Errorf("the same weights are scored otherwise with another seed of the trial:\n%s\n%s", evaluations[0], evaluations[1])
	}
}
