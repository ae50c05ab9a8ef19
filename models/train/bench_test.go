package train

import (
	"context"
	"testing"

	"neurosweep/models/kernel"
	"neurosweep/sweep"
)

// demo is a cell of the demo at full size.
const demo = `
name: demo
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn, hidden: 64}
train: {updates: 2000, batch: 16, length: 100, optimizer: adam, lr: 1e-3}
evaluate: {seq100: {batches: 100, seed: 1000}, whole_trial: {count: 2000, seed: 1001}}
checkpoints: {every: 100, keep: all}
select: {metric: accuracy, condition: seq100, goal: maximize, over: checkpoints}
`

func benchmarked(b *testing.B) (*trainer, *sweep.Spec) {
	b.Helper()
	spec, err := sweep.Parse("demo.yaml", []byte(demo), nil, Catalog())
	if err != nil {
		b.Fatal(err)
	}
	config, err := spec.Config(nil, 0)
	if err != nil {
		b.Fatal(err)
	}
	t, err := newTrainer(config, 1, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := t.update(); err != nil {
		b.Fatal(err)
	}
	return t, spec
}

// BenchmarkUpdate times a whole update: data, loss and gradients, optimiser, measures.
func BenchmarkUpdate(b *testing.B) {
	t, _ := benchmarked(b)
	for b.Loop() {
		if _, _, err := t.update(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkData times the data of an update alone.
func BenchmarkData(b *testing.B) {
	t, _ := benchmarked(b)
	for b.Loop() {
		t.data.Next(&t.batch)
	}
}

// BenchmarkEvaluation times one checkpoint on each condition of the demo.
func BenchmarkEvaluation(b *testing.B) {
	t, spec := benchmarked(b)
	for i, c := range spec.Evaluate {
		b.Run(c.Name, func(b *testing.B) {
			for b.Loop() {
				if _, err := evaluate(context.Background(), t.task, t.machine, t.weights, 1, spec.Evaluate[i:i+1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOptimizer times one update of 51,587 weights, those of a GRU with 128 units, by every optimiser, with and without clipping.
func BenchmarkOptimizer(b *testing.B) {
	const n = 51_587
	for _, name := range optimizerNames() {
		for what, clip := range map[string]float64{"": 0, "/clip": 1} {
			b.Run(name+what, func(b *testing.B) {
				s, err := parseSettings(sweep.Values{"optimizer": name, "clip": clip})
				if err != nil {
					b.Fatal(err)
				}
				isa, err := kernel.Choose()
				if err != nil {
					b.Fatal(err)
				}
				o, err := newOptimizer(kernel.Set32(isa), s, []group{{to: n, factor: 1}})
				if err != nil {
					b.Fatal(err)
				}
				w, g := make([]float32, n), make([]float32, n)
				for i := range g {
					g[i] = float32(i%7) - 3
				}
				for b.Loop() {
					o.apply(9, w, g)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/weight")
			})
		}
	}
}
