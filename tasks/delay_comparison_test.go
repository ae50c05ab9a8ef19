package tasks

import (
	"math"
	"slices"
	"testing"

	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func comparisons(t *testing.T, n int) []comparison {
	t.Helper()
	task, err := New(sweep.Section{Name: "delay_comparison"})
	if err != nil {
		t.Fatal(err)
	}
	g := random.New(8, random.Data, 0)
	all := make([]comparison, n)
	for i := range all {
		task.(delayComparison).draw(g, &all[i])
	}
	return all
}

// Part C2 of the specification, point by point, for what is not random given the answer, the magnitudes and the delay.
func TestComparisonIsLaidOutAsInC2(t *testing.T) {
	level := map[int]float64{10: 0.5, 14: 0.58333333, 18: 0.66666667, 22: 0.75, 26: 0.83333333, 30: 0.91666667, 34: 1}
	var noise []float64 // both channels of all stimulus steps, the level taken off
	for _, c := range comparisons(t, 5000) {
		if !slices.Contains([]int{18, 20, 24, 32, 48}, c.steps()) || c.steps() != 16+c.delay {
			t.Fatalf("%d steps with a delay of %d", c.steps(), c.delay)
		}
		if (c.first > c.second) != (c.answer == 1) || c.first == c.second {
			t.Fatalf("%d, then %d: the answer is %d", c.first, c.second, c.answer)
		}
		for step := range c.steps() {
			fixation, magnitude := float64(c.inputs[2*step]), float64(c.inputs[2*step+1])
			var shown int
			switch {
			case step >= 5 && step < 10:
				shown = c.first
			case step >= 10+c.delay && step < 15+c.delay:
				shown = c.second
			}
			last := step == c.steps()-1
			switch {
			case last && (fixation != 0 || magnitude != 0 || c.label(step) != c.answer):
				t.Fatalf("the decision is %g, %g with label %d", fixation, magnitude, c.label(step))
			case !last && c.label(step) != 0:
				t.Fatalf("step %d has label %d", step, c.label(step))
			case !last && shown == 0 && (fixation != 1 || magnitude != 0):
				t.Fatalf("step %d of a trial with a delay of %d is %g, %g", step, c.delay, fixation, magnitude)
			case shown != 0:
				noise = append(noise, fixation-1, magnitude-level[shown])
			}
		}
	}
	var squares, neighbours, channels, mean float64
	for i, v := range noise {
		mean += v / 0.1
		squares += v * v / 0.01
		if i >= 2 {
			neighbours += v * noise[i-2] / 0.01
		}
		if i%2 == 1 {
			channels += v * noise[i-1] / 0.01
		}
	}
	n := float64(len(noise))
	if limit := 5 * math.Sqrt(n); n != 5000*20 || math.Abs(mean) > limit || math.Abs(squares-n) > limit*math.Sqrt2 || math.Abs(neighbours) > limit || math.Abs(channels) > limit {
		t.Errorf("noise: %g numbers, mean %g, variance %g, correlation %g of neighbours and %g of channels", n, mean/n, squares/n, neighbours/n, 2*channels/n)
	}
}

// Answer, pair and delay are uniform and independent, and the magnitudes are told apart as well as C6 says of an ideal observer of their difference.
func TestComparisonStatistics(t *testing.T) {
	const n = 40_000
	counts := map[[3]int]int{}
	steps, right := 0, 0
	for _, c := range comparisons(t, n) {
		counts[[3]int{int(c.answer), min(c.first, c.second), c.delay}]++
		steps += c.steps()
		var difference float32
		for i := range 5 {
			difference += c.inputs[2*(5+i)+1] - c.inputs[2*(10+c.delay+i)+1]
		}
		if (difference > 0) == (c.answer == 1) {
			right++
		}
	}
	if len(counts) != 2*5*5 {
		t.Fatalf("%d kinds of trials, want 50", len(counts))
	}
	chi := 0.0
	for _, k := range counts {
		chi += math.Pow(float64(k)-n/50, 2) / (n / 50)
	}
	if limit := 49 + 5*math.Sqrt(2*49); chi > limit {
		t.Errorf("chi-square %.0f with 49 degrees of freedom", chi)
	}
	if mean := float64(steps) / n; math.Abs(mean-28.4) > 5*11/math.Sqrt(n) {
		t.Errorf("a trial has %g steps on average, want 28.4", mean)
	}
	if accuracy := float64(right) / n; math.Abs(accuracy-0.9958) > 5*math.Sqrt(0.9958*0.0042/n) {
		t.Errorf("the difference is right in %.4f of the trials, want 0.9958", accuracy)
	}
}

// Part C4: sequences of trials laid end to end that go on from batch to batch, 20 batches from each common start. The reference strings whole
// trials of the same generators together.
func TestStreamIsTheDatasetOfC4(t *testing.T) {
	task := delayComparison{noise: 0.1, normals: random.Blocks}
	const batches, size, length = 45, 16, 100
	stream := task.Data(3, size, length)
	got := make([]Batch, batches)
	decisions := 0
	for i := range got {
		stream.Next(&got[i])
		for _, label := range got[i].Labels {
			if label > 0 {
				decisions++
			}
		}
	}
	for env := range size {
		g := random.New(3, random.Data, uint32(env))
		for from := 0; from < batches; from += 20 {
			var inputs []float32
			var labels []int32
			span := min(20, batches-from) * length
			for len(labels) < span {
				var c comparison
				task.draw(g, &c)
				inputs = append(inputs, c.inputs...)
				for step := range c.steps() {
					labels = append(labels, c.label(step))
				}
			}
			for at := range span {
				b, point := got[from+at/length], (at%length)*size+env
				if b.Labels[point] != labels[at] || !slices.Equal(b.Inputs[2*point:2*point+2], inputs[2*at:2*at+2]) {
					t.Fatalf("batch %d, sequence %d, step %d: %v labelled %d, want %v labelled %d", from+at/length, env, at%length,
						b.Inputs[2*point:2*point+2], b.Labels[point], inputs[2*at:2*at+2], labels[at])
				}
			}
		}
	}
	if share := float64(decisions) / (batches * size * length); math.Abs(share-1/28.4) > 0.002 {
		t.Errorf("%.4f of the points are decisions, want 0.0352", share)
	}
}

func TestPeriodOfTheStream(t *testing.T) {
	for _, c := range [][3]int{{16, 100, 20}, {1, 100, 333}, {64, 100, 5}, {400, 100, 1}, {16, 50, 41}, {16, 2000, 1}, {16, 1000, 2}} {
		if s := (delayComparison{normals: random.Blocks}).stream(0, random.Data, c[0], c[1]); s.period != c[2] {
			t.Errorf("%d sequences of %d steps: %d batches from one start, want %d", c[0], c[1], s.period, c[2])
		}
	}
}

// answering is the output of a network that gives class answer(b, point) everywhere.
func answering(b *Batch, answer func(point int) int32) []float32 {
	y := make([]float32, len(b.Labels)*3)
	for i := range b.Labels {
		y[3*i+int(answer(i))] = 2
	}
	return y
}

func TestMeasureCountsDecisions(t *testing.T) {
	task := delayComparison{noise: 0.1, normals: random.Blocks}
	var b Batch
	task.Data(1, 16, 100).Next(&b)
	check := func(what string, want float64, answer func(int) int32) {
		t.Helper()
		if m := task.Measure(nil, &b, answering(&b, answer)); len(m) != 1 || m[0].Name != "accuracy" || m[0].Value != want {
			t.Errorf("%s: %v, want an accuracy of %g", what, m, want)
		}
	}
	check("right everywhere", 1, func(i int) int32 { return b.Labels[i] })
	check("right at decisions only", 1, func(i int) int32 { return max(1, b.Labels[i]) })
	check("waiting", 0, func(int) int32 { return 0 })
	check("the other", 0, func(i int) int32 { return (3 - b.Labels[i]) % 3 })
	b = Batch{Steps: 1, Size: 1, Inputs: make([]float32, 2), Labels: make([]int32, 1)}
	if m := task.Measure(nil, &b, make([]float32, 3)); !math.IsNaN(m[0].Value) {
		t.Errorf("without decisions: %v", m)
	}
}

// Scored side by side, the stream gives what scoring batch after batch gives.
func TestStreamEvaluation(t *testing.T) {
	task := delayComparison{noise: 0.1, normals: random.Blocks}
	e, err := task.Evaluation(sweep.Condition{Kind: "seq100", Params: sweep.Values{"batches": int64(70), "seed": int64(9)}})
	if err != nil {
		t.Fatal(err)
	}
	// A stand-in for a network: some function of a point's inputs.
	network := func(b *Batch) []float32 {
		y := make([]float32, 3*len(b.Labels))
		for i := range b.Labels {
			x0, x1 := b.Inputs[2*i], b.Inputs[2*i+1]
			y[3*i], y[3*i+1], y[3*i+2] = 3*x0-1, x1+0.3*x0, 1-x1+0.2*x0
		}
		return y
	}
	var b Batch
	passes := 0
	for ; e.Next(&b); passes++ {
		if b.Mask != nil || b.Size > widest || b.Size%16 != 0 || b.Steps != 100 {
			t.Fatalf("a batch of %d×%d", b.Steps, b.Size)
		}
		e.Score(&b, network(&b))
	}
	stream := task.stream(9, random.Evaluation, 16, 100)
	var loss float64
	right, decisions := 0, 0
	for range 70 {
		stream.Next(&b)
		y := network(&b)
		for i, label := range b.Labels {
			z := y[3*i : 3*i+3]
			sum := math.Exp(float64(z[0])) + math.Exp(float64(z[1])) + math.Exp(float64(z[2]))
			loss += math.Log(sum) - float64(z[label])
			if label > 0 {
				decisions++
				if z[label] > z[0] && z[label] > z[3-label] {
					right++
				}
			}
		}
	}
	m := e.Measures()
	if m[0].Value != float64(right)/float64(decisions) || math.Abs(m[1].Value-loss/(70*1600)) > 1e-9 || passes != 3 {
		t.Errorf("%v in %d passes, want %d of %d and a loss of %g in 3", m, passes, right, decisions, loss/(70*1600))
	}
}

// A stand-in for a network that is wrong at a delay of 800 ms, always says "first" at 3,200 ms, and is right elsewhere.
func TestWholeTrialEvaluation(t *testing.T) {
	task := delayComparison{noise: 0.1, normals: random.Blocks}
	e, err := task.Evaluation(sweep.Condition{Kind: "whole_trial", Params: sweep.Values{"count": int64(1100), "seed": int64(4)}})
	if err != nil {
		t.Fatal(err)
	}
	g := random.New(4, random.Evaluation, wholeLane) // the same trials, drawn again
	trials, right, first := map[int]float64{}, 0.0, 0.0
	for range 1100 {
		var c comparison
		task.draw(g, &c)
		trials[c.delay]++
		switch {
		case c.delay == 32 && c.answer == 1:
			first++
			right++
		case c.delay != 8 && c.delay != 32:
			right++
		}
	}
	var b Batch
	sequences, points := 0, 0
	for e.Next(&b) {
		sequences, points = sequences+b.Size, points+b.Size*b.Steps
		y := make([]float32, 3*len(b.Labels))
		for i := range b.Size {
			steps := 0
			for step := range b.Steps {
				if b.Mask[step*b.Size+i] == 1 {
					steps++
				}
			}
			decision := (steps-1)*b.Size + i
			answer := b.Labels[decision]
			switch {
			case answer == 0:
				t.Fatalf("the last of %d steps has no answer", steps)
			case steps == 16+8:
				answer = 3 - answer
			case steps == 16+32:
				answer = 1
			}
			y[3*decision+int(answer)] = 1
		}
		e.Score(&b, y)
	}
	want := []Measure{{"accuracy", right / 1100}, {"accuracy.delay_1600", 1}, {"accuracy.delay_200", 1}, {"accuracy.delay_3200", first / trials[32]}, {"accuracy.delay_400", 1}, {"accuracy.delay_800", 0}}
	if got := e.Measures(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if sequences != 1100 || float64(points) > 1.3*28.4*1100 {
		t.Errorf("%d sequences with %d points, padding included", sequences, points)
	}
}

func TestSamplesAreTheFirstTrialsOfTheData(t *testing.T) {
	samples, err := SampleTrials(sweep.Section{Name: "delay_comparison"}, 3, 7)
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	delayComparison{noise: 0.1, normals: random.Blocks}.Data(7, 2, 54).Next(&b)
	at := 0
	for _, s := range samples {
		if len(s.Inputs) != len(s.Labels) || s.StepMs != 100 || s.About["answer"] != s.Labels[len(s.Labels)-1] {
			t.Fatalf("%d inputs, %d labels, %v", len(s.Inputs), len(s.Labels), s.About)
		}
		for i, x := range s.Inputs {
			if at < 54 && (!slices.Equal(x, b.Inputs[4*at:4*at+2]) || s.Labels[i] != b.Labels[2*at]) {
				t.Fatalf("step %d of the stream is %v, the samples have %v", at, b.Inputs[4*at:4*at+2], x)
			}
			at++
		}
	}
	for _, bad := range []int{-1, 1 << 30} {
		if _, err := SampleTrials(sweep.Section{Name: "delay_comparison"}, bad, 7); err == nil {
			t.Errorf("%d samples are accepted", bad)
		}
	}
	if _, err := SampleTrials(sweep.Section{Name: "noop"}, 1, 7); err == nil {
		t.Error("noop has samples")
	}
}
