package train

import (
	"slices"
	"testing"
)

// A finite data set ends with a smaller batch, which must not pass for a fast one.
func TestWholeBatches(t *testing.T) {
	steps, size := timings{step: []float64{3, 2, 1, 4}, size: []int{12, 12, 4, 12}}.whole()
	if !slices.Equal(steps, []float64{3, 2, 4}) || size != 12 {
		t.Errorf("steps %v of %d sequences, want 3, 2 and 4 of 12", steps, size)
	}
}
