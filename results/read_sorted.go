package results

import (
	"cmp"
	"iter"
	"slices"

	"neurosweep/sweep"
)

// sortedCurves yields curves by (trial, update, metric).
func (d *Dataset) sortedCurves(trials ...string) iter.Seq2[CurveRow, error] {
	return inOrder(d, sweep.CurvesTable, d.tail.Curves, trials, curveOf, func(r CurveRow) string { return r.Trial }, d.superseded().curve, compareCurves)
}

// sortedEvals yields evals by (trial, update, condition, metric).
func (d *Dataset) sortedEvals(trials ...string) iter.Seq2[EvalRow, error] {
	return inOrder(d, sweep.EvalsTable, d.tail.Evals, trials, evalOf, func(r EvalRow) string { return r.Trial }, d.superseded().eval, compareEvals)
}

// inOrder merges the parts of a table, each of which was written in order, with the sorted tail: one pass, whatever the size.
func inOrder[R, T any](d *Dataset, table string, tail []T, trials []string, of func(R) T, trial func(T) string, gone func(T) bool,
	compare func(a, b T) int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var sources []iter.Seq2[T, error]
		for _, path := range d.parts[table] {
			one := &Dataset{parts: map[string][]string{table: {path}}}
			sources = append(sources, rowsOf(one, table, nil, trials, of, trial, gone))
		}
		sources = append(sources, rowsOf(&Dataset{}, table, slices.SortedStableFunc(slices.Values(tail), compare), trials, of, trial, nil))
		merge(sources, compare, yield)
	}
}

// A head is the next row of one source of a merge.
type head[T any] struct {
	row  T
	next func() (T, error, bool)
	from int // equal rows come in the order of the sources
}

// merge yields the rows of ordered sources in order, up to the first error.
func merge[T any](sources []iter.Seq2[T, error], compare func(a, b T) int, yield func(T, error) bool) {
	var heads []*head[T]
	for i, s := range sources {
		next, stop := iter.Pull2(s)
		defer stop()
		h := &head[T]{next: next, from: i}
		row, err, ok := next()
		if err != nil {
			yield(row, err)
			return
		}
		if ok {
			h.row = row
			heads = append(heads, h)
		}
	}
	order := func(a, b *head[T]) int { return cmp.Or(compare(a.row, b.row), a.from-b.from) }
	slices.SortFunc(heads, order)
	for len(heads) > 0 {
		first := heads[0]
		if !yield(first.row, nil) {
			return
		}
		row, err, ok := first.next()
		switch {
		case err != nil:
			yield(row, err)
			return
		case !ok:
			heads = heads[1:]
			continue
		}
		first.row = row
		for i := 1; i < len(heads) && order(heads[i-1], heads[i]) > 0; i++ { // to its place among the others, which are few
			heads[i-1], heads[i] = heads[i], heads[i-1]
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
