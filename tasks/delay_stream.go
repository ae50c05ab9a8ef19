package tasks

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"neurosweep/sweep/random"
)

// cacheNumbers is how many numbers neurogym's Dataset keeps for a batch: observations and actions of all its sequences.
const cacheNumbers = 100_000

// A comparisonStream is the stream of batches of neurogym's Dataset (part C4 of the specification): each sequence of a batch comes from an environment of its own, which strings whole task
// trials together; the next batch goes on where this one stopped, in the middle of a trial mostly. Every so many batches (20 for 16 sequences
// of 100 steps) all environments drop what they began and start new trials.
type comparisonStream struct {
	task   delayComparison
	length int
	period int // batches between common starts
	batch  int // of the period: how many have been made
	envs   []environment
}

// An environment is one sequence's source of task trials.
type environment struct {
	g     *random.Generator
	start random.Generator // where g stood before the current trial
	drawn bool             // whether trial is the current one; it is drawn when it is needed
	at    int              // steps of it that have been given away
	trial comparison
}

// Data makes the training data of a seed. Sequence i draws from lane i.
func (d delayComparison) Data(seed int64, batch, length int) Data {
	return d.stream(seed, random.Data, batch, length)
}

func (d delayComparison) stream(seed int64, use random.Stream, batch, length int) *comparisonStream {
	s := &comparisonStream{task: d, length: length, envs: make([]environment, batch)}
	s.period = max(1, cacheNumbers/(channels+1)/batch/length)
	for i := range s.envs {
		g := random.New(seed, use, uint32(i))
		s.envs[i] = environment{g: g, start: *g}
	}
	return s
}

// Next makes the next batch.
func (s *comparisonStream) Next(b *Batch) {
	b.resize(s.length, len(s.envs), channels)
	s.fill(b, 0)
}

// fill makes the next batch as the columns of b from column on.
func (s *comparisonStream) fill(b *Batch, column int) {
	for i := range s.envs {
		e := &s.envs[i]
		if s.batch == 0 {
			e.drop()
		}
		for t := range s.length {
			e.step(s.task, b, t*b.Size+column+i)
		}
	}
	s.batch = (s.batch + 1) % s.period
}

// drop ends the current trial.
func (e *environment) drop() {
	if e.drawn {
		e.start, e.drawn, e.at = *e.g, false, 0
	}
}

// step writes the environment's next step to a point of a batch.
func (e *environment) step(task delayComparison, b *Batch, point int) {
	if !e.drawn {
		task.draw(e.g, &e.trial)
		e.drawn = true
	}
	copy(b.Inputs[point*channels:(point+1)*channels], e.trial.inputs[e.at*channels:])
	b.Labels[point] = e.trial.label(e.at)
	if e.at++; e.at == e.trial.steps() {
		e.drop()
	}
}

// Bytes is next to nothing: task trials are made when they are needed.
func (s *comparisonStream) Bytes() int64 {
	return int64(len(s.envs)) * int64(unsafe.Sizeof(environment{})+longestTrial*channels*unsafe.Sizeof(float32(0)))
}

// State is the number of the batch, and for each environment the generator before its current trial and the steps of that given away.
func (s *comparisonStream) State() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(s.batch))
	for _, e := range s.envs {
		b = append(b, byte(e.at))
		b = append(b, e.start.State()...)
	}
	return b
}

// Restore continues where a stream of the same seed and sizes stood when State was called.
func (s *comparisonStream) Restore(state []byte) error {
	one := 1 + random.StateSize
	if len(state) != 4+one*len(s.envs) {
		return fmt.Errorf("restore the data of delay_comparison: a state of %d bytes, want %d for %d sequences", len(state), 4+one*len(s.envs), len(s.envs))
	}
	batch := int(binary.LittleEndian.Uint32(state))
	if batch >= s.period {
		return fmt.Errorf("restore the data of delay_comparison: batch %d of %d", batch, s.period)
	}
	s.batch = batch
	for i := range s.envs {
		e, part := &s.envs[i], state[4+i*one:4+(i+1)*one]
		if err := e.g.Restore(part[1:]); err != nil {
			return fmt.Errorf("restore the data of delay_comparison: sequence %d: %w", i, err)
		}
		e.start, e.drawn, e.at = *e.g, false, int(part[0])
		if e.at == 0 {
			continue
		}
		s.task.draw(e.g, &e.trial)
		e.drawn = true
		if e.at >= e.trial.steps() {
			return fmt.Errorf("restore the data of delay_comparison: sequence %d: step %d of a task trial of %d", i, e.at, e.trial.steps())
		}
	}
	return nil
}
