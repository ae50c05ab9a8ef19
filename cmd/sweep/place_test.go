package main

import (
	"math"
	"testing"
)

// Threads are chosen where the measurements say so: too few trials, or trials that crowd each other out.
func TestFastest(t *testing.T) {
	some := func(n int) *int { return &n }
	for _, c := range []struct {
		what       string
		count      *int
		cores      int
		efficiency float64 // of each thread after the first
		crowding   float64 // how much longer an update takes where every core has a trial
		want       load
	}{
		{"one trial", some(1), 4, 0.9, 1, load{1, 4}},
		{"one trial that does not scale", some(1), 4, 0, 1, load{4, 1}},
		{"one trial that hardly scales", some(1), 4, 0.01, 1, load{4, 1}},
		{"three trials", some(3), 4, 1, 1, load{1, 4}},
		{"two trials", some(2), 4, 0.8, 1, load{2, 2}},
		{"two trials on two cores", some(2), 2, 1, 1, load{2, 1}},
		{"many trials", some(100), 4, 1, 1, load{4, 1}},
		{"many trials that crowd each other out", some(100), 4, 0.9, 2, load{1, 4}},
		{"trials without end", nil, 6, 1, 1, load{6, 1}},
		{"trials without end that crowd each other out", nil, 6, 0.9, 1.5, load{1, 6}},
	} {
		m := measured{alone: 2,
			threads: func(n int) (float64, error) { return 2 / (1 + c.efficiency*float64(n-1)), nil },
			crowd:   func(n int) (float64, error) { return 2 * math.Max(1, c.crowding*float64(n)/float64(c.cores)), nil },
		}
		p, err := fastest(m, c.count, c.cores, func(threads int) load { return load{max(c.cores/threads, 1), threads} })
		if err != nil || p.load != c.want || p.why == "" {
			t.Errorf("%s: %v, error %v, want %v", c.what, p, err, c.want)
		}
	}
}
