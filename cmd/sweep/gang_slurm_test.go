//go:build slurm

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/slurm/slurmtest"
)

// TestGangsOnNodes has trials of two ranks on two nodes with one slot each, mixed with trials whose batch is too small for more: every gang spans the nodes, one of its agents is
// cancelled while it trains, and the sweep equals one without gangs.
func TestGangsOnNodes(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 2, CPUs: 1})
	text := "name: gang\nmethod: grid\ntask: delay_comparison\nmodel: {name: leaky_rnn, hidden: 8}\ntrain: {updates: 3000, length: 30, lr: 1e-2}\nseeds: 3\n" +
		"parameters:\n  train.batch: {values: [16, 32]}\nevaluate: {seq100: {batches: 1, batch: 4, length: 30}}\ncheckpoints: {every: 200}\n" +
		"select: {metric: accuracy, condition: seq100, goal: maximize}\n"
	if err := os.WriteFile(filepath.Join(l.folder, "gang.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	l.run(exitDone, "sweep", "run", "gang.yaml", "--dir", "alone")
	l.submit(exitDone, []string{"gang.yaml", "ranks=2"}, "--dir", "s", "--agents", "2", "--cpus", "1")
	spans := func() bool {
		out, _ := l.run(exitDone, "sweep", "export", "s", "--table", "events")
		for line := range strings.Lines(out) {
			if strings.Contains(line, "2 ranks: ") && strings.Contains(line, "node1:") && strings.Contains(line, "node2:") {
				return true
			}
		}
		return false
	}
	waitFor(t, "a gang trains on both nodes", spans)
	s, err := readSubmission(filepath.Join(l.folder, "s"))
	if err != nil || len(s.Jobs) != 1 {
		t.Fatalf("%+v, error %v", s, err)
	}
	l.run(0, "scancel", fmt.Sprintf("%d_1", s.Jobs[0].ID))
	l.until("s", "one agent is left", func(s fullStatus) bool { return s.jobs("RUNNING") == 1 })
	l.run(exitDone, "sweep", "scale", "2", "s")
	l.run(exitDone, "sweep", "status", "--watch", "s")
	l.run(exitDone, "sweep", "verify", "s")
	l.run(exitDone, "sweep", "equal", "alone", "s")
}
