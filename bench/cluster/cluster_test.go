//go:build slurm

package main

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestDisturbedTogether has a sweep on a real cluster suffer the worst at once: an agent cancelled, one preempted, the controller and the broker killed with the agent beside them, a node
// without power. Nothing of its results is another than without.
func TestDisturbedTogether(t *testing.T) {
	sweep := filepath.Join(t.TempDir(), "sweep")
	if out, err := exec.Command("go", "build", "-o", sweep, "neurosweep/cmd/sweep").CombinedOutput(); err != nil {
		t.Fatalf("build the program under test: %v\n%s", err, out)
	}
	err := run(options{sweep: sweep, seed: 1, only: "cancel,preempt,host,node", together: true, trials: 200, updates: 3000, agents: nodes, strikes: 1,
		pause: time.Second, still: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
}
