package slurm

import "fmt"

// An Array is one job array of agents: indices 0 to Tasks-1, of which Throttle run at a time (0: no limit).
type Array struct {
	Tasks    int
	Throttle int
}

// String is the value of sbatch --array: 0-7%2.
func (a Array) String() string {
	text := fmt.Sprintf("0-%d", a.Tasks-1)
	if a.Tasks == 1 {
		text = "0"
	}
	if a.Throttle > 0 {
		text += fmt.Sprintf("%%%d", a.Throttle)
	}
	return text
}

// Split divides agents over as few job arrays as the cluster accepts, as evenly as possible. maxArraySize is the cluster's (scontrol show config): it is one
// more than the largest index, so an array from 0 has at most so many tasks. The throttle (0: none) is divided too, so that all arrays together keep it.
func Split(agents, throttle, maxArraySize int) ([]Array, error) {
	switch {
	case agents < 1:
		return nil, fmt.Errorf("%d agents: at least 1", agents)
	case throttle < 0:
		return nil, fmt.Errorf("%d agents at a time: at least 1, or 0 for all", throttle)
	case maxArraySize < 2: // 0 and 1 switch job arrays off (slurm.conf(5))
		return nil, fmt.Errorf("agents are the tasks of job arrays, which this cluster has switched off (MaxArraySize=%d): ask its administrators for 1001, or run the sweep inside an allocation: srun -n %d sweep run SPEC",
			maxArraySize, agents)
	}
	count := (agents + maxArraySize - 1) / maxArraySize
	if throttle >= agents {
		throttle = 0
	}
	if throttle > 0 && throttle < count {
		return nil, fmt.Errorf("%d agents at a time: %d agents need %d job arrays here (MaxArraySize=%d), and each runs one at least; raise the limit to %[3]d or ask for fewer agents",
			throttle, agents, count, maxArraySize)
	}
	arrays := make([]Array, count)
	for i := range arrays {
		arrays[i] = Array{share(agents, count, i), share(throttle, count, i)}
	}
	return arrays, nil
}

// share is the i-th part of n divided into count nearly equal ones.
func share(n, count, i int) int { return n*(i+1)/count - n*i/count }
