package train

import (
	"runtime"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
)

// newMachine makes the machine that a trial's settings name, with so many threads; 0: as many as the settings or GOMAXPROCS say.
func newMachine(p parts, set *kernel.Set[float32], threads int) (graph.Machine[float32], error) {
	if p.machine == ReferenceMachine {
		m, err := graph.NewReference[float32](p.model, p.task.Loss())
		if err != nil {
			return nil, err
		}
		m.Truncate = p.truncate
		return m, nil
	}
	if threads == 0 {
		threads = p.threads
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return graph.NewScan(p.model, p.task.Loss(), graph.ScanOptions[float32]{Set: set, Threads: threads, Truncate: p.truncate})
}

// memory is what training holds, in bytes, once it has seen a batch: what the machine plans for that shape, and the trial's own buffers, without the
// task's data set. 0: the machine does not plan.
func (t *trainer) memory() int64 {
	m, ok := t.machine.(*graph.Scan[float32])
	if !ok {
		return 0
	}
	numbers := len(t.weights)*(2+len(t.optimizer.slots)) + len(t.outputs) // weights, gradients, slots
	b := &t.batch
	numbers += cap(b.Inputs) + cap(b.Labels) + cap(b.Targets) + cap(b.Mask)
	return m.Plan(b.Steps, b.Size).Bytes + 4*int64(numbers)
}
