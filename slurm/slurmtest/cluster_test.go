//go:build slurm

package slurmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// output runs a client's command that must succeed.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
	return strings.TrimSpace(string(text))
}

// TestCluster starts a cluster, runs something on all nodes with GPUs, has a node and slurmctld die and come back, and stops it: nothing is left.
func TestCluster(t *testing.T) {
	c := Start(t, Config{Nodes: 2, GPUs: 2, GPUType: "h100", NodeTimeout: 5})
	got := output(t, c.Command("srun", "-N2", "--gpus-per-node=h100:1", "sh", "-c", "echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"))
	if lines := strings.Split(got, "\n"); len(lines) != 2 || !strings.Contains(got, "node1 0") || !strings.Contains(got, "node2 0") {
		t.Errorf("a step of two nodes printed %q", got)
	}
	job := output(t, c.Command("sbatch", "--parsable", "-w", "node2", "-o", "/dev/null", "--wrap", "sleep 3600 & setsid -f sleep 3601; wait"))
	state := func(id string) string { return output(t, c.Command("squeue", "-h", "-t", "all", "-j", id, "-o", "%T")) }
	wait(t, "the job runs", func() bool { return state(job) == "RUNNING" && len(c.jobProcesses()) >= 3 })

	wait(t, "slurmctld has written the job down, which it does every few seconds", func() bool {
		text, _ := os.ReadFile(filepath.Join(c.Dir(), "state", "job_state"))
		return strings.Contains(string(text), "wrap")
	})

	if err := c.Crash("node2"); err != nil {
		t.Fatal(err)
	}
	if left := c.jobProcesses(); len(left) > 0 {
		t.Errorf("processes outlive their node: %v", left)
	}
	if err := c.Down("slurmctld"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"slurmctld", "node2"} {
		if c.Running(name) {
			t.Errorf("%s runs though it is down", name)
		}
		if err := c.Up(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.WaitReady(2); err != nil {
		t.Fatal(err)
	}
	wait(t, "the job is known, and requeued or running", func() bool { s := state(job); return s == "PENDING" || s == "RUNNING" })

	again, err := Open(c.Dir())
	if err != nil {
		t.Fatal(err)
	}
	pids := daemons(again)
	if len(pids) != 4 {
		t.Errorf("another process sees the daemons %v", pids)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	for _, p := range pids {
		if p.alive() {
			t.Errorf("process %d outlives Stop", p.pid)
		}
	}
	if _, err := os.Stat(c.Dir()); err == nil {
		t.Errorf("the folder %s outlives Stop", c.Dir())
	}
}

// TestOrphaned starts a cluster in a process that is killed: the guard ends the daemons and removes the folder.
func TestOrphaned(t *testing.T) {
	if os.Getenv("SLURMTEST_ORPHAN") != "" {
		c, err := New(Config{Nodes: 1})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("DIR=" + c.Dir() + "\n")
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOrphaned$")
	cmd.Env = append(os.Environ(), "SLURMTEST_ORPHAN=1")
	said := filepath.Join(t.TempDir(), "said")
	file, err := os.Create(said)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	wait(t, "the other process has a cluster", func() bool {
		text, _ := os.ReadFile(said)
		_, rest, found := strings.Cut(string(text), "DIR=")
		dir, _, _ = strings.Cut(rest, "\n")
		return found && strings.Contains(rest, "\n")
	})
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	pids := daemons(c)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	wait(t, "daemons and folder are gone", func() bool {
		for _, p := range pids {
			if p.alive() {
				return false
			}
		}
		_, err := os.Stat(dir)
		return len(pids) == 3 && os.IsNotExist(err)
	})
}

// TestRefused names what is wrong with a configuration.
func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"long":  {Config{Dir: filepath.Join(t.TempDir(), strings.Repeat("x", 80))}, "at most 60"},
		"space": {Config{Dir: filepath.Join(os.TempDir(), "a b")}, "slurm.conf"},
	} {
		if c, err := New(test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: cluster %v, error %v, want one with %q", name, c, err, test.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no cluster") {
		t.Errorf("an empty folder was opened: %v", err)
	}
}

func daemons(c *Cluster) (found []process) {
	for _, name := range c.Daemons() {
		if p, ok := c.daemon(name); ok {
			found = append(found, p)
		}
	}
	return found
}

func wait(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if err := until(2*time.Minute, condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
