package results

import (
	"iter"
	"slices"

	"neurosweep/sweep"
)

// A Dataset is a consistent snapshot of a sweep's results: the Parquet parts that one manifest names, and the log from the
// manifest's position on. It is what was committed at one moment, whatever a live controller does meanwhile; Open again to see more.
//
// The parts are read when rows are asked for, so that a snapshot costs little memory. Compaction keeps the files of an older
// generation for an hour: a snapshot that is read later than that may miss a file, and says which.
//
// A Dataset is not changed by its methods: several goroutines may read it.
type Dataset struct {
	dir    string // absolute
	spec   *sweep.Spec
	plan   []sweep.Trial
	parts  map[string][]string // table: absolute paths, in the order of the manifest
	tail   Rows                // what the log holds beyond the parts
	state  *State              // nil in a dataset without a folder
	digest string

	trials      []TrialRow      // sorted
	checkpoints []CheckpointRow // sorted
}

// Dir is the sweep's folder, absolute.
func (d *Dataset) Dir() string { return d.dir }

// Spec is the frozen spec.
func (d *Dataset) Spec() *sweep.Spec { return d.spec }

// Plan lists the trials planned so far, in the order of the plan. The caller must not change it.
func (d *Dataset) Plan() []sweep.Trial { return d.plan }

// Trials lists the trials that have ended, by key; a trial that sweep retry opened again has not.
func (d *Dataset) Trials() []TrialRow { return slices.Clone(d.trials) }

// Checkpoints yields the published checkpoints of the given trials, or of all, by (trial, update).
func (d *Dataset) Checkpoints(trials ...string) iter.Seq2[CheckpointRow, error] {
	want := wantedTrials(trials)
	return func(yield func(CheckpointRow, error) bool) {
		for _, c := range d.checkpoints {
			if want.has(c.Trial) && !yield(c, nil) {
				return
			}
		}
	}
}

// Curves yields the training curves of the given trials, or of all, in the order of the parts: Collect and CompareCurves sort them.
// After an error, which names the file, there is no more.
func (d *Dataset) Curves(trials ...string) iter.Seq2[CurveRow, error] {
	return rowsOf(d, sweep.CurvesTable, d.tail.Curves, trials, curveOf, func(r CurveRow) string { return r.Trial }, d.superseded().curve)
}

// Evals yields the evaluations of the given trials, or of all, like Curves.
func (d *Dataset) Evals(trials ...string) iter.Seq2[EvalRow, error] {
	return rowsOf(d, sweep.EvalsTable, d.tail.Evals, trials, evalOf, func(r EvalRow) string { return r.Trial }, d.superseded().eval)
}

// Events yields the events of the given trials, or all, in the order of the log.
func (d *Dataset) Events(trials ...string) iter.Seq2[EventRow, error] {
	return rowsOf(d, sweep.EventsTable, d.tail.Events, trials, eventOf, func(r EventRow) string { return r.Trial }, nil)
}

// Timings yields the ended attempts at the given trials, or at all, in the order in which they ended.
func (d *Dataset) Timings(trials ...string) iter.Seq2[TimingRow, error] {
	return rowsOf(d, sweep.TimingsTable, d.tail.Timings, trials, timingOf, func(r TimingRow) string { return r.Trial }, nil)
}

// superseded is what of the parts does not count any more.
func (d *Dataset) superseded() cutoff { return supersededBy(d.tail.Superseded) }

// Planned is the number of trials that the sweep will have; finite is false where its method has no end.
func (d *Dataset) Planned() (trials int, finite bool) {
	switch {
	case d.spec.Method != "random" || d.SweepState() == "ended":
		return len(d.plan), true // a random space may have been exhausted before run_cap
	case d.spec.RunCap == 0:
		return 0, false
	}
	return max(d.spec.RunCap, len(d.plan)), true
}

// cutShort tells whether a clock decided where the sweep ended: by sweep stop, a target, or a trial that was cancelled.
func (d *Dataset) cutShort() bool {
	if d.SweepState() == "stopped" {
		return true
	}
	return slices.ContainsFunc(d.trials, func(t TrialRow) bool {
		return t.Outcome == string(sweep.OutcomeStopped) || t.Outcome == string(sweep.OutcomeCancelled)
	})
}
