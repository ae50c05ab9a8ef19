package tasks

import (
	"encoding/binary"
	"fmt"

	"neurosweep/sweep/random"
)

// A flipFlopSet is a run of task trials in memory, one after the other, each steps × bits.
type flipFlopSet struct {
	task   flipFlop
	inputs []float32
	marks  []uint8
}

// generate makes n task trials, from number first on. Number i draws from lane i: it is the same in a data set of any size.
func (f flipFlop) generate(seed int64, use random.Stream, first, n int) *flipFlopSet {
	s := &flipFlopSet{task: f, inputs: make([]float32, n*f.size()), marks: make([]uint8, n*f.size())}
	for i := range n {
		inputs, marks := s.trial(i)
		f.draw(random.New(seed, use, uint32(first+i)), inputs, marks)
	}
	return s
}

// trial is task trial i of the run.
func (s *flipFlopSet) trial(i int) (inputs []float32, marks []uint8) {
	n := s.task.size()
	return s.inputs[i*n : (i+1)*n], s.marks[i*n : (i+1)*n]
}

// fill makes b the batch of the task trials that order names.
func (s *flipFlopSet) fill(b *Batch, order []int32) {
	bits := s.task.bits
	b.resizeTargets(s.task.length, len(order), bits, bits)
	for column, number := range order {
		inputs, marks := s.trial(int(number))
		for t := range b.Steps {
			from, to := t*bits, (t*b.Size+column)*bits
			for bit := range bits {
				m := marks[from+bit]
				b.Inputs[to+bit], b.Targets[to+bit], b.Mask[to+bit] = inputs[from+bit], target(m), weight(m)
			}
		}
	}
}

// A flipFlopStream gives the trained part of a data set, epoch after epoch: each has an order of its own, a uniform permutation, and is
// cut into consecutive batches, of which the last may be smaller.
type flipFlopStream struct {
	set   *flipFlopSet
	batch int
	order []int32 // of this epoch; it is drawn when it is needed

	g     *random.Generator
	start random.Generator // where g stood before this epoch's order
	at    int              // task trials of this epoch given away
}

// Data makes the data set of a seed, and the stream of its batches.
func (f flipFlop) Data(seed int64, batch, _ int) Data {
	g := random.New(seed, random.Order, 0)
	n := f.trained()
	return &flipFlopStream{set: f.generate(seed, random.Data, 0, n), batch: min(batch, n), order: make([]int32, n), g: g, start: *g}
}

// Next makes the next batch.
func (s *flipFlopStream) Next(b *Batch) {
	if s.at == 0 {
		s.shuffle()
	}
	end := min(s.at+s.batch, len(s.order))
	s.set.fill(b, s.order[s.at:end])
	if s.at = end; s.at == len(s.order) {
		s.at, s.start = 0, *s.g
	}
}

// shuffle draws an epoch's order (Fisher and Yates, from the end; Durstenfeld 1964).
func (s *flipFlopStream) shuffle() {
	for i := range s.order {
		s.order[i] = int32(i)
	}
	for i := len(s.order) - 1; i > 0; i-- {
		j := s.g.IntN(i + 1)
		s.order[i], s.order[j] = s.order[j], s.order[i]
	}
}

// Bytes is the data set: its inputs, its marks, and an order of its task trials.
func (s *flipFlopStream) Bytes() int64 {
	return int64(4*len(s.set.inputs) + len(s.set.marks) + 4*cap(s.order))
}

// State is how many task trials of the epoch have been given away, and the generator before its order.
func (s *flipFlopStream) State() []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(s.at)), s.start.State()...)
}

// Restore continues where a stream of the same seed and sizes stood when State was called.
func (s *flipFlopStream) Restore(state []byte) error {
	if len(state) < 4 {
		return fmt.Errorf("restore the data of %s: a state of %d bytes", flipFlopName, len(state))
	}
	at := binary.LittleEndian.Uint32(state)
	if at >= uint32(len(s.order)) || at%uint32(s.batch) != 0 {
		return fmt.Errorf("restore the data of %s: %d task trials of an epoch of %d in batches of %d", flipFlopName, at, len(s.order), s.batch)
	}
	if err := s.g.Restore(state[4:]); err != nil {
		return fmt.Errorf("restore the data of %s: %w", flipFlopName, err)
	}
	s.at, s.start = int(at), *s.g
	if s.at > 0 {
		s.shuffle()
	}
	return nil
}
