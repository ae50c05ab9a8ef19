package kernel

import (
	"math"
	"testing"
)

func TestExpAndLog(t *testing.T) {
	for x := -699.5; x < 699; x += 0.0137 {
		if got, want := Exp(x), math.Exp(x); math.Abs(got-want) > 2e-11*want {
			t.Fatalf("Exp(%g) = %g, want %g", x, got, want)
		}
	}
	for x := 1e-12; x < 1e12; x *= 1.00371 {
		if got, want := Log(x), math.Log(x); math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
			t.Fatalf("Log(%g) = %g, want %g", x, got, want)
		}
	}
	for _, c := range []struct{ got, want float64 }{{Exp(0), 1}, {Exp(-1e9), 0}, {Exp(math.Inf(-1)), 0}, {Exp(1e9), math.Inf(1)}, {Log(1), 0}, {Log(math.Inf(1)), math.Inf(1)}} {
		if c.got != c.want {
			t.Errorf("got %g, want %g", c.got, c.want)
		}
	}
	for _, x := range []float64{Exp(math.NaN()), Log(math.NaN()), Log(-1), Log(0)} {
		if !math.IsNaN(x) {
			t.Errorf("got %g, want NaN", x)
		}
	}
}
