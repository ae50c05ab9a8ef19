package tasks

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func newFlipFlopTask(t *testing.T, params sweep.Values) flipFlop {
	t.Helper()
	task, err := New(sweep.Section{Name: flipFlopName, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	return task.(flipFlop)
}

// batchOf is a batch of one task trial whose marks have the given pulses; its inputs are 0.
func batchOf(f flipFlop, pulses map[int]uint8) *Batch {
	set := &flipFlopSet{task: f, inputs: make([]float32, f.size()), marks: make([]uint8, f.size())}
	for t, mark := range pulses {
		set.marks[t] = mark
	}
	f.follow(set.marks, 0)
	var b Batch
	set.fill(&b, []int32{0})
	return &b
}

func scoreOf(b *Batch, outputs ...float32) bitScore {
	var s bitScore
	s.add(b, slices.Repeat(outputs, len(b.Targets)/len(outputs)))
	return s
}

// The unit tests of ctd.md 1.3: 15 steps, one bit, one flip in step 7.
func TestFlipFlopLossIsThatOf1_3(t *testing.T) {
	f := newFlipFlopTask(t, sweep.Values{"length": int64(15), "bits": int64(1)})
	b := batchOf(f, map[int]uint8{7: pulseUp, 9: pulseUp}) // the second pulse repeats the first: it is no flip
	if want := []float32{0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1}; !slices.Equal(b.Mask, want) {
		t.Errorf("the mask is %v, want %v", b.Mask, want)
	}
	if want := []float32{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}; !slices.Equal(b.Targets, want) {
		t.Errorf("the targets are %v, want %v", b.Targets, want)
	}
	for _, c := range []struct {
		output         float32
		loss, accuracy float64
	}{{0, 4. / 15, 2. / 6}, {1, 2. / 15, 4. / 6}, {0.5, 0.25 * 6 / 15, 2. / 6}, {0.625, (2*0.625*0.625 + 4*0.375*0.375) / 15, 4. / 6}} {
		s := scoreOf(b, c.output)
		if math.Abs(s.loss()-c.loss) > 1e-15 || math.Abs(s.accuracy()-c.accuracy) > 1e-15 {
			t.Errorf("outputs %g have the loss %g and the accuracy %g, want %g and %g", c.output, s.loss(), s.accuracy(), c.loss, c.accuracy)
		}
	}
	// A flip within the blind steps of another is blind itself, and has blind steps of its own.
	b = batchOf(f, map[int]uint8{5: pulseUp, 7: pulseDown})
	if want := []float32{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1}; !slices.Equal(b.Mask, want) {
		t.Errorf("the mask is %v, want %v", b.Mask, want)
	}
	// A flip in a step that does not count yet is followed by blind steps as well.
	b = batchOf(f, map[int]uint8{3: pulseUp})
	if want := []float32{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}; !slices.Equal(b.Mask, want) {
		t.Errorf("the mask is %v, want %v", b.Mask, want)
	}
	nan := float32(math.NaN())
	if s := scoreOf(b, nan); !math.IsNaN(s.loss()) || s.accuracy() != 0 {
		t.Errorf("outputs that are NaN have the loss %g and the accuracy %g", s.loss(), s.accuracy())
	}
}

// The statistics of ctd.md 1.2, at its three settings. Tolerances are five standard errors of this many channels.
func TestFlipFlopStatisticsAreThoseOf1_2(t *testing.T) {
	for _, c := range []struct {
		p                          float64
		length, trials             int
		pulses, flips, mean, blind float64
	}{{0.015, 500, 700, 14.9, 7.35, 0.457, 0.067}, {0.01, 500, 300, 10.0, 5.1, 0.447, 0.050}, {0.03, 100, 1500, 5.8, 2.98, 0.403, 0.16}} {
		f := newFlipFlopTask(t, sweep.Values{"p": c.p, "length": int64(c.length)})
		set := f.generate(4, random.Data, 0, c.trials)
		var pulses, flips, set1, blind float64
		share := make([]float64, c.length)
		for i, m := range set.marks {
			step := i / f.bits % c.length
			if m&(pulseUp|pulseDown) != 0 {
				if pulses++; step < quietSteps {
					t.Fatalf("a pulse in step %d", step)
				}
			}
			if step > 0 && (m^set.marks[i-f.bits])&bitSet != 0 {
				flips++
			}
			if m&counts == 0 {
				blind++
			}
			set1 += float64(target(m))
			share[step] += float64(target(m)) / float64(c.trials*f.bits)
		}
		n := float64(c.trials * f.bits)
		for _, v := range []struct {
			name             string
			got, want, error float64
		}{
			{"pulses a channel", pulses / n, c.pulses, 0.05 + 5*math.Sqrt(c.pulses/n)}, {"flips a channel", flips / n, c.flips, 0.05 + 5*math.Sqrt(c.flips/n)},
			{"mean target", set1 / n / float64(c.length), c.mean, 0.001 + 5*0.12/math.Sqrt(n)}, {"masked share", blind / n / float64(c.length), c.blind, 0.005},
		} {
			if math.Abs(v.got-v.want) > v.error {
				t.Errorf("p %g: %s is %g, want %g ± %.2g", c.p, v.name, v.got, v.want, v.error)
			}
		}
		for step, got := range share {
			if want := max(0, 0.5*(1-math.Pow(1-2*c.p, float64(step-2)))); math.Abs(got-want) > 5*0.5/math.Sqrt(n) {
				t.Errorf("p %g: a bit is set in step %d with probability %g, want %g", c.p, step, got, want)
			}
		}
	}
}

// The inputs are the pulses and normal noise of the given size, with no correlation from step to step.
func TestFlipFlopInputs(t *testing.T) {
	f := newFlipFlopTask(t, nil)
	set := f.generate(11, random.Data, 0, 200)
	var sum, squares, products, last float64
	for i, x := range set.inputs {
		m := set.marks[i]
		noise := float64(x) - float64(m&pulseUp/pulseUp) + float64(m&pulseDown/pulseDown)
		sum, squares, products = sum+noise, squares+noise*noise, products+noise*last
		last = noise
	}
	n := float64(len(set.inputs))
	if mean, sd, r := sum/n, math.Sqrt(squares/n), products/squares; math.Abs(mean) > 5*0.15/math.Sqrt(n) || math.Abs(sd-0.15) > 5*0.15/math.Sqrt(2*n) || math.Abs(r) > 5/math.Sqrt(n) {
		t.Errorf("the noise has mean %g, standard deviation %g and correlation %g", mean, sd, r)
	}
}

// What simple predictors reach, and the optimal one (ctd.md 1.3): the Bayes filter's loss is the floor under every network's. The specification's
// numbers are samples themselves; that of the output 0 has a standard error of 0.004 here and there.
func TestFlipFlopPredictors(t *testing.T) {
	f := newFlipFlopTask(t, nil)
	set := f.generate(6, random.Data, 0, 500)
	var b Batch
	order := make([]int32, 500)
	for i := range order {
		order[i] = int32(i)
	}
	set.fill(&b, order)
	series := func(predict func(x []float64, y []float64)) float64 {
		outputs := make([]float32, len(b.Targets))
		x, y := make([]float64, f.length), make([]float64, f.length)
		for channel := range b.Size * f.bits {
			for t := range x {
				x[t] = float64(b.Inputs[t*b.Size*f.bits+channel])
			}
			predict(x, y)
			for t := range y {
				outputs[t*b.Size*f.bits+channel] = float32(y[t])
			}
		}
		s := scoreOf(&b, outputs...)
		return s.loss()
	}
	constant := func(v float64) float64 {
		return series(func(_, y []float64) { copy(y, slices.Repeat([]float64{v}, len(y))) })
	}
	latch := func(late int) float64 {
		return series(func(x, y []float64) {
			state := 0.0
			for t := range x {
				if at := t - late; at >= 0 && x[at] > 0.5 {
					state = 1
				} else if at >= 0 && x[at] < -0.5 {
					state = 0
				}
				y[t] = state
			}
		})
	}
	bayes := series(func(x, y []float64) {
		density := func(v float64) float64 { return math.Exp(-v * v / (2 * 0.15 * 0.15)) }
		p := 0.0
		for t := range x {
			if t >= quietSteps {
				up, down, none := f.p*density(x[t]-1), f.p*density(x[t]+1), (1-2*f.p)*density(x[t])
				p = (up + none*p) / (up + down + none)
			}
			y[t] = p
		}
	})
	for _, c := range []struct {
		name             string
		got, want, error float64
	}{{"½", constant(0.5), 0.233, 0.001}, {"0", constant(0), 0.427, 0.016}, {"a latch", latch(0), 0.013, 0.002}, {"a late latch", latch(1), 0.027, 0.002}, {"the Bayes filter", bayes, 0.0018, 0.0003}} {
		if math.Abs(c.got-c.want) > c.error {
			t.Errorf("%s has the loss %.4f, want %.4f", c.name, c.got, c.want)
		}
	}
}

// Each epoch has every task trial that is trained on once, in an order of its own; the rest of the data set is never among them.
func TestFlipFlopEpochs(t *testing.T) {
	f := newFlipFlopTask(t, sweep.Values{"length": int64(6), "samples": int64(101), "noise": 1.0})
	if f.trained() != 80 { // ⌈101/5⌉ = 21 are held out
		t.Fatalf("%d task trials are trained on", f.trained())
	}
	set := f.generate(9, random.Data, 0, f.samples)
	number := map[float32]int{} // the first input tells the task trials apart
	for i := range f.samples {
		inputs, _ := set.trial(i)
		number[inputs[0]] = i
	}
	for _, batch := range []int{30, 80, 1000} {
		data := f.Data(9, batch, 123)
		var b Batch
		var last []int
		for epoch := range 4 {
			var seen, sizes []int
			for len(seen) < f.trained() {
				data.Next(&b)
				sizes = append(sizes, b.Size)
				for column := range b.Size {
					seen = append(seen, number[b.Inputs[column*f.bits]])
				}
			}
			if want := map[int][]int{30: {30, 30, 20}, 80: {80}, 1000: {80}}[batch]; !slices.Equal(sizes, want) || b.Steps != f.length {
				t.Fatalf("batches of %v sequences, want %v", sizes, want)
			}
			if slices.Equal(seen, last) {
				t.Errorf("epoch %d has the order of the one before", epoch)
			}
			last = slices.Clone(seen)
			if slices.Sort(seen); len(slices.Compact(seen)) != f.trained() || slices.Max(seen) != f.trained()-1 {
				t.Errorf("epoch %d has the task trials %v", epoch, seen)
			}
		}
	}
	e, err := f.Evaluation(sweep.Condition{Kind: validation, Params: sweep.Values{"seed": int64(9)}})
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	for column, next := 0, f.trained(); e.Next(&b); column, next = 0, next+b.Size {
		for ; column < b.Size; column++ {
			if got := number[b.Inputs[column*f.bits]]; got != next+column {
				t.Errorf("held-out task trial %d is number %d", next+column, got)
			}
		}
	}
}

// The bits of a batch: a change is a new revision.
func TestFlipFlopGoldenBits(t *testing.T) {
	f := newFlipFlopTask(t, sweep.Values{"length": int64(45), "samples": int64(50)})
	data := f.Data(3, 37, 0)
	hash := fnv.New64a()
	var b Batch
	for range 3 {
		data.Next(&b)
		for _, v := range [][]float32{b.Inputs, b.Targets, b.Mask} {
			if err := binary.Write(hash, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := hash.Sum64(); got != 0x34e5b7373195d47e {
		t.Errorf("the batches' digest is %#x", got)
	}
}

func TestFlipFlopMistakes(t *testing.T) {
	for want, params := range map[string]sweep.Values{
		"at least 6":        {"length": int64(5)},
		"at most 0.5":       {"p": 0.6},
		"at most 134217728": {"length": int64(100_000), "samples": int64(10_000)},
		"it has length, p":  {"bit": int64(3)},
	} {
		if _, err := New(sweep.Section{Name: flipFlopName, Params: params}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", params, err, want)
		}
	}
}
