package results

import (
	"encoding/gob"
	"io"

	"neurosweep/sweep"
)

// firstSnapshot is the snapshot as the first versions of this program wrote it: one value, under the name firstStateName.
type firstSnapshot struct {
	Trials   []firstTrial
	High     map[sweep.Incarnation]uint64
	Agents   map[string]bool
	Causes   map[sweep.Cause]int
	Draws    int
	State    string
	Differ   int
	Outcomes map[sweep.Outcome]int

	Quarantined map[string]Quarantine
}

type firstTrial struct {
	ID          sweep.TrialID
	Cell        sweep.CellID
	Index       int
	Seed        int64
	Params      []byte
	Outcome     sweep.Outcome
	Cause       sweep.Cause
	Detail      string
	Reached     int
	Attempts    []AttemptState
	Opened      int
	Extended    int
	Former      []int
	Checkpoints []heldCheckpoint
	Evals       []heldEval
	Curves      []heldCurve
	Resumed     int
	Silent      bool
}

const firstStateName = "state.gob.zst"

// decodeFirst reads such a snapshot.
func decodeFirst(spec *sweep.Spec, r io.Reader) (*State, error) {
	var first firstSnapshot
	if err := gob.NewDecoder(r).Decode(&first); err != nil {
		return nil, err
	}
	s := stateOf(spec, snapshot{High: first.High, Agents: first.Agents, Causes: first.Causes, Draws: first.Draws, State: first.State, Differ: first.Differ,
		Outcomes: first.Outcomes, Quarantined: first.Quarantined})
	for _, t := range first.Trials {
		now := trialSnapshot{ID: t.ID, Cell: t.Cell, Index: t.Index, Seed: t.Seed, Params: t.Params, Outcome: t.Outcome, Cause: t.Cause, Detail: t.Detail, Reached: t.Reached,
			Attempts: t.Attempts[t.Opened:], Before: t.Opened, Extended: t.Extended, Former: t.Former, Checkpoints: t.Checkpoints, Evals: t.Evals, Curves: t.Curves, Resumed: t.Resumed, Silent: t.Silent}
		if t.Outcome != "" {
			now.Attempts, now.Before = nil, len(t.Attempts)
		}
		if err := s.recall(now); err != nil {
			return nil, err
		}
	}
	return s, nil
}
