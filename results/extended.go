package results

import (
	"iter"

	"neurosweep/sweep"
)

// Updates is how many updates a trial is to have: those of the spec, or what sweep extend has given it.
func (d *Dataset) Updates(id sweep.TrialID) int {
	if d.state != nil {
		if t := d.state.trials[id]; t != nil {
			return d.state.updates(t)
		}
	}
	return d.spec.Updates()
}

// Extended counts the trials that sweep extend has given more updates, by how many they are to have.
func (d *Dataset) Extended() map[int]int {
	if d.state == nil {
		return nil
	}
	counts := map[int]int{}
	for _, t := range d.state.trials {
		if t.extension != nil {
			counts[t.extension.updates]++
		}
	}
	return counts
}

// formerEnds are the checkpoints that trials have only because they once ended there: a run that had asked for all updates from the start has none.
func (d *Dataset) formerEnds() map[at]bool {
	if d.state == nil {
		return nil
	}
	ends := map[at]bool{}
	for t := range d.state.Trials {
		if t.extension == nil {
			continue
		}
		for _, u := range t.extension.former {
			ends[at{string(t.ID), int64(u)}] = true
		}
		for _, u := range d.spec.CheckpointsOf(t.extension.updates, t.extension.updates) {
			delete(ends, at{string(t.ID), int64(u)})
		}
	}
	return ends
}

// without leaves out rows of a sequence.
func without[T any](rows iter.Seq2[T, error], some map[at]bool, place func(T) at) iter.Seq2[T, error] {
	if len(some) == 0 {
		return rows
	}
	return func(yield func(T, error) bool) {
		for r, err := range rows {
			if (err != nil || !some[place(r)]) && !yield(r, err) {
				return
			}
		}
	}
}

func placeOfEval(r EvalRow) at             { return at{r.Trial, r.Update} }
func placeOfCheckpoint(r CheckpointRow) at { return at{r.Trial, r.Update} }
