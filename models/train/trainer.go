package train

import (
	"fmt"
	"math"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
	"neurosweep/tasks"
)

// lossMetric is the name of the loss among the training metrics.
const lossMetric = "loss"

// A trainer is a trial in memory: what training changes, and what it needs for that.
type trainer struct {
	parts
	config  sweep.Config
	gang    *gang // nil: no other process trains this trial
	isa     kernel.ISA
	machine graph.Machine[float32]

	weights   []float32
	optimizer *optimizer[float32]
	data      tasks.Data
	done      int // updates applied
	drawn     int // batches drawn: one more than done within an update

	batch     tasks.Batch
	given     graph.Batch[float32] // batch, as the machine takes it
	gradients []float32
	outputs   []float32
	measured  []tasks.Measure
}

// newTrainer makes a trial as it stands before its first update, to be trained on so many threads; 0: as many as the spec or GOMAXPROCS says.
func newTrainer(c sweep.Config, threads int, g *gang) (*trainer, error) {
	p, err := assemble(c)
	if err != nil {
		return nil, err
	}
	isa, err := kernel.Choose()
	if err != nil {
		return nil, err
	}
	t := &trainer{parts: p, config: c, gang: g, isa: isa, weights: models.Init(p.model, c.Seed)}
	set := kernel.Set32(isa)
	if t.machine, err = newMachine(p, set, threads, g.share()); err != nil {
		return nil, err
	}
	if t.optimizer, err = newOptimizer(set, p.settings, p.groups); err != nil {
		return nil, err
	}
	t.data = p.task.Data(c.DataSeed, p.sequences, p.steps)
	t.gradients = make([]float32, len(t.weights))
	return t, nil
}

// update does one update and returns the training metrics of its batch, computed with the weights before it: the loss first, then
// the task's measures, which a rank other than 0 does not know; they are good until the next update. finite is false where the loss, or a weight afterwards, is not finite; the weights are
// then of no use. After the first update nothing is allocated.
func (t *trainer) update() (metrics []tasks.Measure, finite bool, err error) {
	t.data.Next(&t.batch)
	t.drawn++
	return t.step()
}

// step is the part of an update that follows the making of its data.
func (t *trainer) step() (metrics []tasks.Measure, finite bool, err error) {
	t.given = graphBatch(&t.batch, graph.Noise{Seed: t.config.Seed, Stream: random.Noise, Call: uint64(t.done + 1)})
	t.outputs = sized(t.outputs, t.batch.Steps*t.batch.Size*t.task.Outputs())
	loss, err := t.machine.Gradients(&t.given, t.weights, t.gradients, t.outputs)
	if err != nil {
		return nil, false, fmt.Errorf("update %d: %w", t.done+1, err)
	}
	t.measured = append(t.measured[:0], tasks.Measure{Name: lossMetric, Value: loss})
	if t.gang != nil {
		if err := t.gang.collect(&t.given, t.outputs); err != nil {
			return nil, false, fmt.Errorf("update %d: %w", t.done+1, err)
		}
	}
	if !t.gang.follows() {
		t.measured = t.task.Measure(t.measured, &t.batch, t.outputs)
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return t.measured, false, nil
	}
	t.optimizer.apply(t.done+1, t.weights, t.gradients)
	if !allFinite(t.weights) {
		return t.measured, false, nil
	}
	t.done++
	return t.measured, true, nil
}

// graphBatch is a task's batch as a machine takes it.
func graphBatch(b *tasks.Batch, noise graph.Noise) graph.Batch[float32] {
	return graph.Batch[float32]{Steps: b.Steps, Size: b.Size, Inputs: b.Inputs, Labels: b.Labels, Targets: b.Targets, Mask: b.Mask, Noise: noise}
}

func sized(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// allFinite tells whether no number is infinite or a NaN.
func allFinite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
