package train

import (
	"time"

	"neurosweep/results"
)

// A pace is what an attempt measures of itself: whoever grants the next one knows by it how much time that needs. Nothing of the training depends on it.
type pace struct {
	begun             time.Time
	start             time.Duration
	updates           int
	spent, checkpoint time.Duration // on updates; on the longest checkpoint
}

// ready notes that the first update can begin.
func (p *pace) ready() { p.start = time.Since(p.begun) }

func (p *pace) updated(took time.Duration) {
	p.updates++
	p.spent += took
}

func (p *pace) checkpointed(took time.Duration) { p.checkpoint = max(p.checkpoint, took) }

func (p *pace) result() *results.Pace {
	r := &results.Pace{Start: p.start.Seconds(), Updates: p.updates, Checkpoint: p.checkpoint.Seconds()}
	if p.updates > 0 {
		r.Update = p.spent.Seconds() / float64(p.updates)
	}
	return r
}
