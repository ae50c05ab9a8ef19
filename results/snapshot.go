package results

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	"github.com/klauspost/compress/zstd"

	"neurosweep/sweep"
)

// A snapshot is a State as a file: this header, and then so many trialSnapshots, one after the other, so that a large state is never twice in memory.
type snapshot struct {
	Trials   int
	Layouts  []*layout
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
	Params   []byte // JSON; nil: those of the trial before
	Outcome  sweep.Outcome
	Cause    sweep.Cause
	Detail   string
	Reached  int
	Attempts []AttemptState
	Before   int
	Extended int
	Former   []int

	Packed      string
	Layout      int // 1 is the first; 0: the rows are not packed
	Checkpoints []heldCheckpoint
	Evals       []heldEval
	Curves      []heldCurve
	Resumed     int
	Silent      bool
}

// encode writes the state as a file.
func (s *State) encode() ([]byte, error) {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	e := gob.NewEncoder(z)
	header := snapshot{Trials: len(s.order), Layouts: s.layouts, High: s.high, Agents: s.agents, Causes: s.causes, Draws: s.draws, State: s.state, Differ: s.differ, Outcomes: s.outcomes,
		Quarantined: s.quarantined}
	if err := e.Encode(header); err != nil {
		return nil, err
	}
	var before *TrialState
	for t := range s.Trials {
		snap, err := t.snapshot(before)
		if err == nil {
			err = e.Encode(snap)
		}
		if err != nil {
			return nil, err
		}
		before = t
	}
	err = z.Close()
	return b.Bytes(), err
}

// snapshot is one trial, after another one in the plan, or nil.
func (t *TrialState) snapshot(before *TrialState) (*trialSnapshot, error) {
	s := &trialSnapshot{ID: t.ID, Cell: t.Cell, Index: t.Index, Seed: t.Seed, Outcome: t.Outcome, Cause: t.Cause, Detail: t.Detail, Reached: t.Reached,
		Attempts: t.Attempts, Before: t.Before, Packed: t.packed}
	if t.extension != nil {
		s.Extended, s.Former = t.extension.updates, t.extension.former
	}
	if t.layout != nil {
		s.Layout = t.layout.number + 1
	} else {
		s.Checkpoints, s.Evals, s.Curves, s.Resumed, s.Silent = t.checkpoints, t.evals, t.curves, t.resumed, t.silent
	}
	if before != nil && before.Cell == t.Cell && reflect.DeepEqual(before.Params, t.Params) {
		return s, nil
	}
	var err error
	if s.Params, err = json.Marshal(t.Params); err != nil {
		return nil, fmt.Errorf("parameters of trial %s: %w", t.ID, err)
	}
	return s, nil
}

// decodeState is the inverse of encode. name is that of the file.
func decodeState(spec *sweep.Spec, name string, data []byte) (*State, error) {
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	if name == firstStateName {
		return decodeFirst(spec, z)
	}
	d := gob.NewDecoder(z)
	var header snapshot
	if err := d.Decode(&header); err != nil {
		return nil, err
	}
	s := stateOf(spec, header)
	for range header.Trials {
		var t trialSnapshot
		if err := d.Decode(&t); err != nil {
			return nil, err
		}
		if err := s.recall(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// stateOf is a state without trials.
func stateOf(spec *sweep.Spec, header snapshot) *State {
	s := newState(spec, nil)
	maps.Copy(s.high, header.High)
	maps.Copy(s.agents, header.Agents)
	maps.Copy(s.causes, header.Causes)
	maps.Copy(s.outcomes, header.Outcomes)
	maps.Copy(s.quarantined, header.Quarantined)
	s.draws, s.state, s.differ = header.Draws, header.State, header.Differ
	for _, l := range header.Layouts {
		s.layout(l)
	}
	return s
}

// recall adds one trial of a snapshot.
func (s *State) recall(t trialSnapshot) error {
	trial := sweep.Trial{ID: t.ID, Cell: t.Cell, Index: t.Index, Seed: t.Seed}
	switch n := len(s.order); {
	case t.Params == nil && n > 0:
		trial.Params = s.order[n-1].Params
	default:
		if err := json.Unmarshal(t.Params, &trial.Params); err != nil {
			return fmt.Errorf("parameters of trial %s: %w", t.ID, err)
		}
	}
	if t.Layout < 0 || t.Layout > len(s.layouts) {
		return fmt.Errorf("rows of trial %s: there is no layout %d", t.ID, t.Layout)
	}
	s.share(&trial)
	for i := range t.Attempts {
		a := &t.Attempts[i]
		a.Incarnation, a.Agent = sweep.Incarnation(s.text(string(a.Incarnation))), s.text(a.Agent)
	}
	state := &TrialState{Trial: trial, Outcome: sweep.Outcome(s.text(string(t.Outcome))), Cause: sweep.Cause(s.text(string(t.Cause))), Detail: t.Detail, Reached: t.Reached,
		Attempts: t.Attempts, Before: t.Before}
	if t.Extended > 0 {
		state.extension = &extension{t.Extended, t.Former}
	}
	if t.Layout > 0 {
		state.layout, state.packed = s.layouts[t.Layout-1], t.Packed
	} else {
		state.heldRows = &heldRows{t.Checkpoints, t.Evals, t.Curves, t.Resumed, t.Silent}
	}
	s.add(state)
	if t.Outcome != "" {
		s.pack(state)
	}
	if t.Outcome != "" {
		s.ended++
	}
	return nil
}
