package train

import (
	"neurosweep/models/graph"
	"neurosweep/models/kernel"
)

// newMachine makes the machine that a trial's settings name, with so many threads; 0: as many as the settings or GOMAXPROCS say.
func newMachine(p parts, set *kernel.Set[float32], threads int) (graph.Machine[float32], error) {
	return graph.NewReference[float32](p.model, p.task.Loss())
}
