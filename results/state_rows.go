package results

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"neurosweep/sweep"
)

// row is an ended trial's row.
func (t *TrialState) row() TrialRow {
	params, err := json.Marshal(t.Params)
	if err != nil {
		params = []byte("{}") // parameters came from a plan that was read as JSON
	}
	return TrialRow{Trial: string(t.ID), Cell: string(t.Cell), Seed: t.Seed, Outcome: string(t.Outcome), Updates: int64(t.Reached), Params: string(params)}
}

func (c heldCheckpoint) row(id sweep.TrialID) CheckpointRow {
	return CheckpointRow{string(id), int64(c.Update), c.Path, c.Digest, c.Bytes, c.Deleted}
}

// trialRows are the rows of the trials that have ended, sorted.
func (s *State) trialRows() []TrialRow {
	var rows []TrialRow
	for t := range s.Trials {
		if t.Outcome != "" {
			rows = append(rows, t.row())
		}
	}
	slices.SortFunc(rows, compareTrials)
	return rows
}

// checkpointRows are the rows of all checkpoints, sorted.
func (s *State) checkpointRows() []CheckpointRow {
	var rows []CheckpointRow
	for t := range s.Trials {
		for _, c := range t.checkpoints {
			rows = append(rows, c.row(t.ID))
		}
	}
	slices.SortFunc(rows, compareCheckpoints)
	return rows
}

// planned lists the trials of the plan.
func (s *State) planned() []sweep.Trial {
	var plan []sweep.Trial
	for t := range s.Trials {
		plan = append(plan, t.Trial)
	}
	return plan
}

// A snapshot is a State as a file.
type snapshot struct {
	Trials   []trialSnapshot
	High     map[sweep.Incarnation]uint64
	Agents   map[string]bool
	Causes   map[sweep.Cause]int
	Draws    int
	State    string
	Differ   int
	Outcomes map[sweep.Outcome]int

	Quarantined map[string]Quarantine
}

type trialSnapshot struct {
	ID       sweep.TrialID
	Cell     sweep.CellID
	Index    int
	Seed     int64
	Params   []byte // JSON
	Outcome  sweep.Outcome
	Cause    sweep.Cause
	Detail   string
	Reached  int
	Attempts []AttemptState
	Opened   int
	Extended int
	Former   []int

	Checkpoints []heldCheckpoint
	Evals       []heldEval
	Curves      []heldCurve
	Resumed     int
	Silent      bool
}

// encode writes the state as a file.
func (s *State) encode() ([]byte, error) {
	snap := snapshot{High: s.high, Agents: s.agents, Causes: s.causes, Draws: s.draws, State: s.state, Differ: s.differ, Outcomes: s.outcomes,
		Quarantined: s.quarantined}
	for t := range s.Trials {
		params, err := json.Marshal(t.Params)
		if err != nil {
			return nil, fmt.Errorf("parameters of trial %s: %w", t.ID, err)
		}
		snap.Trials = append(snap.Trials, trialSnapshot{t.ID, t.Cell, t.Index, t.Seed, params, t.Outcome, t.Cause, t.Detail, t.Reached,
			t.Attempts, t.Opened, t.Extended, t.Former, t.checkpoints, t.evals, t.curves, t.resumed, t.silent})
	}
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	if err := gob.NewEncoder(z).Encode(snap); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// decodeState is the inverse of encode.
func decodeState(spec *sweep.Spec, data []byte) (*State, error) {
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var snap snapshot
	if err := gob.NewDecoder(io.Reader(z)).Decode(&snap); err != nil {
		return nil, err
	}
	s := newState(spec, nil)
	maps.Copy(s.high, snap.High)
	maps.Copy(s.agents, snap.Agents)
	maps.Copy(s.causes, snap.Causes)
	maps.Copy(s.outcomes, snap.Outcomes)
	maps.Copy(s.quarantined, snap.Quarantined)
	s.draws, s.state, s.differ = snap.Draws, snap.State, snap.Differ
	for _, t := range snap.Trials {
		var params sweep.Values
		if err := json.Unmarshal(t.Params, &params); err != nil {
			return nil, fmt.Errorf("parameters of trial %s: %w", t.ID, err)
		}
		s.trials[t.ID] = &TrialState{
			Trial:   sweep.Trial{ID: t.ID, Cell: t.Cell, Index: t.Index, Seed: t.Seed, Params: params},
			Outcome: t.Outcome, Cause: t.Cause, Detail: t.Detail, Reached: t.Reached, Attempts: t.Attempts, Opened: t.Opened, Extended: t.Extended, Former: t.Former,
			checkpoints: t.Checkpoints, evals: t.Evals, curves: t.Curves, resumed: t.Resumed, silent: t.Silent,
		}
		s.order = append(s.order, t.ID)
		if t.Outcome != "" {
			s.ended++
		}
	}
	return s, nil
}
