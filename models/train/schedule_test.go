package train

import (
	"math"
	"testing"

	"neurosweep/sweep"
)

// Every schedule against its formula, written with the standard library and the numbering of PyTorch's schedulers: update t has the rate of step t-1.
func TestSchedules(t *testing.T) {
	const updates = 50
	for _, c := range []struct {
		train sweep.Values
		want  func(t int) float64
	}{
		{nil, func(int) float64 { return 1 }},
		{sweep.Values{"schedule.kind": "cosine"}, func(t int) float64 { return (1 + math.Cos(math.Pi*float64(min(t-1, 50))/50)) / 2 }},
		{sweep.Values{"schedule.kind": "cosine", "schedule.updates": int64(20), "schedule.final": 0.25}, func(t int) float64 {
			return 0.25 + 0.75*(1+math.Cos(math.Pi*float64(min(t-1, 20))/20))/2
		}},
		{sweep.Values{"schedule.kind": "step", "schedule.every": int64(7), "schedule.factor": 0.5}, func(t int) float64 { return math.Pow(0.5, math.Floor(float64(t-1)/7)) }},
		{sweep.Values{"schedule.warmup": int64(10)}, func(t int) float64 { return math.Min(1, float64(t)/10) }},
		{sweep.Values{"schedule.warmup": int64(10), "schedule.kind": "cosine"}, func(t int) float64 {
			if t <= 10 {
				return float64(t) / 10
			}
			return (1 + math.Cos(math.Pi*float64(min(t-11, 40))/40)) / 2
		}},
	} {
		train := sweep.Values{"updates": int64(updates)}
		for k, v := range c.train {
			train[k] = v
		}
		s := mustSettings(t, train).schedule
		for update := 1; update <= updates+10; update++ {
			if got, want := s.at(update), c.want(update); math.Abs(got-want) > 1e-15 {
				t.Errorf("%v: the factor of update %d is %.17g, want %.17g", c.train, update, got, want)
			}
		}
	}
}

func TestCosPi(t *testing.T) {
	worst := 0.0
	for i := range 100_001 {
		x := float64(i) / 100_000
		worst = max(worst, math.Abs(cosPi(x)-math.Cos(math.Pi*x)))
	}
	if worst > 4e-16 || cosPi(0) != 1 || cosPi(1) != -1 || cosPi(0.5) != 0 {
		t.Errorf("off by %g; at 0, ½ and 1 it is %g, %g and %g", worst, cosPi(0), cosPi(0.5), cosPi(1))
	}
}
