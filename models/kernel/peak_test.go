package kernel

import "testing"

// More than nothing, and less than what no processor has: 10 GHz with three units.
func TestPeak(t *testing.T) {
	for _, isa := range ISAs() {
		if got, most := Peak(isa, 0), 10.0*3*2*float64(isa.lanes()); got <= 0 || got > most {
			t.Errorf("the peak of %s is %g GFLOP/s", isa, got)
		}
	}
}
