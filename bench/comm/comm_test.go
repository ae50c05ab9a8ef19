package main

import (
	"errors"
	"slices"
	"testing"
)

// What one process writes the other reads; of several rounds the best stays.
func TestPlansAndResults(t *testing.T) {
	for _, ranks := range []int{2, 16} {
		var words []string
		for _, m := range plan(ranks) {
			words = append(words, m.arguments()...)
		}
		if got, err := parsePlan(words); err != nil || !slices.Equal(got, plan(ranks)) {
			t.Errorf("the plan of %d ranks is read as %v, %v", ranks, got, err)
		}
	}
	if _, err := parsePlan([]string{"Send", "many", "1"}); err == nil {
		t.Error("a plan without numbers was accepted")
	}
	r := tally{}
	for _, round := range []string{"Send 8 2 5\nBarrier 0 1 1\n", "Send 8 3 4\n"} {
		if err := r.add([]byte(round), nil); err != nil {
			t.Error(err)
		}
	}
	if got, want := r[key{"Send", 8}], (result{2, 4}); got != want {
		t.Errorf("the best of two rounds is %v, want %v", got, want)
	}
	if r.add([]byte("Send what"), nil) == nil || r.add(nil, errors.New("no")) == nil {
		t.Error("a round that failed was accepted")
	}
}
