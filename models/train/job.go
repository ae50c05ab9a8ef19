package train

import (
	"errors"

	"neurosweep/results"
	"neurosweep/sweep"
)

// A Job is one attempt at a trial.
type Job struct {
	Spec    *sweep.Spec
	Trial   sweep.Trial
	Attempt int
	Updates int    // that the trial is to have; 0: those of the spec
	Dir     string // the sweep's folder: checkpoints go to Dir/weights/<trial>, and resuming starts there

	// Committed tells whether everything that was reported about the checkpoint after update update is committed; only then
	// may retention (checkpoints.keep) delete its weights. nil: nothing is deleted, not even at the end.
	Committed func(update int) bool

	// Reducer joins this process with the others that train the same attempt; nil: there are none. Rank 0 evaluates, writes and reports, from its newest state on; the
	// others report nothing.
	Reducer Reducer
}

// A Reporter takes what an attempt has to report. It returns when the report is in the agent's spool, not when it is committed.
type Reporter func(results.TrialReport) error

// Causes with which a job's context is cancelled (context.WithCancelCause). Any other cause is CauseCancelled and writes nothing.
var (
	ErrHandOver = errors.New("the agent must leave: hand the trial over")   // write a .state, end as preempted
	ErrWalltime = errors.New("the agent's time is up: hand the trial over") // write a .state, end as walltime
)
