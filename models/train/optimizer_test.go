package train

import (
	"math"
	"testing"

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

// pull is a made-up gradient that depends on weight and update.
func pull(i, step int, w float64) float64 { return w - float64(i) + math.Sin(float64(3*step+i)) }

// The formula of C5 in the specification, in float64 and written as there: epsilon on the uncorrected root.
func TestAdamIsTheFormOfC5(t *testing.T) {
	const n, steps = 5, 400
	o := newOptimizer(mustSettings(t, sweep.Values{"lr": 0.02, "epsilon": 1e-3}), n)
	theta := make([]float32, n)
	want, m, v := make([]float64, n), make([]float64, n), make([]float64, n)
	otherForm := make([]float64, n)
	for step := 1; step <= steps; step++ {
		g := make([]float32, n)
		for i := range g {
			g[i] = float32(pull(i, step, float64(theta[i])))
			d := float64(g[i])
			m[i] = 0.9*m[i] + 0.1*d
			v[i] = 0.999*v[i] + 0.001*d*d
			want[i] -= 0.02 * math.Sqrt(1-math.Pow(0.999, float64(step))) / (1 - math.Pow(0.9, float64(step))) * m[i] / (math.Sqrt(v[i]) + 1e-3)
			otherForm[i] -= 0.02 * m[i] / (1 - math.Pow(0.9, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, float64(step)))) + 1e-3)
		}
		o.apply(step, theta, g)
	}
	for i := range theta {
		if math.Abs(float64(theta[i])-want[i]) > 1e-5*max(1, math.Abs(want[i])) {
			t.Errorf("weight %d is %g, want %g", i, theta[i], want[i])
		}
	}
	if math.Abs(otherForm[0]-want[0]) < 1e-4 {
		t.Error("the test does not tell the two forms of epsilon apart")
	}
}

func TestSGDWithMomentum(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		const n, steps = 3, 200
		o := newOptimizer(mustSettings(t, sweep.Values{"optimizer": "sgd", "lr": 0.01, "momentum": momentum}), n)
		theta := make([]float32, n)
		want, v := make([]float64, n), make([]float64, n)
		for step := 1; step <= steps; step++ {
			g := make([]float32, n)
			for i := range g {
				g[i] = float32(pull(i, step, float64(theta[i])))
				v[i] = momentum*v[i] + float64(g[i])
				want[i] -= 0.01 * v[i]
			}
			o.apply(step, theta, g)
		}
		for i := range theta {
			if math.Abs(float64(theta[i])-want[i]) > 1e-5*max(1, math.Abs(want[i])) {
				t.Errorf("momentum %g: weight %d is %g, want %g", momentum, i, theta[i], want[i])
			}
		}
	}
}

func TestSettingsThatCannotTrain(t *testing.T) {
	for _, v := range []sweep.Values{
		{"batch": int64(0)}, {"length": int64(0)}, {"updates": int64(0)}, {"lr": 0.0}, {"lr": "fast"}, {"beta1": 1.0}, {"beta2": math.NaN()},
		{"momentum": -0.1}, {"epsilon": 0.0}, {"machine": "scanner"}, {"batch": 2.5},
	} {
		if _, err := parseSettings(v); err == nil {
			t.Errorf("%v is accepted", v)
		}
	}
	s := mustSettings(t, nil)
	if s.sequences != 16 || s.steps != 100 || s.lr != 1e-3 || s.optimizer != "adam" || s.epsilon != 1e-8 {
		t.Errorf("the defaults are %+v", s)
	}
}
