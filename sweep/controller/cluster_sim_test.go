package controller

import (
	"slices"
	"strings"
	"testing"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// count counts the entries of a finished sweep.
func (w *world) count(is func(results.Entry) bool) (n int) {
	for _, e := range w.log.entries {
		if is(e) {
			n++
		}
	}
	return n
}

// endedBy tells whether an entry reports the end of an attempt by a cause.
func endedBy(cause sweep.Cause) func(results.Entry) bool {
	return func(e results.Entry) bool {
		return e.Report != nil && slices.ContainsFunc(e.Report.Trials, func(tr results.TrialReport) bool { return tr.End != nil && tr.End.Cause == cause })
	}
}

// TestAgentsWithAnEnd gives every agent an end: each trial completes at last, none is granted when there is no time for it, and agents without time leave early.
func TestAgentsWithAnEnd(t *testing.T) {
	walltimes, early := 0, 0
	for seed := range uint64(100) {
		w := newWorld(seed, slices.Repeat([]script{good}, 15), int(seed%10), 1+int(seed%3), 1+int(seed%2), faults{walltime: 30 * time.Second})
		w.run()
		if broken := w.check(outcomesInPeace); len(broken) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(broken, "\n"))
		}
		walltimes += w.count(endedBy(sweep.CauseWalltime))
		early += w.count(func(e results.Entry) bool {
			return e.Event != nil && e.Event.Kind == results.EventAgentLeft && strings.Contains(e.Event.Detail, "left")
		})
	}
	if walltimes == 0 || early == 0 {
		t.Errorf("%d attempts ended by the walltime, %d agents had no time for a trial: the test tests nothing", walltimes, early)
	}
}

// TestBadNode has trials die on one of three nodes in their first second. It is put under quarantine, the others never are, nothing is granted there afterwards, and no trial fails
// for it.
func TestBadNode(t *testing.T) {
	quarantines := func(w *world) (hosts []string) {
		for _, e := range w.log.entries {
			if e.Event != nil && e.Event.Kind == results.EventNodeQuarantined {
				hosts = append(hosts, e.Event.Node)
			}
		}
		return hosts
	}
	for seed := range uint64(100) {
		w := newWorld(seed, slices.Repeat([]script{good}, 20), 0, 3, 1+int(seed%3), faults{badHost: true})
		w.run()
		if broken := w.check(outcomesInPeace); len(broken) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(broken, "\n"))
		}
		if hosts := quarantines(w); !slices.Equal(hosts, []string{"host0"}) {
			t.Fatalf("seed %d: quarantines %v", seed, hosts)
		}
		w = newWorld(seed, slices.Repeat([]script{good}, 20), 0, 3, 1+int(seed%3), faults{badHost: true, crash: 0.05, kill: 0.02, drop: 0.02})
		w.run()
		if broken := w.check(outcomesUnderFaults); len(broken) > 0 {
			t.Fatalf("seed %d, with faults:\n%s", seed, strings.Join(broken, "\n"))
		}
		if hosts := quarantines(w); len(hosts) > 1 || len(hosts) == 1 && hosts[0] != "host0" { // the next controller knows it
			t.Fatalf("seed %d, with faults: quarantines %v", seed, hosts)
		}
	}
	// Trials that die by themselves are not the fault of a node.
	for seed := range uint64(50) {
		for _, scripts := range [][]script{{fails}, {fails, good, good}} {
			w := newWorld(seed, slices.Repeat(scripts, 21/len(scripts)), 0, 3, 1+int(seed%3), faults{})
			w.run()
			if hosts := quarantines(w); len(hosts) > 0 {
				t.Errorf("seed %d: trials that fail anywhere bring %v under quarantine", seed, hosts)
			}
		}
	}
}
