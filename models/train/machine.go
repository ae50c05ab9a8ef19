package train

import (
	"errors"
	"runtime"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
)

// newMachine makes the machine that a trial's settings name, with so many threads; 0: as many as the settings or GOMAXPROCS say. share is the part of each batch that it
// computes; nil: all.
func newMachine(p parts, set *kernel.Set[float32], threads int, share *graph.Share[float32]) (graph.Machine[float32], error) {
	if p.machine == ReferenceMachine {
		if share != nil {
			return nil, errors.New("the reference machine has no leaves that ranks could share: take train.machine: scan, or one rank")
		}
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
	return graph.NewScan(p.model, p.task.Loss(), graph.ScanOptions[float32]{Set: set, Threads: threads, Truncate: p.truncate, Share: share})
}

// memory is what training holds, in bytes, once it has seen a batch: what the machine plans for that shape, the trial's own buffers, and the task's data. 0: the
// machine does not plan.
func (t *trainer) memory() int64 {
	m, ok := t.machine.(*graph.Scan[float32])
	if !ok {
		return 0
	}
	b := &t.batch
	numbers := len(t.outputs) + cap(b.Inputs) + cap(b.Labels) + cap(b.Targets) + cap(b.Mask)
	return t.built() + m.Plan(b.Steps, b.Size).Bytes + 4*int64(numbers)
}

// built is the part of that which a trial has before it has seen a batch: weights, gradients, the optimiser's slots, and the task's data.
func (t *trainer) built() int64 {
	return 4*int64(len(t.weights)*(2+len(t.optimizer.slots))) + t.data.Bytes()
}
