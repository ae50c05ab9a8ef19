package results

import (
	"maps"
	"slices"
	"time"

	"neurosweep/sweep"
)

// A State is what a sweep's log comes to: the fold of its entries, in order. It decides nothing. The same entries give the same
// state, in the controller that writes them and in everyone who reads them. It is not safe for concurrent use.
type State struct {
	spec *sweep.Spec

	order    []*TrialState // as planned
	trials   map[sweep.TrialID]*TrialState
	high     map[sweep.Incarnation]uint64
	agents   map[string]bool // joined, and not left; true: in this term
	causes   map[sweep.Cause]int
	ended    int
	outcomes map[sweep.Outcome]int
	draws    int
	state    string // of the sweep; "": it has not begun
	differ   int    // nondeterministic rows

	texts    map[string]string // what comes again and again
	layouts  []*layout
	layoutOf map[string]*layout // by key

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
	Outcome  sweep.Outcome  // "": it has not ended
	Cause    sweep.Cause    // of the outcome
	Detail   string         // of the outcome
	Reached  int            // the update that it ended at
	Attempts []AttemptState // while it has not ended; the first one's number is Before+1
	Before   int            // attempts that are not in Attempts: those before the trial was opened again, of an ended trial all

	extension *extension // nil: it has as many updates as the spec says

	*heldRows         // nil where they are packed
	layout    *layout // of packed rows; nil: they are not
	packed    string
}

// An extension is what sweep extend has done to a trial.
type extension struct {
	updates int
	former  []int // the numbers of updates that it had before, ascending
}

// Extended is how many updates sweep extend has given the trial; 0: it has those of the spec.
func (t *TrialState) Extended() int {
	if t.extension == nil {
		return 0
	}
	return t.extension.updates
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

// NewState makes the state of a sweep that has not begun, for programs that fold entries without a folder. plan is the plan of a grid; trials of a random sweep
// come with entries.
func NewState(spec *sweep.Spec, plan []sweep.Trial) *State { return newState(spec, plan) }

// newState makes the state of a sweep whose plan, as far as it was made at the beginning, is given.
func newState(spec *sweep.Spec, plan []sweep.Trial) *State {
	s := &State{
		spec: spec, trials: map[sweep.TrialID]*TrialState{}, high: map[sweep.Incarnation]uint64{}, agents: map[string]bool{},
		causes: map[sweep.Cause]int{}, outcomes: map[sweep.Outcome]int{}, quarantined: map[string]Quarantine{},
		texts: map[string]string{}, layoutOf: map[string]*layout{},
	}
	s.plan(plan)
	return s
}

func (s *State) plan(trials []sweep.Trial) {
	for _, t := range trials {
		if s.trials[t.ID] == nil {
			s.share(&t)
			s.add(&TrialState{Trial: t, heldRows: &heldRows{}})
		}
	}
}

func (s *State) add(t *TrialState) {
	s.trials[t.ID] = t
	s.order = append(s.order, t)
}

// Trials yields the trials in the order of the plan. The caller must not change them.
func (s *State) Trials(yield func(*TrialState) bool) {
	for _, t := range s.order {
		if !yield(t) {
			return
		}
	}
}

// Evals yields every evaluation, trial by trial in the order of the plan.
func (s *State) Evals(yield func(sweep.TrialID, Eval) bool) {
	for _, t := range s.order {
		for _, e := range t.rows().evals {
			if !yield(t.ID, Eval(e)) {
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
func (s *State) Agents() (n int) {
	for _, present := range s.agents {
		if present {
			n++
		}
	}
	return n
}

// FormerAgents lists the agents of which no controller has said that they left, sorted: for a new one.
func (s *State) FormerAgents() []string { return slices.Sorted(maps.Keys(s.agents)) }

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

// Running is the attempt that has not ended; nil: none.
func (t *TrialState) Running() *AttemptState {
	for i := range t.Attempts {
		if !t.Attempts[i].Ended {
			return &t.Attempts[i]
		}
	}
	return nil
}

// attempt is the attempt with a number; nil: it is not in Attempts.
func (t *TrialState) attempt(number int) *AttemptState {
	if i := number - t.Before - 1; i >= 0 && i < len(t.Attempts) {
		return &t.Attempts[i]
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
	rows := t.rows()
	for _, e := range rows.evals {
		have[place{e.Update, e.Condition}]++
	}
	for _, u := range updates {
		if _, ok := rows.checkpoint(u); s.spec.Trains() && !ok {
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
	if t.extension != nil {
		return t.extension.updates
	}
	return s.spec.Updates()
}
