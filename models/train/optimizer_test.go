package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
)

func mustSettings(t *testing.T, v sweep.Values) settings {
	t.Helper()
	s, err := parseSettings(v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A hand is an optimiser in plain float64 loops, written from its paper and PyTorch's documentation: it changes weight w by gradient g in update t with
// learning rate lr and weight decay λ; a and b are its two numbers a weight.
type hand func(w, g, a, b *float64, t int, lr, decay float64)

// hands has at least one for every optimiser; the default of a setting is that of the train section.
var hands = []struct {
	train sweep.Values
	hand  hand
}{
	{sweep.Values{"optimizer": "sgd"}, handSGD(0)},
	{sweep.Values{"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.02}, handSGD(0.9)},
	{sweep.Values{"optimizer": "adam", "epsilon": 1e-3}, handAdam(1e-3, false)},
	{sweep.Values{"optimizer": "adam", "epsilon": 1e-3, "weight_decay": 0.02}, handAdam(1e-3, false)},
	{sweep.Values{"optimizer": "adam", "epsilon": 1e-3, "epsilon_form": "corrected"}, handAdam(1e-3, true)},
	{sweep.Values{"optimizer": "adamw", "epsilon": 1e-3, "weight_decay": 0.1}, func(w, g, m, v *float64, t int, lr, decay float64) {
		*w -= lr * decay * *w
		handAdam(1e-3, true)(w, g, m, v, t, lr, 0)
	}},
	{sweep.Values{"optimizer": "rmsprop", "epsilon": 1e-3, "weight_decay": 0.02}, handRMSprop(0)},
	{sweep.Values{"optimizer": "rmsprop", "epsilon": 1e-3, "momentum": 0.5}, handRMSprop(0.5)},
	{sweep.Values{"optimizer": "adabelief", "epsilon": 1e-6, "weight_decay": 0.02}, func(w, g, m, s *float64, t int, lr, decay float64) {
		d := *g + decay**w
		*m = 0.9**m + 0.1*d
		*s = 0.999**s + 0.001*(d-*m)*(d-*m) + 1e-6
		mHat := *m / (1 - math.Pow(0.9, float64(t)))
		sHat := *s / (1 - math.Pow(0.999, float64(t)))
		*w -= lr * mHat / (math.Sqrt(sHat) + 1e-6)
	}},
}

func handSGD(momentum float64) hand {
	return func(w, g, v, _ *float64, _ int, lr, decay float64) {
		*v = momentum**v + *g + decay**w
		*w -= lr * *v
	}
}

func handAdam(epsilon float64, corrected bool) hand {
	return func(w, g, m, v *float64, t int, lr, decay float64) {
		d := *g + decay**w
		*m = 0.9**m + 0.1*d
		*v = 0.999**v + 0.001*d*d
		b1, b2 := 1-math.Pow(0.9, float64(t)), 1-math.Pow(0.999, float64(t))
		if corrected {
			*w -= lr * (*m / b1) / (math.Sqrt(*v/b2) + epsilon)
			return
		}
		*w -= lr * math.Sqrt(b2) / b1 * *m / (math.Sqrt(*v) + epsilon)
	}
}

func handRMSprop(momentum float64) hand {
	return func(w, g, v, b *float64, _ int, lr, decay float64) {
		d := *g + decay**w
		*v = 0.99**v + 0.01*d*d
		*b = momentum**b + d/(math.Sqrt(*v)+1e-3)
		*w -= lr * *b
	}
}

// pull is a made-up gradient that depends on weight and update.
func pull(i, step int, w float64) float64 { return w - float64(i%5) + math.Sin(float64(3*step+i)) }

// groupedParams are three parameters, the middle one a group of its own in the tests.
var groupedParams = []graph.Param{{Name: "w", Rows: 2, Cols: 5}, {Name: "b", Cols: 3}, {Name: "u", Rows: 4, Cols: 1}}

// ways are what training does to weights in so many updates: an optimiser's own way, and that of the hand.
func ways[F kernel.Float](t *testing.T, train sweep.Values, h hand, updates int) (got, want []float64) {
	t.Helper()
	s := mustSettings(t, train)
	groups, err := newGroups(s, groupedParams)
	if err != nil {
		t.Fatal(err)
	}
	o, err := newOptimizer(kernel.SetOf[F](kernel.Generic), s, groups)
	if err != nil {
		t.Fatal(err)
	}
	n := graph.Size(groupedParams)
	w, g := make([]F, n), make([]F, n)
	want, got = make([]float64, n), make([]float64, n)
	a, b, d := make([]float64, n), make([]float64, n), make([]float64, n)
	for step := 1; step <= updates; step++ {
		norm := 0.0
		for i := range g {
			g[i] = F(pull(i, step, float64(w[i])))
			d[i] = float64(g[i])
			norm += d[i] * d[i]
		}
		if s.clip > 0 && math.Sqrt(norm) > s.clip {
			for i := range d {
				d[i] *= s.clip / (math.Sqrt(norm) + 1e-6)
			}
		}
		for i := range want {
			lr, decay := s.lr*s.schedule.at(step), s.weightDecay
			if bias := i >= 10 && i < 13; bias && len(s.noDecay) > 0 {
				lr, decay = lr*0.5, 0
			}
			h(&want[i], &d[i], &a[i], &b[i], step, lr, decay)
		}
		o.apply(step, w, g)
	}
	for i, v := range w {
		got[i] = float64(v)
	}
	return got, want
}

// Every optimiser against its hand, alone and with everything at once: groups, clipping, a schedule.
func TestOptimizersAreTheirFormulas(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range hands {
		tested[c.train["optimizer"].(string)] = true
		for _, more := range []sweep.Values{
			{"lr": 0.02},
			{"lr": 0.05, "clip": 1.5, "no_decay": []any{"b"}, "lr_factors": []any{"b=0.5"}, "schedule.kind": "cosine", "schedule.warmup": int64(20), "updates": int64(300)},
		} {
			train := sweep.Values{}
			for _, part := range []sweep.Values{c.train, more} {
				for k, v := range part {
					train[k] = v
				}
			}
			t.Run(fmt.Sprint(train), func(t *testing.T) {
				got, want := ways[float64](t, train, c.hand, 400)
				compare(t, got, want, 1e-12)
				got, want = ways[float32](t, train, c.hand, 400)
				compare(t, got, want, 2e-5)
			})
		}
	}
	for _, name := range optimizerNames() {
		if !tested[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

func compare(t *testing.T, got, want []float64, tolerance float64) {
	t.Helper()
	moved := false
	for i := range got {
		moved = moved || want[i] != 0
		if !(math.Abs(got[i]-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			t.Errorf("weight %d is %.17g, want %.17g", i, got[i], want[i])
		}
	}
	if !moved {
		t.Error("no weight has moved: the test does not test")
	}
}

// The two forms of epsilon must differ by more than the tests' tolerance.
func TestTheFormsOfEpsilonDiffer(t *testing.T) {
	_, one := ways[float64](t, hands[2].train, hands[2].hand, 400)
	_, other := ways[float64](t, hands[4].train, hands[4].hand, 400)
	if math.Abs(one[1]-other[1]) < 1e-4 {
		t.Errorf("the tests do not tell the two forms of epsilon apart: %g and %g", one[1], other[1])
	}
}

// All instruction sets give the same bits, with two groups of odd sizes, more weights than a block of the kernels, and all optimisers.
func TestOptimizersHaveTheSameBits(t *testing.T) {
	params := []graph.Param{{Name: "w", Rows: 37, Cols: 29}, {Name: "b", Cols: 29}}
	n := graph.Size(params)
	for _, name := range optimizerNames() {
		s := mustSettings(t, sweep.Values{"optimizer": name, "weight_decay": 0.01, "no_decay": []any{"b"}, "clip": 3.0, "momentum": 0.9, "schedule.kind": "cosine"})
		groups, err := newGroups(s, params)
		if err != nil {
			t.Fatal(err)
		}
		var first []float32
		for _, isa := range kernel.ISAs() {
			o, err := newOptimizer(kernel.Set32(isa), s, groups)
			if err != nil {
				t.Fatal(err)
			}
			w, g := make([]float32, n), make([]float32, n)
			for step := 1; step <= 20; step++ {
				for i := range g {
					g[i] = float32(pull(i, step, float64(w[i])))
				}
				o.apply(step, w, g)
			}
			if first == nil {
				first = w
			}
			if !slices.Equal(w, first) || w[0] == 0 {
				t.Errorf("%s on %s gives other bits than on %s", name, isa, kernel.Generic)
			}
		}
	}
}

func TestSettingsThatCannotTrain(t *testing.T) {
	for _, v := range []sweep.Values{
		{"batch": int64(0)}, {"length": int64(0)}, {"updates": int64(0)}, {"lr": 0.0}, {"lr": "fast"}, {"beta1": 1.0}, {"beta2": math.NaN()}, {"alpha": 1.0},
		{"momentum": -0.1}, {"epsilon": 0.0}, {"machine": "scanner"}, {"batch": 2.5}, {"weight_decay": -1.0}, {"clip": math.NaN()}, {"optimizer": "adamm"},
		{"no_decay": "b"}, {"no_decay": []any{int64(1)}}, {"threads": int64(2), "machine": "reference"}, {"threads": "two"}, {"epsilon_form": "other"},
		{"schedule.kind": "cosine", "schedule.warmup": int64(1000)}, {"schedule.kind": "linear"}, {"schedule.final": 2.0}, {"schedule.every": int64(0)},
	} {
		if _, err := parseSettings(v); err == nil {
			t.Errorf("%v is accepted", v)
		}
	}
	s := mustSettings(t, nil)
	if s.sequences != 16 || s.steps != 100 || s.lr != 1e-3 || s.optimizer != "adam" || s.epsilon != 1e-8 || s.threads != 0 || s.clip != 0 {
		t.Errorf("the defaults are %+v", s)
	}
}
