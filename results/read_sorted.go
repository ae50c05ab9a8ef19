package results

import (
	"cmp"
	"iter"
	"slices"
)

// sortedTrials is how many trials are held in memory at once where rows are wanted in order: about two million rows of 2,000 updates.
const sortedTrials = 256

// sortedCurves yields curves by (trial, update, metric).
func (d *Dataset) sortedCurves(trials ...string) iter.Seq2[CurveRow, error] {
	return inOrder(d.knownTrials(trials), d.Curves, compareCurves)
}

// sortedEvals yields evals by (trial, update, condition, metric).
func (d *Dataset) sortedEvals(trials ...string) iter.Seq2[EvalRow, error] {
	return inOrder(d.knownTrials(trials), d.Evals, compareEvals)
}

// knownTrials are the keys given, or all of the plan, sorted.
func (d *Dataset) knownTrials(trials []string) []string {
	if len(trials) == 0 {
		for _, t := range d.plan {
			trials = append(trials, string(t.ID))
		}
	}
	return slices.Sorted(slices.Values(trials))
}

// inOrder reads a table some trials at a time and sorts them. A sorted dataset makes that cheap: other trials' row groups are skipped.
func inOrder[T any](trials []string, read func(...string) iter.Seq2[T, error], compare func(a, b T) int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for some := range slices.Chunk(trials, sortedTrials) {
			rows, err := Collect(read(some...), compare)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

func compareCurves(a, b CurveRow) int {
	return cmp.Or(cmp.Compare(a.Trial, b.Trial), cmp.Compare(a.Update, b.Update), cmp.Compare(a.Metric, b.Metric))
}

func compareEvals(a, b EvalRow) int {
	return cmp.Or(cmp.Compare(a.Trial, b.Trial), cmp.Compare(a.Update, b.Update), cmp.Compare(a.Condition, b.Condition), cmp.Compare(a.Metric, b.Metric))
}

func compareCheckpoints(a, b CheckpointRow) int {
	return cmp.Or(cmp.Compare(a.Trial, b.Trial), cmp.Compare(a.Update, b.Update))
}

func compareTrials(a, b TrialRow) int { return cmp.Compare(a.Trial, b.Trial) }

func compareTimings(a, b TimingRow) int {
	return cmp.Or(cmp.Compare(a.Trial, b.Trial), cmp.Compare(a.Attempt, b.Attempt))
}
