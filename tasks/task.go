package tasks

import "neurosweep/sweep"

// A Batch is what one update, or one evaluation step, is computed on. Everything is time-major: point (t, b) of a T×B batch
// is element t*Size+b, and channel c of it is element (t*Size+b)*channels+c.
type Batch struct {
	Steps  int       // T, time steps
	Size   int       // B, sequences
	Inputs []float32 // T×B×Inputs
	Labels []int32   // T×B: the class of each point
	Mask   []float32 // T×B: the weight of each point in loss and scores; nil: all 1
}

// resize makes b a batch of steps × size points without a mask, reusing its slices. What the slices hold then has no meaning.
func (b *Batch) resize(steps, size, channels int) {
	b.Steps, b.Size, b.Mask = steps, size, nil
	b.Inputs = resized(b.Inputs, steps*size*channels)
	b.Labels = resized(b.Labels, steps*size)
}

func resized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// A Measure is one named value of a batch or of an evaluation.
type Measure struct {
	Name  string
	Value float64
}

// A Task is one configured task. It is immutable: streams and evaluations carry the state.
type Task interface {
	Inputs() int  // channels of an input point
	Outputs() int // channels of an output point: the classes

	// Data makes the training data of a seed, from the beginning. batch is the number of sequences, length their steps.
	Data(seed int64, batch, length int) Data

	// Measure scores a training batch for the curves, beside the loss: outputs is T×B×Outputs.
	Measure(b *Batch, outputs []float32) []Measure

	// Evaluation prepares one run of a condition, the same data for every trial. The condition has been checked.
	Evaluation(c sweep.Condition) (Evaluation, error)
}

// Data is an endless stream of training batches that can be put aside and continued bit for bit.
type Data interface {
	Next(b *Batch) // fills b, reusing its slices
	State() []byte // where the stream stands; small
	Restore(state []byte) error
}

// An Evaluation is one pass over a condition's data.
type Evaluation interface {
	Next(b *Batch) bool                // fills b, reusing its slices; false at the end
	Score(b *Batch, outputs []float32) // takes the network's outputs, T×B×Outputs, for the batch of the last Next
	Measures() []Measure               // after the last batch; sorted by name
}
