package clock

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestOrder asks for things at random times, some from within others, and demands them in the order of their times, equal ones as they were asked for.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type happened struct {
			at     time.Duration
			serial int
		}
		var c Clock
		var got []happened
		asked := 0
		var ask func(d time.Duration, further []int)
		ask = func(d time.Duration, further []int) {
			asked++
			h := happened{c.Now() + max(d, 0), asked}
			c.After(d, func() {
				if c.Now() != h.at {
					t.Fatalf("what was to happen at %v happens at %v", h.at, c.Now())
				}
				got = append(got, h)
				for _, d := range further {
					ask(time.Duration(d), nil)
				}
			})
		}
		delays := rapid.SliceOfN(rapid.IntRange(-1, 5), 0, 4)
		for _, d := range rapid.SliceOfN(rapid.IntRange(-1, 20), 1, 40).Draw(t, "delays") {
			ask(time.Duration(d), delays.Draw(t, "further"))
		}
		for c.Next() {
		}
		if len(got) != asked {
			t.Fatalf("%d of %d things happened", len(got), asked)
		}
		inOrder := slices.IsSortedFunc(got, func(a, b happened) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			return a.serial - b.serial
		})
		if !inOrder {
			t.Fatalf("not in order: %v", got)
		}
	})
}
