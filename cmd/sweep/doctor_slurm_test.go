//go:build slurm

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"neurosweep/slurm/slurmtest"
)

// doctor runs a command that ends in sweep doctor --json, and returns its exit code and findings by check, worst last.
func doctor(t *testing.T, c *slurmtest.Cluster, command ...string) (code int, findings map[string][]finding) {
	t.Helper()
	cmd := c.Command(command[0], command[1:]...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		code = exited.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	var d diagnosis
	if err := json.Unmarshal([]byte(stdout.String()), &d); err != nil {
		t.Fatalf("%q: exit code %d: %v\n%s\n%s", command, code, err, &stdout, &stderr)
	}
	if d.OK != (code == exitDone) || !d.SLURM {
		t.Errorf("%q: exit code %d with %+v", command, code, d)
	}
	findings = map[string][]finding{}
	for _, f := range d.Findings {
		findings[f.Check] = append(findings[f.Check], f)
	}
	return code, findings
}

// TestDoctor looks at a real cluster that is well, full, without the folder, without a node, and without its controller.
func TestDoctor(t *testing.T) {
	c := slurmtest.Start(t, slurmtest.Config{Nodes: 2, GPUs: 1, MaxArraySize: 1001, NodeTimeout: 5, Grace: 30})
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	code, f := doctor(t, c, "sweep", "doctor", "--json", dir)
	if code != exitDone || len(f["nodes"]) > 0 || len(f["folder"]) != 3 || len(f["clock"]) != 2 || len(f["connections"]) != 4 || len(f["visibility"]) != 1 || f["visibility"][0].Status != checkOK {
		t.Errorf("a cluster that is well: exit code %d, %+v", code, f)
	}
	for _, name := range []string{"version", "controller", "job arrays", "jobs", "partition", "requeue", "connections", "clock"} {
		for _, x := range f[name] {
			if x.Status != checkOK {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
	if !strings.Contains(f["partition"][0].Found, "2 of 2 nodes take jobs, 16 CPUs, 2 GPUs") || !strings.Contains(f["job arrays"][0].Found, "1001") {
		t.Errorf("%+v", f)
	}
	if len(f["preemption"]) != 1 || !strings.Contains(f["preemption"][0].Advice, "step: true") {
		t.Errorf("a partition with GraceTime: %+v", f["preemption"])
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("sweep doctor leaves %v, error %v", left, err)
	}

	// The folder is on a disk that only this machine has mounted.
	code, f = doctor(t, c, "unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs "$0" && exec sweep doctor --json --partition high "$0"`, dir)
	if code != exitFailure || len(f["nodes"]) != 1 || f["nodes"][0].Status != checkFault || !strings.Contains(f["nodes"][0].Found, "do not see "+dir) {
		t.Errorf("a folder that nodes do not see: exit code %d, %+v", code, f)
	}

	if out, err := c.Command("sbatch", "-N2", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 3600").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	waitFor(t, "the cluster is full", func() bool {
		out, _ := c.Command("squeue", "-h", "-t", "R").Output()
		return len(out) > 0
	})
	code, f = doctor(t, c, "sweep", "doctor", "--json", "--wait", "2s", dir)
	if code != exitDone || len(f["nodes"]) != 1 || f["nodes"][0].Status != checkUnknown || !strings.Contains(f["nodes"][0].Advice, "--wait") {
		t.Errorf("a full cluster: exit code %d, %+v", code, f)
	}
	if out, err := c.Command("squeue", "-h", "-n", "sweep-doctor").Output(); err != nil || len(out) > 0 {
		t.Errorf("sweep doctor leaves a job: %s, error %v", out, err)
	}
	if out, err := c.Command("scancel", "--name=wrap").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	if out, err := c.Command("scontrol", "update", "nodename=node2", "state=drain", "reason=test").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	code, f = doctor(t, c, "sweep", "doctor", "--json", dir)
	if code != exitDone || !strings.HasSuffix(f["partition"][0].Found, "not: node2") || len(f["visibility"]) != 1 || f["visibility"][0].Status != checkUnknown {
		t.Errorf("one node: exit code %d, %+v", code, f)
	}

	if err := c.Down("slurmctld"); err != nil {
		t.Fatal(err)
	}
	code, f = doctor(t, c, "sweep", "doctor", "--json", dir)
	if code != exitFailure || len(f["controller"]) != 1 || f["controller"][0].Status != checkFault {
		t.Errorf("without slurmctld: exit code %d, %+v", code, f)
	}
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 2 minutes", what)
		}
	}
}
