//go:build slurm

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/slurm/slurmtest"
)

// TestRanksOfAStep runs srun -n 6 sweep run on three nodes of a real cluster, and compares with a run on this machine. A second one has a rank of another binary.
func TestRanksOfAStep(t *testing.T) {
	c := slurmtest.Start(t, slurmtest.Config{Nodes: 3})
	dir := t.TempDir()
	text := "name: ranks\nmethod: grid\ntask: {name: noop, noise: 0.01, seconds: 0.2}\nseeds: 10\nparameters:\n  task.value: {values: [0, 1]}\n" +
		"evaluate: {value: {}}\nselect: {metric: value, condition: value, goal: maximize}\n"
	spec := filepath.Join(dir, "spec.yaml")
	if err := os.WriteFile(spec, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sweep", "run", spec, "--dir", filepath.Join(dir, "here")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	together := filepath.Join(dir, "together")
	out, err := c.Command("srun", "--nodes=3", "--ntasks=6", "--label", "--chdir="+dir, "sweep", "run", spec, "--dir", together).CombinedOutput()
	if err != nil {
		t.Fatalf("srun: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "0: ") {
			t.Errorf("another rank than 0 speaks: %s", line)
		}
	}
	if out, err := exec.Command("sweep", "equal", filepath.Join(dir, "here"), together).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	events, err := exec.Command("sweep", "export", together, "--table", "events").Output()
	if n := strings.Count(string(events), "agent joined"); err != nil || n != 6 {
		t.Errorf("%d agents have joined, want 6; %v", n, err)
	}
	for _, node := range []string{"node1:", "node2:", "node3:"} {
		if !strings.Contains(string(events), node) {
			t.Errorf("no agent on %s", node)
		}
	}
	address, err := os.ReadFile(filepath.Join(together, "broker.json"))
	if err != nil || !strings.Contains(string(address), "tls://") {
		t.Errorf("ranks on several nodes have a broker at %s, %v; want TLS", address, err)
	}

	other := filepath.Join(dir, "other")
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(binary, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	mixed := `if [ "$SLURM_PROCID" = 1 ]; then exec -a sweep "$0" run "$1" --dir "$2"; else exec sweep run "$1" --dir "$2"; fi`
	out, err = c.Command("srun", "--nodes=2", "--ntasks=2", "--chdir="+dir, "bash", "-c", mixed, other, spec, filepath.Join(dir, "mixed")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "start all ranks from the same one") || strings.Count(string(out), "exited with exit code 2") == 0 && !strings.Contains(string(out), "Exited with exit code 2") {
		t.Errorf("ranks with two binaries: %v: %s", err, out)
	}
}
