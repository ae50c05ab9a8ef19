package main

import (
	"testing"
	"testing/synctest"

	"neurosweep/results"
)

// A fault that is gone when the live controller has turned its links is none; one that stays, or that nobody is about to mend, is.
func TestLastingFaults(t *testing.T) {
	for _, c := range []struct {
		what         string
		live, broken int // passes
		passes       int
		faulty       bool
	}{
		{"no fault, no controller", 0, 0, 1, false},
		{"a fault without a controller", 0, 9, 1, true},
		{"a link that is turned", 9, 2, 3, false},
		{"a controller that ends meanwhile", 1, 1, 2, false},
		{"a fault that stays under a live controller", 99, 99, verifyPasses, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			passes := 0
			faults, err := lastingFaults(t.Context(), func() (bool, error) { return passes < c.live, nil }, func() ([]results.Fault, error) {
				if passes++; passes <= c.broken {
					return []results.Fault{{Text: "a link"}}, nil
				}
				return nil, nil
			})
			if err != nil || passes != c.passes || (len(faults) > 0) != c.faulty {
				t.Errorf("%s: %d passes, faults %v, %v", c.what, passes, faults, err)
			}
		})
	}
}
