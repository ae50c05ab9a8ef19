package results

import (
	"fmt"
	"iter"

	"neurosweep/sweep"
)

// maxDifferences is how many differences Equal lists.
const maxDifferences = 20

// Equal lists how the tables trials, curves, evals and checkpoints of two datasets differ (docs/protocol.md, "Equal"), at most 20 lines
// and one that says so; none means equal. Checkpoint rows hold the digests of the weights, so equal datasets have equal weights.
//
// Where either sweep was cut short, by sweep stop, a target or a cancelled trial, only the trials count that ended in both,
// and were not themselves stopped or cancelled at a moment that the clock chose. A checkpoint at which a trial ended before it was extended does
// not count, unless it is planned all the same.
func Equal(a, b *Dataset) ([]string, error) {
	e := &comparison{}
	trialsA, trialsB := a.Trials(), b.Trials()
	var only []string
	if a.cutShort() || b.cutShort() {
		trialsA, trialsB = inBoth(trialsA, trialsB), inBoth(trialsB, trialsA)
		for _, t := range trialsA {
			only = append(only, t.Trial)
		}
		if len(only) == 0 {
			return nil, nil
		}
	}
	endsA, endsB := a.formerEnds(), b.formerEnds()
	err := compareRows(e, sweep.TrialsTable, seqOf(trialsA), seqOf(trialsB), compareTrials, same[TrialRow], describeTrial)
	if err == nil {
		err = compareRows(e, sweep.CheckpointsTable, without(a.Checkpoints(only...), endsA, placeOfCheckpoint),
			without(b.Checkpoints(only...), endsB, placeOfCheckpoint), compareCheckpoints, same[CheckpointRow], describeCheckpoint)
	}
	if err == nil {
		err = compareRows(e, sweep.EvalsTable, without(a.sortedEvals(only...), endsA, placeOfEval),
			without(b.sortedEvals(only...), endsB, placeOfEval), compareEvals, sameEval, describeEval)
	}
	if err == nil {
		err = compareRows(e, sweep.CurvesTable, a.sortedCurves(only...), b.sortedCurves(only...), compareCurves, sameCurve, describeCurve)
	}
	if err != nil {
		return nil, err
	}
	if e.more > 0 {
		e.lines = append(e.lines, fmt.Sprintf("and %d differences more", e.more))
	}
	return e.lines, nil
}

// inBoth keeps the rows of trials that ended in both for a reason of their own.
func inBoth(rows, others []TrialRow) []TrialRow {
	own := func(outcome string) bool {
		o := sweep.Outcome(outcome)
		return o != sweep.OutcomeStopped && o != sweep.OutcomeCancelled
	}
	ended := map[string]bool{}
	for _, o := range others {
		ended[o.Trial] = own(o.Outcome)
	}
	var kept []TrialRow
	for _, r := range rows {
		if ended[r.Trial] && own(r.Outcome) {
			kept = append(kept, r)
		}
	}
	return kept
}

func seqOf[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A comparison collects differences.
type comparison struct {
	lines []string
	more  int
}

func (e *comparison) add(format string, args ...any) {
	if len(e.lines) < maxDifferences {
		e.lines = append(e.lines, fmt.Sprintf(format, args...))
	} else {
		e.more++
	}
}

// compareRows walks through two sorted tables. describe gives a row's natural key and the rest of it.
func compareRows[T any](e *comparison, table string, a, b iter.Seq2[T, error], compare func(a, b T) int, same func(a, b T) bool, describe func(T) (key, rest string)) error {
	nextA, stopA := iter.Pull2(a)
	defer stopA()
	nextB, stopB := iter.Pull2(b)
	defer stopB()
	rowA, errA, okA := nextA()
	rowB, errB, okB := nextB()
	for okA || okB {
		if errA != nil {
			return errA
		}
		if errB != nil {
			return errB
		}
		c := 0
		switch {
		case !okB:
			c = -1
		case !okA:
			c = 1
		default:
			c = compare(rowA, rowB)
		}
		switch {
		case c < 0:
			key, rest := describe(rowA)
			e.add("%s: only in the first: %s: %s", table, key, rest)
		case c > 0:
			key, rest := describe(rowB)
			e.add("%s: only in the second: %s: %s", table, key, rest)
		case !same(rowA, rowB):
			key, restA := describe(rowA)
			_, restB := describe(rowB)
			e.add("%s: %s: %s in the first, %s in the second", table, key, restA, restB)
		}
		if c <= 0 {
			rowA, errA, okA = nextA()
		}
		if c >= 0 {
			rowB, errB, okB = nextB()
		}
	}
	return nil
}

func same[T comparable](a, b T) bool { return a == b }

// The rows that follow have equal keys, so that only their values are left to compare.

func sameEval(a, b EvalRow) bool { return a.Value.Same(b.Value) }

func sameCurve(a, b CurveRow) bool { return a.Value.Same(b.Value) }

func describeTrial(r TrialRow) (key, rest string) {
	return "trial " + r.Trial, fmt.Sprintf("cell %s, seed %d, %s after update %d, params %s", r.Cell, r.Seed, r.Outcome, r.Updates, r.Params)
}

func describeCurve(r CurveRow) (key, rest string) {
	return fmt.Sprintf("trial %s, update %d, %s", r.Trial, r.Update, r.Metric), valueText(r.Value)
}

func describeEval(r EvalRow) (key, rest string) {
	return fmt.Sprintf("trial %s, update %d, %s@%s", r.Trial, r.Update, r.Metric, r.Condition), valueText(r.Value)
}

func describeCheckpoint(r CheckpointRow) (key, rest string) {
	rest = fmt.Sprintf("%s, %d bytes, digest %s", r.Path, r.Bytes, r.Digest)
	if r.Deleted {
		rest += ", deleted"
	}
	return fmt.Sprintf("trial %s, update %d", r.Trial, r.Update), rest
}

// valueText shows a value so that different bits look different; all NaNs are one.
func valueText(v Value) string {
	if s := v.Nonfinite(); s != "" {
		return s
	}
	return number(v)
}
