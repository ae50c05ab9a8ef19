package tasks

import (
	"fmt"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

const flipFlopName = "three_bit_flip_flop"

var flipFlopInfo = sweep.TaskInfo{
	Component: sweep.Component{
		Name:     flipFlopName,
		Revision: 1,
		Doc: "Remember bits: a pulse of +1 in a channel sets its bit, one of -1 clears it, all bits begin cleared, and the target is the bits after the pulses of the same step. " +
			"One input and one output a bit. The loss is the mean squared error, without the first five steps and some steps after each flip. " +
			"The data set is finite: the first 80 % of its task trials are trained on, in a new order each epoch; batches are consecutive parts of it, the last one may be smaller.",
		Params: []sweep.Param{
			{Name: "length", Type: sweep.Int, Default: int64(500), Min: bound(6), Max: bound(100_000), Unit: "steps", Doc: "Time steps of a task trial."},
			{Name: "p", Type: sweep.Float, Default: 0.015, Min: bound(0), Max: bound(0.5), Doc: "Probability of a pulse up, and of one down, a step and channel; none comes in the first three steps."},
			{Name: "noise", Type: sweep.Float, Default: 0.15, Min: bound(0), Max: bound(1000), Doc: "Standard deviation of the noise of the inputs, drawn once."},
			{Name: "blind", Type: sweep.Int, Default: int64(4), Min: bound(0), Max: bound(100_000), Unit: "steps", Doc: "Steps after a flip in which the channel does not count; the step of the flip itself does."},
			{Name: "bits", Type: sweep.Int, Default: int64(3), Min: bound(1), Max: bound(64), Unit: "bits", Doc: "Bits to remember, each with a channel of its own."},
			{Name: "samples", Type: sweep.Int, Default: int64(1000), Min: bound(2), Max: bound(1_000_000), Unit: "task trials", Doc: "Task trials of the data set; a fifth of them, rounded up, is held out."},
		},
	},
	Trains:    true,
	OwnLength: true,
	Start:     sweep.Values{"updates": int64(500), "batch": int64(800)},
	Evaluations: []sweep.Component{
		{
			Name: validation, Revision: 1,
			Doc: "The held-out task trials of a data set, which nothing is trained on: the training loss, and the share of bits that are right (an output above ½ is a 1), both without what the loss leaves out.",
			Params: []sweep.Param{
				{Name: "seed", Type: sweep.Int, Default: int64(0), Doc: "Seed of the data set, the same for every trial."},
			},
		},
		{
			Name: fresh, Revision: 1,
			Doc: "Task trials of no data set, scored like those of validation.",
			Params: []sweep.Param{
				{Name: "count", Type: sweep.Int, Default: int64(1000), Min: bound(1), Max: bound(1_000_000), Unit: "task trials", Doc: "Task trials to score."},
				{Name: "seed", Type: sweep.Int, Default: int64(1000), Doc: "Seed of the data, which are the same for every trial."},
			},
		},
	},
	Metrics: map[string][]string{validation: {"accuracy", "loss"}, fresh: {"accuracy", "loss"}},
}

func init() {
	register(flipFlopInfo, newFlipFlop)
}

// The steps at the beginning of a task trial that have no pulse, and those that do not count in the loss (ctd.md 1.2 and 1.3).
const (
	quietSteps   = 3
	ignoredSteps = 5
)

// flipFlop is the task: the N-bit flip-flop of Sussillo and Barak (2013) as the CtD benchmark has it (specification ctd.md, part 1).
type flipFlop struct {
	length, bits, blind int
	samples             int
	p                   float64
	noise               float32
	normals             random.Fill
}

// maxElements bounds a data set to 0.7 GB.
const maxElements = 1 << 27

func newFlipFlop(p parameters) (Task, error) {
	f := flipFlop{
		length: p.int("length"), bits: p.int("bits"), blind: p.int("blind"), samples: p.int("samples"),
		p: p.float("p"), noise: float32(p.float("noise")),
	}
	var err error
	if f.normals, err = fastNormals(); err != nil {
		return nil, err
	}
	if n := f.samples * f.length * f.bits; n > maxElements {
		return nil, fmt.Errorf("samples %d × length %d × bits %d are %d numbers, at most %d are possible", f.samples, f.length, f.bits, n, maxElements)
	}
	return f, nil
}

func (f flipFlop) Inputs() int  { return f.bits }
func (f flipFlop) Outputs() int { return f.bits }

// Loss is the squared error; the mask is that of ctd.md 1.3.
func (f flipFlop) Loss() graph.Loss { return graph.SquaredError }

// trained is how many task trials of the data set are trained on. The others, a fifth rounded up, are held out.
func (f flipFlop) trained() int { return f.samples - (f.samples+4)/5 }

// size is the number of elements of a task trial: steps × channels, in this order.
func (f flipFlop) size() int { return f.length * f.bits }

// What is known of an element of a task trial beside its input.
const (
	bitSet  = 1 << iota // the target is 1
	counts              // it counts in the loss
	pulseUp             // its input has a pulse of +1
	pulseDown
)

// draw makes a task trial from a generator at its beginning: a uniform number for the pulse of each element, then a normal number for its noise.
// inputs and marks have size() elements.
func (f flipFlop) draw(g *random.Generator, inputs []float32, marks []uint8) {
	for i := range marks {
		r := g.Float64()
		marks[i] = 0
		switch {
		case i < quietSteps*f.bits:
		case r > 1-f.p:
			marks[i] = pulseUp
		case r < f.p:
			marks[i] = pulseDown
		}
	}
	g.NormalsBy(f.normals, inputs)
	for i, m := range marks {
		inputs[i] = float32(f.noise * inputs[i])
		switch m {
		case pulseUp:
			inputs[i]++
		case pulseDown:
			inputs[i]--
		}
	}
	for bit := range f.bits {
		f.follow(marks, bit)
	}
}

// follow marks the states of a bit and what counts of them. A pulse changes the state in its own step, one that repeats the last changes nothing.
// The steps after a flip do not count, also where they hold the next flip.
func (f flipFlop) follow(marks []uint8, bit int) {
	state := uint8(0)
	counting := ignoredSteps // the first step that counts
	for t := range f.length {
		m := &marks[t*f.bits+bit]
		before := state
		switch {
		case *m&pulseUp != 0:
			state = bitSet
		case *m&pulseDown != 0:
			state = 0
		}
		*m |= state
		if t >= counting {
			*m |= counts
		}
		if state != before {
			counting = max(counting, t+1+f.blind)
		}
	}
}

// Measure is the share of bits that are right, without what the loss leaves out; NaN where it leaves out everything.
func (f flipFlop) Measure(to []Measure, b *Batch, outputs []float32) []Measure {
	var s bitScore
	s.add(b, outputs)
	return append(to, Measure{"accuracy", s.accuracy()})
}

// sample makes the first task trials of the data set.
func (f flipFlop) sample(n int, seed int64) []Sample {
	samples := make([]Sample, n)
	for i := range samples {
		inputs, marks := f.generate(seed, random.Data, i, 1).trial(0)
		s := Sample{}
		pulses, flips := make([]int, f.bits), make([]int, f.bits)
		for t := range f.length {
			targets, mask := make([]float32, f.bits), make([]float32, f.bits)
			for bit := range f.bits {
				m := marks[t*f.bits+bit]
				targets[bit], mask[bit] = target(m), weight(m)
				if m&(pulseUp|pulseDown) != 0 {
					pulses[bit]++
				}
				if t > 0 && (m^marks[(t-1)*f.bits+bit])&bitSet != 0 {
					flips[bit]++
				}
			}
			s.Inputs = append(s.Inputs, inputs[t*f.bits:(t+1)*f.bits])
			s.Targets, s.Mask = append(s.Targets, targets), append(s.Mask, mask)
		}
		s.About = map[string]any{"pulses": pulses, "flips": flips}
		samples[i] = s
	}
	return samples
}

// target and weight are what the marks of an element say in numbers.
func target(mark uint8) float32 { return float32(mark & bitSet) }
func weight(mark uint8) float32 { return float32(mark & counts / counts) }
