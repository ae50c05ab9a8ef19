package results

import (
	"encoding/json"
	"slices"

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
		for _, c := range t.rows().checkpoints {
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
