package tasks

import (
	"neurosweep/models/graph"
	"neurosweep/sweep"
)

// A Batch is what one update, or one evaluation step, is computed on. Everything is time-major: point (t, b) of a T×B batch
// is element t*Size+b, and channel c of it is element (t*Size+b)*channels+c. A task whose loss is the cross-entropy has labels and no targets, one
// whose loss is the squared error targets and no labels.
type Batch struct {
	Steps   int       // T, time steps
	Size    int       // B, sequences
	Inputs  []float32 // T×B×Inputs
	Labels  []int32   // T×B: the class of each point
	Targets []float32 // T×B×Outputs: what each output should be
	Mask    []float32 // the weights in loss and scores, T×B with labels and T×B×Outputs with targets; nil: all 1
}

// resize makes b a batch of steps × size labelled points without a mask, reusing its slices. What the slices hold then has no meaning.
func (b *Batch) resize(steps, size, channels int) {
	b.Steps, b.Size, b.Targets, b.Mask = steps, size, nil, nil
	b.Inputs = resized(b.Inputs, steps*size*channels)
	b.Labels = resized(b.Labels, steps*size)
}

// resizeTargets makes b a batch of steps × size points with targets and a mask, reusing its slices. What the slices hold then has no meaning.
func (b *Batch) resizeTargets(steps, size, channels, outputs int) {
	b.Steps, b.Size, b.Labels = steps, size, nil
	b.Inputs = resized(b.Inputs, steps*size*channels)
	b.Targets = resized(b.Targets, steps*size*outputs)
	b.Mask = resized(b.Mask, steps*size*outputs)
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
	Outputs() int // channels of an output point: the classes, or the values

	// Loss is what training minimises, on outputs, labels or targets, and the mask.
	Loss() graph.Loss

	// Data makes the training data of a seed, from the beginning. batch is the number of sequences, length their steps; a task whose
	// task trials have their own length (sweep.TaskInfo) does not look at length.
	Data(seed int64, batch, length int) Data

	// Measure appends the scores of a training batch for the curves, beside the loss: outputs is T×B×Outputs.
	Measure(to []Measure, b *Batch, outputs []float32) []Measure

	// Evaluation prepares one run of a condition, the same data for every trial. The condition has been checked.
	Evaluation(c sweep.Condition) (Evaluation, error)
}

// Data is an endless stream of training batches that can be put aside and continued bit for bit.
type Data interface {
	Next(b *Batch) // fills b, reusing its slices
	State() []byte // where the stream stands; small
	Restore(state []byte) error
	Bytes() int64 // memory that it holds from the beginning, such as a data set
}

// An Evaluation is one pass over a condition's data.
type Evaluation interface {
	Next(b *Batch) bool                // fills b, reusing its slices; false at the end
	Score(b *Batch, outputs []float32) // takes the network's outputs, T×B×Outputs, for the batch of the last Next
	Measures() []Measure               // after the last batch; sorted by name
}
