//go:build slurm && python

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/slurm/slurmtest"
)

// TestProgramOnACluster sweeps the NumPy example over a cluster, cancels one of its jobs in the middle, crashes the node of another and resumes: its trials go on
// from their own checkpoints, and the tables are those of the same sweep left alone on one machine.
func TestProgramOnACluster(t *testing.T) {
	bin := t.TempDir()
	text := "#!/bin/sh\nexec \"" + os.Getenv("NEUROSWEEP_PYTHON") + "\" \"$@\"\n" // a link would not find the packages of its environment
	if err := os.WriteFile(filepath.Join(bin, "python"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	l := newLab(t, slurmtest.Config{Nodes: 3, CPUs: 2, NodeTimeout: 5})
	file, err := filepath.Abs("../../examples/numpy_rnn/sweep.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec := []string{file, "updates=1500"}
	l.run(exitDone, "sweep", append([]string{"run", "--dir", "alone"}, spec...)...)

	l.submit(exitDone, spec, "--dir", "s", "--agents", "3", "--tasks-per-node", "1", "--cpus", "2", "--time", "30", "--still", "3s")
	checkpoints := func() int {
		found, _ := filepath.Glob(filepath.Join(l.folder, "s", "weights", "*", "u*.npz")) // the pattern is right
		return len(found)
	}
	running := func() []string { // JOB_TASK NODE
		out, _ := l.run(0, "squeue", "-h", "-t", "R", "-o", "%i %N")
		return strings.Split(strings.TrimSpace(out), "\n")
	}
	waitFor(t, "three agents train and have checkpoints", func() bool { return len(running()) == 3 && checkpoints() >= 6 })
	jobs := running()
	task, _, _ := strings.Cut(jobs[0], " ")
	_, node, _ := strings.Cut(jobs[1], " ")
	l.run(0, "scancel", task)
	if err := l.cluster.Crash(node); err != nil {
		t.Fatal(err)
	}
	before := checkpoints()
	waitFor(t, "the others make checkpoints", func() bool { return checkpoints() > before })
	if err := l.cluster.Up(node); err != nil {
		t.Fatal(err)
	}
	l.run(exitDone, "sweep", "resume", "s")
	l.run(exitDone, "sweep", "status", "--watch", "s")
	l.run(exitDone, "sweep", "verify", "s")
	l.run(exitDone, "sweep", "equal", "alone", "s")
	events, _ := l.run(exitDone, "sweep", "export", "s", "--table", "events")
	if n := strings.Count(events, ",attempt granted,"); n < 10 {
		t.Errorf("8 trials had %d attempts: nothing was disturbed\n%s", n, events)
	}
	if strings.Contains(events, "went back") {
		t.Errorf("a trial did not go on from its checkpoint\n%s", events)
	}
}
