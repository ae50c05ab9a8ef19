package results

import (
	"math"
	"reflect"
	"slices"

	"neurosweep/sweep"
)

// heldRows are what a State remembers of the rows of one trial, to know what comes again, and whether it is complete. Those of a trial that has ended are
// packed (packed.go).
type heldRows struct {
	checkpoints []heldCheckpoint // by update
	evals       []heldEval       // in order of arrival
	curves      []heldCurve

	resumed int  // of a command: the update from which the present attempt goes on
	silent  bool // it has not reported a curve yet
}

type heldCheckpoint struct {
	Checkpoint
	Deleted bool
}

type heldEval struct {
	Update            int
	Condition, Metric string
	Value             Value
}

// heldCurve is one training metric. Values are dropped when the trial has ended: what arrives later is known and not compared. A command's have none.
type heldCurve struct {
	Metric string
	Count  int // updates 1 to Count are there, where Values is nil; of a command, the last update that is there, -1: none
	Values []Value
}

// absent marks an update of heldCurve.Values that has not arrived: a NaN that no Value is.
var absent = Value(math.Float64frombits(0x7ff8_dead_dead_dead))

func (v Value) isAbsent() bool {
	return math.Float64bits(float64(v)) == math.Float64bits(float64(absent))
}

// checkpoint finds the place of an update among the checkpoints.
func (h *heldRows) checkpoint(update int) (int, bool) {
	return slices.BinarySearchFunc(h.checkpoints, update, func(c heldCheckpoint, u int) int { return c.Update - u })
}

// newest is the update of the newest checkpoint; -1: there is none.
func (h *heldRows) newest() int {
	if len(h.checkpoints) == 0 {
		return -1
	}
	return h.checkpoints[len(h.checkpoints)-1].Update
}

// settleCurves drops the values of curves without gaps.
func (h *heldRows) settleCurves() {
	for i := range h.curves {
		if c := &h.curves[i]; c.Values != nil && !slices.ContainsFunc(c.Values, Value.isAbsent) {
			c.Count, c.Values = len(c.Values), nil
		}
	}
}

// text is a text that the state holds once, however often it comes: names of metrics and conditions, agents, causes.
func (s *State) text(t string) string {
	if known, ok := s.texts[t]; ok {
		return known
	}
	s.texts[t] = t
	return t
}

// share gives a planned trial the cell's key and parameters of the trial before it, where they are the same: replicates follow one another.
func (s *State) share(t *sweep.Trial) {
	if len(s.order) == 0 {
		return
	}
	if before := &s.order[len(s.order)-1].Trial; before.Cell == t.Cell && reflect.DeepEqual(before.Params, t.Params) {
		t.Cell, t.Params = before.Cell, before.Params
	}
}
