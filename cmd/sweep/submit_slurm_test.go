//go:build slurm

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/slurm/slurmtest"
)

// A lab is a cluster with a folder for sweeps.
type lab struct {
	*testing.T
	cluster *slurmtest.Cluster
	folder  string
}

func newLab(t *testing.T, config slurmtest.Config) *lab {
	return &lab{t, slurmtest.Start(t, config), t.TempDir()}
}

// run runs a command in the folder; it must end with the exit code.
func (l *lab) run(code int, name string, args ...string) (stdout, stderr string) {
	l.Helper()
	c := l.cluster.Command(name, args...)
	c.Dir = l.folder
	var out, said strings.Builder
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		l.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		l.Fatalf("%s %q: exit code %d, want %d\n%s\n%s", name, args, got, code, &out, &said)
	}
	return out.String(), said.String()
}

// status is sweep status --json.
func (l *lab) status(dir string) (s fullStatus) {
	l.Helper()
	out, _ := l.run(exitDone, "sweep", "status", "--json", dir)
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		l.Fatalf("%v: %s", err, out)
	}
	return s
}

// until waits for a state of the sweep.
func (l *lab) until(dir, what string, condition func(s fullStatus) bool) {
	l.Helper()
	waitFor(l.T, what, func() bool { return condition(l.status(dir)) })
}

func (s fullStatus) jobs(state string) int { return s.Jobs.States[state] }

// example is examples/delay_comparison.yaml, cut down: 24 trials of about a second.
func (l *lab) example(updates int) []string {
	l.Helper()
	file, err := filepath.Abs("../../examples/delay_comparison.yaml")
	if err != nil {
		l.Fatal(err)
	}
	return []string{file, fmt.Sprintf("train.updates=%d", updates), "train.lr=1e-3,3e-3", "model.hidden=16", "seeds=12", "checkpoints.every=200"}
}

func (l *lab) submit(code int, spec []string, args ...string) (stdout, stderr string) {
	l.Helper()
	return l.run(code, "sweep", append(append([]string{"submit"}, spec...), args...)...)
}

// TestSubmit lives through a sweep on a cluster: submitted, scaled up and down, stopped, resumed, ended, and equal to the same sweep on one machine.
func TestSubmit(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 4, CPUs: 2, GPUs: 1})
	spec := l.example(2000)

	// Mistakes are found before anything is queued or made.
	for _, c := range []struct{ args, want string }{
		{"--partition gpu", `partition "gpu": there is no such partition; valid are low, high`},
		{"--partition low --time 4hours", `--time: "4hours" is no time limit`},
		{"--gpus 3", "3 GPUs of a node: its nodes have 1 at most"},
		{"--cpus 3", "3 CPUs: its largest node has 2"},
		{"--mem 64G", "memory 64G: its largest node has"},
		{"--gpus h100:1", "the cluster names no types of GPUs"},
		{"--exclude node9", "the cluster has no node node9"},
	} {
		_, stderr := l.submit(exitUsage, spec, append([]string{"--dir", "wrong", "--agents", "2"}, strings.Fields(c.args)...)...)
		if !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %s", c.args, stderr)
		}
	}
	if out, _ := l.run(0, "squeue", "-h"); out != "" {
		t.Errorf("after mistakes jobs are queued: %s", out)
	}
	if _, err := os.Stat(filepath.Join(l.folder, "wrong")); err == nil {
		t.Error("after mistakes there is a folder")
	}

	// What only sbatch knows is refused by it, and leaves no script.
	_, stderr := l.submit(exitUsage, spec, "--dir", "wrong", "--agents", "2", "--reservation", "nobody")
	scripts, err := os.ReadDir(filepath.Join(l.folder, "wrong", "control", "scripts"))
	if !strings.Contains(stderr, "nobody") && !strings.Contains(stderr, "reservation is invalid") || !strings.Contains(stderr, "--dry-run") || err != nil || len(scripts) > 0 {
		t.Errorf("scripts %v, error %v: %s", scripts, err, stderr)
	}

	out, _ := l.submit(exitDone, spec, "--dir", "s", "--agents", "2", "--time", "30", "--cpus", "1", "--json")
	var r receipt
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Jobs) != 1 || r.Submitted != 2 || r.Controller != controllerAgent {
		t.Errorf("%v: %s", err, out)
	}
	l.submit(exitUsage, spec, "--dir", "s", "--agents", "2") // it is there already
	l.until("s", "two agents train", func(s fullStatus) bool { return s.Agents == 2 && s.jobs("RUNNING") == 2 && s.Ended > 0 })

	// More agents than there are CPUs: some wait, and go first.
	l.run(exitDone, "sweep", "scale", "10", "s")
	l.until("s", "eight agents run and two wait", func(s fullStatus) bool { return s.jobs("RUNNING") == 8 && s.jobs("PENDING") == 2 && s.Agents == 8 })
	if s := l.status("s"); len(s.Jobs.Waiting) == 0 || s.Jobs.Wanted != 10 {
		t.Errorf("%+v", s.Jobs)
	}
	_, stderr = l.run(exitDone, "sweep", "scale", "1", "s")
	if !strings.Contains(stderr, "2 agents that waited are cancelled, 7 that run are asked") {
		t.Error(stderr)
	}
	l.until("s", "one agent is left", func(s fullStatus) bool { return s.jobs("RUNNING") == 1 && s.jobs("PENDING") == 0 && s.Agents == 1 })

	l.run(exitDone, "sweep", "stop", "s")
	l.until("s", "it is stopped", func(s fullStatus) bool { return s.State == "stopped" && s.jobs("RUNNING") == 0 })
	if s := l.status("s"); s.Trials == nil || s.Ended == *s.Trials {
		t.Fatalf("the sweep ended before it was stopped: %+v", s)
	}

	// From the folder itself, as from another login node.
	c := l.cluster.Command("sweep", "resume", "--agents", "3")
	c.Dir = filepath.Join(l.folder, "s")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, stderr := l.run(exitDone, "sweep", "resume", "s"); !strings.Contains(stderr, "3 agents wait or run, 3 are wanted") {
		t.Errorf("a second resume submits more: %s", stderr)
	}
	l.run(exitDone, "sweep", "status", "--watch", "s")
	l.until("s", "the jobs are gone", func(s fullStatus) bool { return s.jobs("RUNNING") == 0 && s.jobs("COMPLETING") == 0 })
	l.run(exitDone, "sweep", "verify", "s")
	l.run(exitDone, "sweep", append(append([]string{"run"}, spec...), "--dir", "alone")...)
	l.run(exitDone, "sweep", "equal", "s", "alone")
}

// TestControllerPlaces runs a small sweep with its controller on the login node, and in a job of its own.
func TestControllerPlaces(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 2, CPUs: 2})
	spec := l.example(2000)
	for _, place := range []string{controllerLogin, controllerJob} {
		l.submit(exitDone, spec, "--dir", place, "--agents", "2", "--cpus", "1", "--controller", place)
		if place == controllerJob { // as before the walltime: it steps down, is queued again, and goes on
			l.until(place, "it trains", func(s fullStatus) bool { return s.Running > 0 })
			s, err := readSubmission(filepath.Join(l.folder, place))
			if err != nil || len(s.Controllers) != 1 {
				t.Fatalf("%+v, error %v", s, err)
			}
			l.run(0, "scancel", "--batch", "--signal=USR1", fmt.Sprint(s.Controllers[0].ID))
			waitFor(t, "the controller is there again", func() bool {
				_, err := os.Stat(filepath.Join(l.folder, place, "control", "term-2"))
				return err == nil
			})
		}
		l.run(exitDone, "sweep", "status", "--watch", place)
		l.run(exitDone, "sweep", "verify", place)
	}
	l.run(exitDone, "sweep", "equal", controllerLogin, controllerJob)
}

// TestInterruptedSubmission finds agents again whose submission was not written down to its end, and starts no others.
func TestInterruptedSubmission(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 1, CPUs: 2})
	l.run(0, "scontrol", "update", "nodename=node1", "state=drain", "reason=test")
	l.submit(exitDone, l.example(200), "--dir", "s", "--agents", "2")
	dir := filepath.Join(l.folder, "s")
	s, err := readSubmission(dir)
	if err != nil || len(s.Jobs) != 1 {
		t.Fatalf("%+v, error %v", s, err)
	}
	id := s.Jobs[0].ID
	s.Jobs[0].ID = 0 // as sbatch found it
	lost := s.Jobs[0]
	lost.Mark = newMark("nothing") // an sbatch that was never called
	s.Jobs = append(s.Jobs, lost)
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	if n := l.status("s").jobs("PENDING"); n != 2 {
		t.Errorf("%d jobs wait by sweep status", n)
	}
	if _, stderr := l.run(exitDone, "sweep", "resume", "s"); !strings.Contains(stderr, "2 agents wait or run, 2 are wanted") {
		t.Error(stderr)
	}
	if s, err = readSubmission(dir); err != nil || len(s.Jobs) != 1 || s.Jobs[0].ID != id {
		t.Errorf("%+v, error %v", s, err)
	}
	l.run(exitDone, "sweep", "stop", "s") // nobody controls it: what waits is cancelled
	if out, _ := l.run(0, "squeue", "-h", "-t", "PD,R"); out != "" {
		t.Errorf("after stop: %s", out)
	}
	l.run(exitUsage, "sweep", "scale", "3", "s", "--partition", "nope")
}

// TestUnsharedFolder refuses a folder that the nodes do not see: a disk of this machine alone.
func TestUnsharedFolder(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 1, CPUs: 2})
	spec := l.example(200)
	_, stderr := l.run(exitUsage, "unshare", append([]string{"--mount", "sh", "-c", `mount -t tmpfs tmpfs . && cd "$PWD" && exec sweep submit "$@"`, "sh"}, append(spec, "--agents", "1")...)...)
	if !strings.Contains(stderr, "the nodes do not see") {
		t.Error(stderr)
	}
	if out, _ := l.run(0, "squeue", "-h"); out != "" {
		t.Errorf("it was submitted all the same: %s", out)
	}
}
