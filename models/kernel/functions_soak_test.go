//go:build soak

package kernel

import "testing"

// TestFunctionsExhaustively is TestFunctions for all 2³² arguments: minutes (make soak).
func TestFunctionsExhaustively(t *testing.T) {
	for _, op := range Ops() {
		if _, function := maxError[op]; function {
			t.Run(op.String(), func(t *testing.T) { sweepFunctions(t, op, 1) })
		}
	}
}
