package results

import (
	"maps"
	"math"
	"slices"
	"time"

	"neurosweep/sweep"
)

// A State is what a sweep's log comes to: the fold of its entries, in order. It decides nothing. The same entries give the same
// state, in the controller that writes them and in everyone who reads them. It is not safe for concurrent use.
type State struct {
	spec *sweep.Spec

	order    []sweep.TrialID // as planned
	trials   map[sweep.TrialID]*TrialState
	high     map[sweep.Incarnation]uint64
	agents   map[string]bool // joined in this term, and not left
	causes   map[sweep.Cause]int
	ended    int
	outcomes map[sweep.Outcome]int
	draws    int
	state    string // of the sweep; "": it has not begun
	differ   int    // nondeterministic rows

	quarantined map[string]Quarantine // by node
}

// A Quarantine says that a node gets no trial any more, and why.
type Quarantine struct {
	Node   string    `json:"node"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// TrialState is one trial in a State.
type TrialState struct {
	sweep.Trial
	Outcome  sweep.Outcome // "": it has not ended
	Cause    sweep.Cause   // of the outcome
	Detail   string        // of the outcome
	Reached  int           // the update that it ended at
	Attempts []AttemptState
	Opened   int   // attempts up to this number were before the trial was opened again
	Extended int   // the updates that sweep extend has given it; 0: it has those of the spec
	Former   []int // the numbers of updates that it had before, ascending

	checkpoints []heldCheckpoint // by update
	evals       []heldEval       // in order of arrival
	curves      []heldCurve

	resumed int  // of a command: the update from which the present attempt goes on
	silent  bool // it has not reported a curve yet
}

// AttemptState is one attempt.
type AttemptState struct {
	Number      int
	Incarnation sweep.Incarnation
	Agent       string
	Ranks       []Member // of an attempt that several ranks make
	Started     time.Time
	Ended       bool
	Taken       bool // the controller ended it, not its agent
	Suspect     bool // where Taken
	End         End
	Newest      int // the trial's newest checkpoint when the attempt ended; -1: none
}

type heldCheckpoint struct {
	Checkpoint
	Deleted bool
}

type heldEval struct {
	Update            int
	Condition, Metric string
	Value             Value
}

// heldCurve is one training metric. Values are dropped when the trial has ended: what arrives later is known and not compared. A command's have none.
type heldCurve struct {
	Metric string
	Count  int // updates 1 to Count are there, where Values is nil; of a command, the last update that is there, -1: none
	Values []Value
}

// absent marks an update of heldCurve.Values that has not arrived: a NaN that no Value is.
var absent = Value(math.Float64frombits(0x7ff8_dead_dead_dead))

func (v Value) isAbsent() bool {
	return math.Float64bits(float64(v)) == math.Float64bits(float64(absent))
}

// newState makes the state of a sweep whose plan, as far as it was made at the beginning, is given.
func newState(spec *sweep.Spec, plan []sweep.Trial) *State {
	s := &State{
		spec: spec, trials: map[sweep.TrialID]*TrialState{}, high: map[sweep.Incarnation]uint64{}, agents: map[string]bool{},
		causes: map[sweep.Cause]int{}, outcomes: map[sweep.Outcome]int{}, quarantined: map[string]Quarantine{},
	}
	s.plan(plan)
	return s
}

func (s *State) plan(trials []sweep.Trial) {
	for _, t := range trials {
		if s.trials[t.ID] == nil {
			s.trials[t.ID] = &TrialState{Trial: t}
			s.order = append(s.order, t.ID)
		}
	}
}

// Trials yields the trials in the order of the plan. The caller must not change them.
func (s *State) Trials(yield func(*TrialState) bool) {
	for _, id := range s.order {
		if !yield(s.trials[id]) {
			return
		}
	}
}

// Evals yields every evaluation, trial by trial in the order of the plan.
func (s *State) Evals(yield func(sweep.TrialID, Eval) bool) {
	for _, id := range s.order {
		for _, e := range s.trials[id].evals {
			if !yield(id, Eval(e)) {
				return
			}
		}
	}
}

// Trial is one trial; nil if it is not in the plan.
func (s *State) Trial(id sweep.TrialID) *TrialState { return s.trials[id] }

// Planned is how many trials are in the plan so far.
func (s *State) Planned() int { return len(s.order) }

// Draws is how many points were drawn for the trials in the plan.
func (s *State) Draws() int { return s.draws }

// Ended is how many trials have ended, with any outcome.
func (s *State) Ended() int { return s.ended }

// Outcomes counts the trials that have ended.
func (s *State) Outcomes() map[sweep.Outcome]int { return s.outcomes }

// Causes counts the attempts that have ended.
func (s *State) Causes() map[sweep.Cause]int { return s.causes }

// Agents is how many agents have joined since the present controller's term began, and not left.
func (s *State) Agents() int { return len(s.agents) }

// Quarantined lists the nodes that are under quarantine, by name.
func (s *State) Quarantined() []Quarantine {
	list := make([]Quarantine, 0, len(s.quarantined))
	for _, name := range slices.Sorted(maps.Keys(s.quarantined)) {
		list = append(list, s.quarantined[name])
	}
	return list
}

// SweepState is the state of the sweep: running, paused, stopped, ended; "" before its first controller.
func (s *State) SweepState() string { return s.state }

// Nondeterministic is how many rows have come out differently at a second time.
func (s *State) Nondeterministic() int { return s.differ }

// HighWater is the sequence of the last report of an incarnation; 0: none.
func (s *State) HighWater(i sweep.Incarnation) uint64 { return s.high[i] }

// Newest is the update of a trial's newest checkpoint; -1: it has none.
func (s *State) Newest(id sweep.TrialID) int {
	t := s.trials[id]
	if t == nil {
		return -1
	}
	return t.newest()
}

func (t *TrialState) newest() int {
	if len(t.checkpoints) == 0 {
		return -1
	}
	return t.checkpoints[len(t.checkpoints)-1].Update
}

// Running is the attempt that has not ended; nil: none.
func (t *TrialState) Running() *AttemptState {
	for i := range t.Attempts {
		if !t.Attempts[i].Ended {
			return &t.Attempts[i]
		}
	}
	return nil
}

// Complete tells whether everything that a trial which reached an update must deliver is there: every planned checkpoint, and all metrics of each
// of these under every condition. A task that does not train is evaluated once, at update 0.
func (s *State) Complete(id sweep.TrialID, reached int) bool {
	t := s.trials[id]
	if t == nil {
		return false
	}
	updates := []int{0}
	if s.spec.Trains() {
		updates = s.spec.CheckpointsOf(s.updates(t), reached)
	}
	type place struct {
		update    int
		condition string
	}
	have := map[place]int{}
	for _, e := range t.evals {
		have[place{e.Update, e.Condition}]++
	}
	for _, u := range updates {
		if _, ok := t.checkpoint(u); s.spec.Trains() && !ok {
			return false
		}
		for _, c := range s.spec.Evaluate {
			if have[place{u, c.Name}] < max(len(s.spec.Metrics(c.Name)), 1) {
				return false
			}
		}
	}
	return true
}

// updates is how many updates a trial is to have.
func (s *State) updates(t *TrialState) int {
	if t.Extended > 0 {
		return t.Extended
	}
	return s.spec.Updates()
}

// checkpoint finds the place of an update among the checkpoints.
func (t *TrialState) checkpoint(update int) (int, bool) {
	return slices.BinarySearchFunc(t.checkpoints, update, func(c heldCheckpoint, u int) int { return c.Update - u })
}
