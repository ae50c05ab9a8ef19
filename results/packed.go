package results

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"

	"neurosweep/sweep"
)

// A sweep may have a million trials, and nearly all that its State holds is of trials that have ended. Their rows are packed: what the trials of a sweep
// have in common, which checkpoints, metrics and conditions there are, is a layout that they share; each has only its digests, sizes and values.

// A layout says what packed rows are. It is never changed.
type layout struct {
	Checkpoints []heldCheckpoint // without path, digest and size
	Evals       []heldEval       // without values
	Curves      []heldCurve
	number      int // of the state's layouts
}

// maxLayouts is how many layouts a state has at most. What would need another one is not packed.
const maxLayouts = 4096

// digestBytes is the length of a SHA-256.
const digestBytes = 32

// key is the same for equal layouts only.
func (l *layout) key() string {
	var key []byte
	number := func(n int) { key = binary.AppendVarint(key, int64(n)) }
	text := func(s string) {
		number(len(s))
		key = append(key, s...)
	}
	number(len(l.Checkpoints))
	for _, c := range l.Checkpoints {
		number(c.Update)
		text(map[bool]string{true: "deleted"}[c.Deleted])
	}
	number(len(l.Evals))
	for _, e := range l.Evals {
		number(e.Update)
		text(e.Condition)
		text(e.Metric)
	}
	for _, c := range l.Curves {
		number(c.Count)
		text(c.Metric)
	}
	return string(key)
}

// layout finds the layout that is equal to l, or takes l as a new one; nil: there are too many.
func (s *State) layout(l *layout) *layout {
	key := l.key()
	if known := s.layoutOf[key]; known != nil {
		return known
	}
	if len(s.layouts) == maxLayouts {
		return nil
	}
	l.Evals, l.Curves = slices.Clone(l.Evals), slices.Clone(l.Curves)
	l.number = len(s.layouts)
	s.layouts = append(s.layouts, l)
	s.layoutOf[key] = l
	return l
}

// pack packs the rows of a trial, if they are like those of others: checkpoints have their usual names and digests, and curves have no gaps.
func (s *State) pack(t *TrialState) {
	h := t.heldRows
	if h == nil || slices.ContainsFunc(h.curves, func(c heldCurve) bool { return c.Values != nil }) {
		return
	}
	l := &layout{Evals: slices.Clone(h.evals), Curves: h.curves}
	packed := make([]byte, 0, len(h.checkpoints)*(digestBytes+8)+len(h.evals)*8)
	for _, c := range h.checkpoints {
		digest, err := hex.DecodeString(c.Digest)
		if err != nil || len(digest) != digestBytes || hex.EncodeToString(digest) != c.Digest || c.Path != sweep.WeightsPath(t.ID, c.Update) {
			return
		}
		packed = binary.LittleEndian.AppendUint64(append(packed, digest...), uint64(c.Bytes))
		l.Checkpoints = append(l.Checkpoints, heldCheckpoint{Checkpoint: Checkpoint{Update: c.Update}, Deleted: c.Deleted})
	}
	for i := range l.Evals {
		packed = binary.LittleEndian.AppendUint64(packed, math.Float64bits(float64(l.Evals[i].Value)))
		l.Evals[i].Value = 0
	}
	if l = s.layout(l); l != nil {
		t.packed, t.layout, t.heldRows = string(packed), l, nil
	}
}

// rows are what is held of a trial's rows; of packed ones a copy.
func (t *TrialState) rows() *heldRows {
	if t.layout == nil {
		return t.heldRows
	}
	packed := []byte(t.packed)
	h := &heldRows{checkpoints: slices.Clone(t.layout.Checkpoints), evals: slices.Clone(t.layout.Evals), curves: slices.Clone(t.layout.Curves)}
	for i := range h.checkpoints {
		c := &h.checkpoints[i]
		c.Path, c.Digest = sweep.WeightsPath(t.ID, c.Update), hex.EncodeToString(packed[:digestBytes])
		c.Bytes = int64(binary.LittleEndian.Uint64(packed[digestBytes:]))
		packed = packed[digestBytes+8:]
	}
	for i := range h.evals {
		h.evals[i].Value = Value(math.Float64frombits(binary.LittleEndian.Uint64(packed)))
		packed = packed[8:]
	}
	return h
}

// unpack makes rows that can be added to.
func (t *TrialState) unpack() {
	if t.layout != nil {
		t.heldRows, t.layout, t.packed = t.rows(), nil, ""
	}
}

// newest is the update of a trial's newest checkpoint; -1: it has none.
func (t *TrialState) newest() int {
	if t.layout == nil {
		return t.heldRows.newest()
	}
	if n := len(t.layout.Checkpoints); n > 0 {
		return t.layout.Checkpoints[n-1].Update
	}
	return -1
}
