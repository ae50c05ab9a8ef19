package train

import (
	"fmt"
	"math"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// lossMetric is the name of the loss among the training metrics.
const lossMetric = "loss"

// A trainer is a trial in memory: what training changes, and what it needs for that.
type trainer struct {
	parts
	config  sweep.Config
	machine graph.Machine[float32]

	weights   []float32
	optimizer *optimizer[float32]
	data      tasks.Data
	done      int // updates applied

	batch     tasks.Batch
	gradients []float32
	outputs   []float32
}

// newTrainer makes a trial as it stands before its first update.
func newTrainer(c sweep.Config) (*trainer, error) {
	p, err := assemble(c)
	if err != nil {
		return nil, err
	}
	machine, err := graph.NewReference[float32](p.model, p.task.Loss())
	if err != nil {
		return nil, err
	}
	t := &trainer{parts: p, config: c, machine: machine, weights: models.Init(p.model, c.Seed)}
	isa, err := kernel.Choose()
	if err != nil {
		return nil, err
	}
	if t.optimizer, err = newOptimizer(kernel.Set32(isa), p.settings, p.groups); err != nil {
		return nil, err
	}
	t.data = p.task.Data(c.DataSeed, p.sequences, p.steps)
	t.gradients = make([]float32, len(t.weights))
	return t, nil
}

// update does one update and returns the training metrics of its batch, computed with the weights before it: the loss first, then
// the task's measures. finite is false where the loss, or a weight afterwards, is not finite; the weights are then of no use.
func (t *trainer) update() (metrics []tasks.Measure, finite bool, err error) {
	t.data.Next(&t.batch)
	b := graphBatch(&t.batch)
	t.outputs = sized(t.outputs, b.Steps*b.Size*t.task.Outputs())
	loss, err := t.machine.Gradients(&b, t.weights, t.gradients, t.outputs)
	if err != nil {
		return nil, false, fmt.Errorf("update %d: %w", t.done+1, err)
	}
	metrics = append(metrics, tasks.Measure{Name: lossMetric, Value: loss})
	metrics = append(metrics, t.task.Measure(&t.batch, t.outputs)...)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return metrics, false, nil
	}
	t.optimizer.apply(t.done+1, t.weights, t.gradients)
	if !allFinite(t.weights) {
		return metrics, false, nil
	}
	t.done++
	return metrics, true, nil
}

// graphBatch is a task's batch as a machine takes it.
func graphBatch(b *tasks.Batch) graph.Batch[float32] {
	return graph.Batch[float32]{Steps: b.Steps, Size: b.Size, Inputs: b.Inputs, Labels: b.Labels, Targets: b.Targets, Mask: b.Mask}
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
