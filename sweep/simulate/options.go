package simulate

import (
	"fmt"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// Options describe a sweep and the machines that it runs on. A time that is left 0 has the default in parentheses, where there is one; else it never comes.
type Options struct {
	Trials int // at least 1
	Agents int // tasks of the job array, at least 1
	Slots  int // trials that an agent trains at a time (1)

	TrialTime       Times         // of training, checkpoints and evaluations included; needed
	CheckpointEvery time.Duration // of training: what is newer is lost with a node; 0: a trial has no checkpoint before its end
	HandOver        bool          // an agent that must leave saves what its trials have done
	Retries         int           // as in a spec
	MaxLost         int           // as in a spec

	MTBF        time.Duration // mean time between two failures of one agent's node
	PreemptRate float64       // times that an agent is preempted, for each hour that it runs
	Walltime    time.Duration // of a task
	Warning     time.Duration // before the walltime's end, at which an agent leaves (1m, at most a tenth of the walltime)
	IdleTimeout time.Duration // an agent without a trial leaves after so long

	QueueWait time.Duration // from submission to the start of the first tasks (0 is valid)
	Requeue   time.Duration // from a task's end to its next start (2m: SLURM holds a requeued task back for that long)
	Startup   time.Duration // from a task's start to the agent's hello (2s)
	Latency   time.Duration // of a message (1ms)
	Sync      time.Duration // of the controller's log (5ms)
	Heartbeat time.Duration // (a sixth of the lease)
	Lease     time.Duration // (30s)

	Seed uint64

	// For those who look at the core itself (bench/simulate); each may be nil.
	Planned []sweep.Trial                // the plan, with the keys that TrialID gives; nil: one without parameters
	Fill    func(r *results.TrialReport) // adds rows to the report of a checkpoint
	Ledger  controller.Ledger            // gets every entry, and answers the core in place of the simulation's own
	Around  func(step func())            // is given every step of the core, the ledger's part included, and must call it
}

// withDefaults fills in what was left out, and refuses what cannot be simulated.
func (o Options) withDefaults() (Options, error) {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Warning, min(time.Minute, o.Walltime/10))
	set(&o.Requeue, 2*time.Minute)
	set(&o.Startup, 2*time.Second)
	set(&o.Latency, time.Millisecond)
	set(&o.Sync, 5*time.Millisecond)
	set(&o.Lease, 30*time.Second)
	set(&o.Heartbeat, o.Lease/6)
	if o.Slots == 0 {
		o.Slots = 1
	}
	for name, n := range map[string]int{"trials": o.Trials, "agents": o.Agents, "slots": o.Slots} {
		if n < 1 || n > most {
			return o, fmt.Errorf("simulate: %d %s; it must be 1 to %d", n, name, most)
		}
	}
	for name, d := range map[string]time.Duration{"checkpoint-every": o.CheckpointEvery, "mtbf": o.MTBF, "walltime": o.Walltime, "warning": o.Warning,
		"idle-timeout": o.IdleTimeout, "queue-wait": o.QueueWait, "requeue": o.Requeue, "startup": o.Startup, "lease": o.Lease, "heartbeat": o.Heartbeat} {
		if d < 0 {
			return o, fmt.Errorf("simulate: %s is %v; it must not be negative", name, d)
		}
	}
	switch {
	case o.TrialTime.kind == "":
		return o, fmt.Errorf("simulate: how long a trial takes is not given; valid are %s", TimesUsage)
	case !(o.PreemptRate >= 0 && o.PreemptRate <= 3600):
		return o, fmt.Errorf("simulate: a preempt-rate of %g; it counts preemptions for each hour of an agent, 0 to 3600", o.PreemptRate)
	case o.Lease < time.Second || o.Heartbeat > o.Lease/2:
		return o, fmt.Errorf("simulate: a lease of %v and a heartbeat of %v; it must be at least a second, and two heartbeats", o.Lease, o.Heartbeat)
	case o.Walltime > 0 && o.Walltime <= o.Warning+o.Startup:
		return o, fmt.Errorf("simulate: a walltime of %v, of which an agent needs %v to start and %v to leave", o.Walltime, o.Startup, o.Warning)
	case o.MTBF > 0 && o.MTBF <= o.Startup:
		return o, fmt.Errorf("simulate: a mean time between failures of %v, and an agent needs %v to start", o.MTBF, o.Startup)
	}
	return o, nil
}

// most trials, agents or slots.
const most = 10_000_000
