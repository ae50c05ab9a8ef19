package tasks

import (
	"fmt"
	"slices"
	"strings"

	"neurosweep/models/kernel"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// Networks run wide batches faster than narrow ones, and a sequence's outputs do not depend on its neighbours: evaluations put
// sequences side by side, up to so many.
const widest = 512

// wholeLane is the lane of whole task trials: beyond those of any sequence of a stream.
const wholeLane = 1 << 31

// Evaluation prepares a pass over a condition's data.
func (d delayComparison) Evaluation(c sweep.Condition) (Evaluation, error) {
	p, err := evaluation(delayComparisonInfo, c)
	if err != nil {
		return nil, err
	}
	if c.Kind == seq100 {
		return d.streamEvaluation(p), nil
	}
	return d.wholeEvaluation(p), nil
}

// groups splits n things into groups of at most most, as equal as can be, and returns the size of all but the last.
func groups(n, most int) int {
	count := (n + most - 1) / most
	return (n + count - 1) / count
}

// A streamEvaluation scores the stream of batches, several of them side by side.
type streamEvaluation struct {
	stream      *comparisonStream
	left, group int // batches
	score       score
	loss        float64
	points      int
}

func (d delayComparison) streamEvaluation(p parameters) *streamEvaluation {
	batch, batches := p.int("batch"), p.int("batches")
	return &streamEvaluation{
		stream: d.stream(p.int64("seed"), random.Evaluation, batch, p.int("length")),
		left:   batches, group: groups(batches, max(1, widest/batch)),
	}
}

func (e *streamEvaluation) Next(b *Batch) bool {
	n := min(e.left, e.group)
	if n == 0 {
		return false
	}
	e.left -= n
	width := len(e.stream.envs)
	b.resize(e.stream.length, n*width, channels)
	for i := range n {
		e.stream.fill(b, i*width)
	}
	return true
}

func (e *streamEvaluation) Score(b *Batch, outputs []float32) {
	for i, label := range b.Labels {
		y := outputs[i*classes : (i+1)*classes]
		e.score.add(label, y)
		e.loss += crossEntropy(y, int(label))
	}
	e.points += len(b.Labels)
}

func (e *streamEvaluation) Measures() []Measure {
	return []Measure{{"accuracy", e.score.accuracy()}, {"loss", e.loss / float64(e.points)}}
}

// crossEntropy is -log softmax(y)[label], in float64.
func crossEntropy(y []float32, label int) float64 {
	top := float64(slices.Max(y))
	sum := 0.0
	for _, v := range y {
		sum += kernel.Exp(float64(v) - top)
	}
	return kernel.Log(sum) + (top - float64(y[label]))
}

// A wholeEvaluation scores complete task trials. They are drawn in order from one generator, then sorted by their lengths, so that little is
// padded; in the padding, inputs and labels are 0, and so is the mask.
type wholeEvaluation struct {
	trials []comparison
	next   int
	group  int
	all    score
	delay  [len(delaySteps)]score
}

func (d delayComparison) wholeEvaluation(p parameters) *wholeEvaluation {
	e := &wholeEvaluation{trials: make([]comparison, p.int("count")), group: groups(p.int("count"), widest)}
	g := random.New(p.int64("seed"), random.Evaluation, wholeLane)
	var c comparison
	for i := range e.trials {
		d.draw(g, &c)
		e.trials[i] = c
		e.trials[i].inputs, e.trials[i].noise = slices.Clone(c.inputs), nil // without the room for the longest
	}
	slices.SortStableFunc(e.trials, func(a, b comparison) int { return b.steps() - a.steps() })
	return e
}

func (e *wholeEvaluation) Next(b *Batch) bool {
	group := e.trials[e.next:min(e.next+e.group, len(e.trials))]
	if len(group) == 0 {
		return false
	}
	e.next += len(group)
	b.resize(group[0].steps(), len(group), channels) // the longest comes first
	clear(b.Inputs)
	b.Mask = resized(b.Mask, b.Steps*b.Size)
	for i := range group {
		c := &group[i]
		for t := range b.Steps {
			point := t*b.Size + i
			b.Labels[point], b.Mask[point] = 0, 0
			if t < c.steps() {
				b.Labels[point], b.Mask[point] = c.label(t), 1
				copy(b.Inputs[point*channels:], c.inputs[t*channels:(t+1)*channels])
			}
		}
	}
	return true
}

func (e *wholeEvaluation) Score(b *Batch, outputs []float32) {
	group := e.trials[e.next-b.Size : e.next]
	for i := range group {
		c := &group[i]
		point := (c.steps()-1)*b.Size + i
		y := outputs[point*classes : (point+1)*classes]
		e.all.add(c.answer, y)
		e.delay[slices.Index(delaySteps[:], c.delay)].add(c.answer, y)
	}
}

// Measures gives NaN for a delay that no task trial had.
func (e *wholeEvaluation) Measures() []Measure {
	m := []Measure{{"accuracy", e.all.accuracy()}}
	for i, s := range e.delay {
		m = append(m, Measure{fmt.Sprintf("accuracy.delay_%d", delaySteps[i]*stepMs), s.accuracy()})
	}
	slices.SortFunc(m, func(a, b Measure) int { return strings.Compare(a.Name, b.Name) })
	return m
}
