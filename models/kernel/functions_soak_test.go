//go:build soak

package kernel

import "testing"

// TestFunctionsExhaustively is TestFunctions for all 2³² arguments: minutes (make soak).
func TestFunctionsExhaustively(t *testing.T) {
	for op := range maxError {
		sweepFunctions(t, op, 1)
	}
}
