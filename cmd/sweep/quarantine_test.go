package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep/controller"
)

// A node that the sweep has put under quarantine is left out of what is submitted, beside those that the user excludes, until sweep retry --node ends it.
func TestQuarantinedNodesAreLeftOut(t *testing.T) {
	program, err := exec.LookPath("sweep")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir()) // no SLURM here
	dir := filepath.Join(t.TempDir(), "s")
	spec := filepath.Join(t.TempDir(), "spec.yaml")
	text := "name: s\nmethod: grid\ntask: {name: noop}\nseeds: 2\nevaluate: {value: {}}\nselect: {metric: value, condition: value, goal: maximize}\nresources: {exclude: 'node[1-2]'}\n"
	if err := os.WriteFile(spec, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	sweep := func(want int, args ...string) string {
		t.Helper()
		c := exec.Command(program, args...)
		said, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != want {
			t.Fatalf("sweep %q: exit code %d, want %d: %v: %s", args, code, want, err, said)
		}
		return string(said)
	}
	sweep(exitDone, "run", spec, "--dir", dir, "--agents", "1")
	frozen, err := frozenSpec(dir)
	if err != nil {
		t.Fatal(err)
	}
	term, err := controller.TakeTerm(t.Context(), dir, controller.TermOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := results.OpenWriter(dir, term.Number(), frozen, results.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []string{"node2", "node7"} {
		if err := w.Append(results.Entry{Event: &results.Event{Kind: results.EventNodeQuarantined, Node: node, Detail: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), term.Release()); err != nil {
		t.Fatal(err)
	}
	dry := func(args ...string) string {
		return sweep(exitDone, append([]string{"submit", spec, "--dir", dir, "--agents", "1", "--dry-run"}, args...)...)
	}
	if text := dry(); !strings.Contains(text, "#SBATCH --exclude=node[1-2],node7\n") || !strings.Contains(text, "left out until sweep retry --node NODE: node7\n") {
		t.Errorf("a dry run prints %s", text)
	}
	if text := dry("--nodelist", "node[5-8]"); !strings.Contains(text, "#SBATCH --exclude=node[1-2]\n") { // asked for by name
		t.Errorf("with a node list a dry run prints %s", text)
	}
	if text := sweep(exitUsage, "retry", dir, "--node", "node3"); !strings.Contains(text, "it is not under quarantine; these are: node2, node7") {
		t.Errorf("a node that is not under quarantine: %s", text)
	}
	sweep(exitDone, "retry", dir, "--node", "node7")
	if text := dry(); !strings.Contains(text, "#SBATCH --exclude=node[1-2]\n") {
		t.Errorf("after the release a dry run prints %s", text)
	}
	sweep(exitDone, "retry", dir, "--node", "node2")
	if text := sweep(exitUsage, "retry", dir, "--node", "node7"); !strings.Contains(text, "no node is under quarantine") {
		t.Errorf("a node that was released: %s", text)
	}
}

// What SLURM knows nothing of is not excluded, and where nothing would be left the user hears why.
func TestLeaveOut(t *testing.T) {
	facts := &slurm.Facts{Partitions: []slurm.Partition{{Name: "cpu", Default: true, Up: true, MaxTime: slurm.Forever, Nodes: "n[1-2]", TotalNodes: 2}},
		Nodes: []slurm.Node{{Name: "n1", CPUs: 8}, {Name: "n2", CPUs: 16}}}
	o := &order{}
	if err := o.leaveOut([]string{"laptop", "n2"}, facts); err != nil || o.options.Exclude != "n2" {
		t.Errorf("excluded %q, %v", o.options.Exclude, err)
	}
	o = &order{options: slurm.Options{CPUsPerTask: 12}}
	if err := o.leaveOut([]string{"n2"}, facts); err == nil || !strings.Contains(err.Error(), "under quarantine (n2; sweep retry --node NODE ends it)") {
		t.Errorf("without the largest node: %v", err)
	}
	o = &order{options: slurm.Options{Exclude: "n1"}}
	if err := o.leaveOut([]string{"n2"}, facts); err == nil || !strings.Contains(err.Error(), "all of its nodes are excluded") {
		t.Errorf("without any node: %v", err)
	}
}
