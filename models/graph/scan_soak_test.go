//go:build soak

package graph

import "testing"

// Many more random steps than TestScanAgreesOnRandomSteps has, for make soak.
func TestScanAgreesExhaustively(t *testing.T) {
	for seed := range uint64(20_000) {
		agreeOnRandomStep(t, seed)
	}
}
