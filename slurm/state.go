package slurm

import (
	"slices"
	"strings"
)

// A State is a job's state by SLURM's long name.
type State string

// The states of jobs (squeue(1), JOB STATE CODES) that this package reasons about, and Unknown for what it does not know.
const (
	Unknown     State = "UNKNOWN"
	Pending     State = "PENDING"
	Running     State = "RUNNING"
	Completing  State = "COMPLETING"
	Completed   State = "COMPLETED"
	Cancelled   State = "CANCELLED"
	Failed      State = "FAILED"
	Timeout     State = "TIMEOUT"
	NodeFail    State = "NODE_FAIL"
	Preempted   State = "PREEMPTED"
	OutOfMemory State = "OUT_OF_MEMORY"
	Gone        State = "GONE" // the controller answered and does not know the job (any more)
)

var (
	waitingStates = []State{Pending, "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT", "POWER_UP_NODE"}
	runningStates = []State{Running, Completing, "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING", "UPDATE_DB"}
	endedStates   = []State{Completed, Cancelled, Failed, Timeout, NodeFail, Preempted, OutOfMemory, "BOOT_FAIL", "DEADLINE", "LAUNCH_FAILED", "RECONFIG_FAIL", "REVOKED"}
)

// ParseState reads a state as squeue and sacct print it: "CANCELLED by 0" is CANCELLED. What SLURM may say in future is Unknown.
func ParseState(text string) State {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	s := State(strings.TrimSuffix(strings.ToUpper(word), "+"))
	if s.Waiting() || s.Running() || s.Ended() {
		return s
	}
	return Unknown
}

// Waiting tells whether a job has not begun, or will begin again.
func (s State) Waiting() bool { return slices.Contains(waitingStates, s) }

// Running tells whether a job has nodes.
func (s State) Running() bool { return slices.Contains(runningStates, s) }

// Ended tells whether a job is over for good. Gone jobs have ended too; unknown ones may do anything.
func (s State) Ended() bool { return s == Gone || slices.Contains(endedStates, s) }
