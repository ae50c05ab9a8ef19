package sweep

// TrialID is a trial's key: the first 32 hexadecimal digits of the SHA-256 of what determines its result (key.go).
type TrialID string

// CellID is the key of a trial's configuration without its seed: what a trial shares with its replicates.
type CellID string

// Incarnation names one life of an agent: a random id made at start, never reused.
type Incarnation string

// A Trial is one configuration with one seed.
type Trial struct {
	ID     TrialID `json:"trial"`
	Cell   CellID  `json:"cell"`
	Index  int     `json:"index"` // place in the plan, from 0
	Seed   int64   `json:"seed"`
	Params Values  `json:"params"` // the swept paths only
}

// Values maps a dotted path to a normalised value: nil, bool, int64, float64, string, []any or map[string]any of these.
type Values map[string]any

// A Cause says why an attempt ended.
type Cause string

// The causes of attempts.
const (
	CauseCompleted Cause = "completed" // all updates done, all evaluations reported
	CauseCode      Cause = "code"      // an error or a crash of the trial itself
	CauseDiverged  Cause = "diverged"  // NaN or Inf in the loss or the weights
	CauseOOM       Cause = "oom"       // killed for lack of memory
	CauseNode      Cause = "node"      // the agent was lost
	CausePreempted Cause = "preempted" // handed over: the agent was told to leave
	CauseWalltime  Cause = "walltime"  // handed over: the agent's time was up
	CauseCancelled Cause = "cancelled" // the user or a lost lease ended it
	CauseDisk      Cause = "disk"      // no space left where the trial writes
	CauseTimeout   Cause = "timeout"   // longer than the spec allows
	CauseStopped   Cause = "stopped"   // a stopping rule or a target ended it
)

// Causes lists every cause, in the order of the documentation.
var Causes = []Cause{CauseCompleted, CauseCode, CauseDiverged, CauseOOM, CauseNode, CausePreempted, CauseWalltime,
	CauseCancelled, CauseDisk, CauseTimeout, CauseStopped}

// An Outcome is how a trial ended.
type Outcome string

// The outcomes of trials; the empty Outcome is that of a trial which has not ended.
const (
	OutcomeCompleted Outcome = "completed"
	OutcomeStopped   Outcome = "stopped"
	OutcomeDiverged  Outcome = "diverged"
	OutcomeFailed    Outcome = "failed"
	OutcomeCancelled Outcome = "cancelled"
)

// A Hold is a trial in the hands of an agent.
type Hold struct {
	Trial   TrialID `json:"trial"`
	Attempt int     `json:"attempt"`
	Rank    int     `json:"rank,omitempty"` // where several train the trial
}
