package train

import (
	"slices"
	"time"

	"neurosweep/models"
)

// timings are the seconds that updates took, one number an update.
type timings struct {
	data []float64 // making the batch
	step []float64 // the training step that follows: loss, gradients, measures, clipping, optimiser
	size []int     // sequences of the batch: the last one of an epoch may have fewer
}

// whole are the training steps on the largest batches, and how many sequences these have.
func (t timings) whole() (steps []float64, size int) {
	size = slices.Max(t.size)
	for i, n := range t.size {
		if n == size {
			steps = append(steps, t.step[i])
		}
	}
	return steps, size
}

// timeUpdates does updates until there were enough of them and they took long enough. Before each it calls between, which is not timed. A trial that
// diverges begins again: its updates take as long as others.
// This is the one measurement behind sweep bench, the cost of sweep plan, and what depends on these.
func (t *trainer) timeUpdates(updates int, span time.Duration, between func()) (timings, error) {
	var took timings
	for spent := time.Duration(0); len(took.step) < updates || spent < span; {
		between()
		start := time.Now()
		t.data.Next(&t.batch)
		made := time.Now()
		_, finite, err := t.step()
		end := time.Now()
		if err != nil {
			return took, err
		}
		if !finite {
			t.restart()
		}
		took.data, took.step = append(took.data, made.Sub(start).Seconds()), append(took.step, end.Sub(made).Seconds())
		took.size = append(took.size, t.batch.Size)
		spent += end.Sub(start)
	}
	return took, nil
}

// restart puts weights and optimiser back to where training began; the data go on.
func (t *trainer) restart() {
	copy(t.weights, models.Init(t.model, t.config.Seed))
	for _, s := range t.optimizer.slots {
		clear(s)
	}
	t.done = 0
}

func nothing() {}

// update is what one update takes, data and all: the sum of the medians.
func (t timings) update() float64 { return median(t.data) + median(t.step) }

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}
