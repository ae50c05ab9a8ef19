package tasks

import (
	"math"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// Names of the kinds of evaluation of delay_comparison.
const (
	seq100     = "seq100"
	wholeTrial = "whole_trial"
)

var delayComparisonInfo = sweep.TaskInfo{
	Component: sweep.Component{
		Name:     "delay_comparison",
		Revision: 1,
		Doc: "Two magnitudes, one after the other with a delay of 200 to 3,200 ms between them; at the end, say which was the larger. " +
			"Two inputs (fixation, magnitude), three classes (wait, first larger, second larger), steps of 100 ms.",
		Params: []sweep.Param{
			{Name: "sigma", Type: sweep.Float, Default: 1.0, Min: bound(0), Max: bound(1000), Unit: "√ms", Doc: "Noise of the inputs while a magnitude is shown; a time step's standard deviation is sigma/√(100 ms)."},
		},
	},
	Trains: true,
	Evaluations: []sweep.Component{
		{
			Name: seq100, Revision: 1,
			Doc: "The stream of training batches, with its sequences that begin in the middle of a task trial: accuracy over the points that ask for a decision, and the loss over all points.",
			Params: []sweep.Param{
				{Name: "batches", Type: sweep.Int, Default: int64(100), Min: bound(1), Max: bound(10_000), Unit: "batches", Doc: "Batches to score."},
				{Name: "batch", Type: sweep.Int, Default: int64(16), Min: bound(1), Max: bound(1024), Unit: "sequences", Doc: "Sequences of a batch."},
				{Name: "length", Type: sweep.Int, Default: int64(100), Min: bound(1), Max: bound(2000), Unit: "steps", Doc: "Time steps of a sequence."},
				{Name: "seed", Type: sweep.Int, Default: int64(1000), Doc: "Seed of the data, which are the same for every trial."},
			},
		},
		{
			Name: wholeTrial, Revision: 1,
			Doc: "Complete task trials, each from the zero state: accuracy of the decision, over all of them and for each delay.",
			Params: []sweep.Param{
				{Name: "count", Type: sweep.Int, Default: int64(2000), Min: bound(1), Max: bound(100_000), Unit: "task trials", Doc: "Task trials to score."},
				{Name: "seed", Type: sweep.Int, Default: int64(1000), Doc: "Seed of the data, which are the same for every trial."},
			},
		},
	},
	Metrics: map[string][]string{
		seq100:     {"accuracy", "loss"},
		wholeTrial: {"accuracy", "accuracy.delay_1600", "accuracy.delay_200", "accuracy.delay_3200", "accuracy.delay_400", "accuracy.delay_800"},
	},
}

func init() {
	register(delayComparisonInfo, func(p parameters) (Task, error) {
		fast, err := fastNormals()
		return delayComparison{noise: float32(p.float("sigma") / math.Sqrt(stepMs)), normals: fast}, err
	})
}

// The periods of a task trial, in steps. DelayComparison-v0 of neurogym, with the delays of the notebook (docs: part C2 of its specification);
// the notebook's response period of 500 ms has no effect there, the decision lasts one step.
const (
	stepMs        = 100
	fixationSteps = 5
	stimulusSteps = 5
	decisionSteps = 1
	longestTrial  = fixationSteps + 2*stimulusSteps + 32 + decisionSteps

	channels = 2 // fixation, magnitude
	classes  = 3 // wait, first larger, second larger
)

var (
	delaySteps = [...]int{2, 4, 8, 16, 32}
	pairs      = [...][2]int{{18, 10}, {22, 14}, {26, 18}, {30, 22}, {34, 26}}
)

// Smallest and largest magnitude of all pairs: they scale the input to [½, 1].
const (
	smallest = 10
	largest  = 34
)

// delayComparison is the task. Its channel 0 is 1 until the decision, where both channels are exactly 0; channel 1 shows a magnitude in the two stimulus
// periods, in which independent normal noise is added to both channels.
type delayComparison struct {
	noise   float32 // standard deviation of a step
	normals random.Fill
}

func (d delayComparison) Inputs() int  { return channels }
func (d delayComparison) Outputs() int { return classes }

// Loss is the cross-entropy over all points.
func (d delayComparison) Loss() graph.Loss { return graph.CrossEntropy }

// A comparison is one task trial.
type comparison struct {
	first, second int   // magnitudes
	delay         int   // steps between the stimuli
	answer        int32 // 1: the first is larger, 2: the second
	inputs        []float32
	noise         []float32 // standard normal numbers, until they are in the inputs
}

func (c *comparison) steps() int { return len(c.inputs) / channels }

// label is the class of a step: 0 until the decision.
func (c *comparison) label(step int) int32 {
	if step < c.steps()-decisionSteps {
		return 0
	}
	return c.answer
}

// draw makes the next task trial in c, whose memory it reuses. It draws the answer, the pair, the delay, and the noise of the first and
// of the second stimulus, step by step and channel by channel.
func (d delayComparison) draw(g *random.Generator, c *comparison) {
	c.answer = int32(1 + g.IntN(2))
	pair := pairs[g.IntN(len(pairs))]
	c.delay = delaySteps[g.IntN(len(delaySteps))]
	c.first, c.second = pair[0], pair[1]
	if c.answer == 2 {
		c.first, c.second = pair[1], pair[0]
	}
	steps := fixationSteps + 2*stimulusSteps + c.delay + decisionSteps
	if cap(c.inputs) < steps*channels {
		c.inputs = make([]float32, longestTrial*channels)
	}
	c.inputs = c.inputs[:steps*channels]
	clear(c.inputs)
	for t := range steps - decisionSteps {
		c.inputs[t*channels] = 1
	}
	if c.noise == nil {
		c.noise = make([]float32, 2*stimulusSteps*channels)
	}
	g.NormalsBy(d.normals, c.noise)
	d.show(c, c.first, fixationSteps, c.noise[:len(c.noise)/2])
	d.show(c, c.second, fixationSteps+stimulusSteps+c.delay, c.noise[len(c.noise)/2:])
}

// show puts a magnitude and noise into the stimulus period that begins at a step.
func (d delayComparison) show(c *comparison, magnitude, start int, noise []float32) {
	level := float32((1 + float64(magnitude-smallest)/(largest-smallest)) / 2)
	period := c.inputs[start*channels : (start+stimulusSteps)*channels]
	for i := range period {
		if i%channels == 1 {
			period[i] += level
		}
		period[i] += float32(d.noise * noise[i])
	}
}

// Measure is the accuracy over the points that ask for a decision; NaN where there is none.
func (d delayComparison) Measure(to []Measure, b *Batch, outputs []float32) []Measure {
	var s score
	for i, label := range b.Labels {
		s.add(label, outputs[i*classes:(i+1)*classes])
	}
	return append(to, Measure{"accuracy", s.accuracy()})
}

// A score counts decisions.
type score struct{ right, points int }

// add counts a point, unless its class is to wait.
func (s *score) add(label int32, output []float32) {
	if label == 0 {
		return
	}
	s.points++
	if argmax(output) == int(label) {
		s.right++
	}
}

func (s score) accuracy() float64 { return float64(s.right) / float64(s.points) }

// argmax is the number of the largest element, the first of equals.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// sample makes task trials to look at.
func (d delayComparison) sample(n int, seed int64) []Sample {
	g := random.New(seed, random.Data, 0)
	samples := make([]Sample, n)
	for i := range samples {
		var c comparison
		d.draw(g, &c)
		s := Sample{StepMs: stepMs, About: map[string]any{"answer": c.answer, "first": c.first, "second": c.second, "delay_ms": c.delay * stepMs}}
		for t := range c.steps() {
			s.Inputs = append(s.Inputs, c.inputs[t*channels:(t+1)*channels])
			s.Labels = append(s.Labels, c.label(t))
		}
		samples[i] = s
	}
	return samples
}
