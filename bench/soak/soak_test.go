package main

import (
	"os"
	"slices"
	"testing"
	"time"
)

// TestOrphansStayInTheFamily kills the parent of a process: the orphan is still found, can be killed, and its end is seen.
func TestOrphansStayInTheFamily(t *testing.T) {
	f, err := adopt()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	parent, err := f.start(log, "sh", "-c", "sleep 600 & wait")
	if err != nil {
		t.Fatal(err)
	}
	child := waitFor(t, func(found []process) int { return len(found) - 1 }, 1)[1].pid
	if err := kill(parent); err != nil {
		t.Fatal(err)
	}
	if code, err := f.wait(parent, time.Minute); err != nil || code != -1 {
		t.Fatalf("the parent ended with code %d, %v; it was killed", code, err)
	}
	left := waitFor(t, func(found []process) int { return len(found) }, 1)
	if left[0].pid != child {
		t.Fatalf("descendants are %v, want the orphan %d", left, child)
	}
	if err := kill(child); err != nil {
		t.Fatal(err)
	}
	if _, err := f.wait(child, time.Minute); err != nil {
		t.Fatal(err)
	}
	if found, err := descendants(); err != nil || len(found) != 0 {
		t.Fatalf("descendants are %v (%v), want none", found, err)
	}
}

// waitFor waits until the descendants, by count, are as many as wanted.
func waitFor(t *testing.T, count func([]process) int, want int) []process {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.After(time.Minute); ; {
		found, err := descendants()
		if err != nil {
			t.Fatal(err)
		}
		if count(found) == want {
			slices.SortFunc(found, func(a, b process) int { return a.pid - b.pid })
			return found
		}
		select {
		case <-ticks.C:
		case <-deadline:
			t.Fatalf("descendants are %v", found)
		}
	}
}
