package tasks

import (
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// Names of the kinds of evaluation of three_bit_flip_flop.
const (
	validation = "validation"
	fresh      = "fresh"
)

// Evaluation prepares a pass over a condition's data.
func (f flipFlop) Evaluation(c sweep.Condition) (Evaluation, error) {
	p, err := evaluation(flipFlopInfo, c)
	if err != nil {
		return nil, err
	}
	e := &flipFlopEvaluation{task: f, seed: p.int64("seed")}
	if c.Kind == validation {
		e.use, e.next, e.end = random.Data, f.trained(), f.samples
	} else {
		e.use, e.end = random.Evaluation, p.int("count")
	}
	e.group = groups(e.end-e.next, widest)
	return e, nil
}

// A flipFlopEvaluation scores a run of task trials, a group at a time.
type flipFlopEvaluation struct {
	task             flipFlop
	seed             int64
	use              random.Stream
	next, end, group int // numbers of task trials
	score            bitScore
}

func (e *flipFlopEvaluation) Next(b *Batch) bool {
	n := min(e.group, e.end-e.next)
	if n == 0 {
		return false
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	e.task.generate(e.seed, e.use, e.next, n).fill(b, order)
	e.next += n
	return true
}

func (e *flipFlopEvaluation) Score(b *Batch, outputs []float32) { e.score.add(b, outputs) }

// Measures are the training loss, its sum in float64, and the share of right bits.
func (e *flipFlopEvaluation) Measures() []Measure {
	return []Measure{{"accuracy", e.score.accuracy()}, {"loss", e.score.loss()}}
}

// A bitScore adds up outputs beside their targets.
type bitScore struct {
	right, counted float64 // weights of bits
	squares        float64 // weighted squared errors
	elements       int
}

// add scores a batch with targets and a mask. An output above ½ says that the bit is set; a NaN is never right.
func (s *bitScore) add(b *Batch, outputs []float32) {
	mask, outputs := b.Mask[:len(b.Targets)], outputs[:len(b.Targets)]
	squares, counted, right := s.squares, s.counted, s.right
	for i, want := range b.Targets {
		w, y := float64(mask[i]), outputs[i]
		if w == 0 {
			continue
		}
		d := float64(y) - float64(want)
		squares += float64(w * float64(d*d))
		counted += w
		right += float64(w * float64(sameBit(want, y)))
	}
	s.squares, s.counted, s.right = squares, counted, right
	s.elements += len(b.Targets)
}

// sameBit is 1 where an output is on the target's side of ½, else 0. It has no branches, which a network that has not learned yet would make as hard to predict as its outputs.
func sameBit(want, y float32) int {
	set, above, number := bit(want > 0.5), bit(y > 0.5), bit(y == y)
	return (1 ^ set ^ above) & number
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *bitScore) accuracy() float64 { return s.right / s.counted }

// loss is the mean over all elements, those of weight 0 included (ctd.md 1.3).
func (s *bitScore) loss() float64 { return s.squares / float64(s.elements) }
