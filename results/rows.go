package results

import "time"

// The rows of the tables as readers of this package get them; docs/results.md has the Parquet columns. Sorted by (trial, update, condition, metric).

// A TrialRow is a trial that has ended. Params is canonical JSON of the swept values.
type TrialRow struct {
	Trial, Cell string
	Seed        int64
	Outcome     string
	Updates     int64
	Params      string
}

// A CurveRow is one training metric after one update. In Parquet, value is null where it is not finite, and nonfinite says which.
type CurveRow struct {
	Trial  string
	Update int64
	Metric string
	Value  Value
}

// An EvalRow is one metric of one checkpoint under one condition.
type EvalRow struct {
	Trial             string
	Update            int64
	Condition, Metric string
	Value             Value
}

// A CheckpointRow is a checkpoint that was published; Deleted says that retention removed the file since.
type CheckpointRow struct {
	Trial        string
	Update       int64
	Path, Digest string
	Bytes        int64
	Deleted      bool
}

// An EventRow is something that happened, in the order of the log.
type EventRow struct {
	Time        time.Time
	Kind, Trial string
	Attempt     int64
	Agent       string
	Cause       string
	Detail      string
}

// A TimingRow is one ended attempt.
type TimingRow struct {
	Trial          string
	Attempt        int64
	Agent          string
	Cause          string
	Started, Ended time.Time
	Update         int64   // that it reached
	Seconds        float64 // as measured by the attempt itself; 0 where it could not say
}

// A Superseded says that what earlier attempts at a command's trial have reported beyond an update does not count any more: another attempt went on from there.
type Superseded struct {
	Trial string
	After int64
}

// Rows is a batch of rows of all tables. Superseded concerns curves and evals that came before the batch; those within it are gone already.
type Rows struct {
	Trials      []TrialRow
	Curves      []CurveRow
	Evals       []EvalRow
	Checkpoints []CheckpointRow
	Events      []EventRow
	Timings     []TimingRow
	Superseded  []Superseded
}
