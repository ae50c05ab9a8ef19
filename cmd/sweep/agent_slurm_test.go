//go:build slurm

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/slurm/slurmtest"
	"neurosweep/sweep"
)

// A clusterSweep is a sweep whose controller runs on this machine, and whose agents are jobs of a cluster.
type clusterSweep struct {
	t       *testing.T
	cluster *slurmtest.Cluster
	client  *slurm.Client
	dir     string
	said    bytes.Buffer // by the controller
	over    chan error   // the controller's end
}

// beginSweep makes a sweep's folder and starts its controller.
func beginSweep(t *testing.T, c *slurmtest.Cluster, text string) *clusterSweep {
	t.Helper()
	s := &clusterSweep{t: t, cluster: c, client: &slurm.Client{Environ: c.Environ()}, dir: filepath.Join(t.TempDir(), "sweep"), over: make(chan error, 1)}
	spec, err := sweep.Parse("spec.yaml", []byte(text), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := openPlan(spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepareFolder(s.dir, spec, plan); err != nil {
		t.Fatal(err)
	}
	controller := exec.Command("sweep", "controller", "--dir", s.dir)
	controller.Stderr = &s.said
	if err := controller.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		s.over <- controller.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = controller.Process.Kill() // where the test has failed
		<-ended
	})
	return s
}

// agents submits a job of agents as sweep submit does: a step, which hears of a preemption at the beginning of its grace.
func (s *clusterSweep) agents(o slurm.Options) slurm.Task {
	s.t.Helper()
	o.Step = true
	folder := filepath.Dir(s.dir)
	text, err := slurm.Script{Options: o, Folder: folder, Log: slurm.LogPattern(folder, "agent"), Array: slurm.Array{Tasks: 1},
		Command: []string{"sweep", "agent", "--dir", s.dir}}.Text()
	if err != nil {
		s.t.Fatal(err)
	}
	return slurm.Task{Job: s.submit(text), Index: 0}
}

func (s *clusterSweep) submit(script string) int64 {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "script.sh")
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		s.t.Fatal(err)
	}
	id, err := s.client.Submit(s.t.Context(), file)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// takeNodes preempts whoever runs in partitions below high, until the function that it returns is called.
func (s *clusterSweep) takeNodes(nodes string) (release func()) {
	s.t.Helper()
	id := s.submit("#!/bin/sh\n#SBATCH --partition=high --exclusive --output=/dev/null --nodes=" + nodes + "\nexec sleep 600\n")
	task := slurm.Task{Job: id, Index: slurm.NoIndex}
	waitFor(s.t, "the job of the higher partition runs", func() bool { return s.job(task).State == slurm.Running })
	return func() {
		if err := s.client.Cancel(s.t.Context(), task); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *clusterSweep) job(task slurm.Task) slurm.JobDetail {
	s.t.Helper()
	d, err := s.client.Detail(s.t.Context(), task)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// causes counts the attempts that have ended, and those that run.
func (s *clusterSweep) causes() (ended map[string]int, running int) {
	s.t.Helper()
	d, err := results.Open(s.dir, train.Catalog())
	if err != nil {
		s.t.Fatal(err)
	}
	sum, err := results.Summarize(d)
	if err != nil {
		s.t.Fatal(err)
	}
	return sum.Causes, sum.Running
}

// awaitRunning waits until agents train.
func (s *clusterSweep) awaitRunning() {
	s.t.Helper()
	waitFor(s.t, "trials run", func() bool { _, n := s.causes(); return n > 0 })
}

// awaitCause waits until so many attempts have ended by a cause.
func (s *clusterSweep) awaitCause(cause sweep.Cause, n int) {
	s.t.Helper()
	waitFor(s.t, "attempts end by "+string(cause), func() bool { ended, _ := s.causes(); return ended[string(cause)] >= n })
}

// end waits for the sweep's end: every trial is completed, and no attempt ended by anything but the given causes.
func (s *clusterSweep) end(trials int, allowed ...sweep.Cause) {
	s.t.Helper()
	if err := <-s.over; err != nil {
		s.t.Fatalf("the controller: %v: %s", err, &s.said)
	}
	ended, _ := s.causes()
	if ended[string(sweep.CauseCompleted)] != trials {
		s.t.Errorf("attempts ended as %v, want %d completed", ended, trials)
	}
	for _, c := range append(allowed, sweep.CauseCompleted) {
		delete(ended, string(c))
	}
	if len(ended) > 0 {
		s.t.Errorf("attempts ended also by %v", ended)
	}
	if s.t.Failed() {
		logs, _ := filepath.Glob(filepath.Join(filepath.Dir(s.dir), "agent-*.log"))
		for _, name := range logs {
			text, _ := os.ReadFile(name)
			s.t.Logf("%s:\n%s", name, text)
		}
		s.t.Logf("the controller:\n%s", &s.said)
	}
}

// left lists why agents have left, in the order in which they did.
func (s *clusterSweep) left() (why []string) {
	d, err := results.Open(s.dir, train.Catalog())
	if err != nil {
		s.t.Fatal(err)
	}
	for e, err := range d.Events() {
		if err != nil {
			s.t.Fatal(err)
		}
		if e.Kind == results.EventAgentLeft {
			why = append(why, e.Detail)
		}
	}
	return why
}

// A trial of this sweep takes some ten seconds of one core.
const clusterText = `name: cluster
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn, hidden: 192}
train: {updates: 1500, batch: 64, length: 50, optimizer: adam, lr: 1e-3, threads: 1}
seeds: 2
parameters:
  train.lr: {values: [1e-3, 2e-3]}
evaluate: {seq: {kind: seq100, batches: 1, seed: 1000}}
checkpoints: {every: 500, keep: all}
select: {metric: accuracy, condition: seq, goal: maximize, over: checkpoints}
`

// TestAgentsAreDisturbed has agents of a real cluster preempted, with a grace and without, warned, requeued and cancelled. What they train goes on elsewhere, and nothing counts against it. A job
// comes back where it should: SLURM's own requeue, or the agent's.
func TestAgentsAreDisturbed(t *testing.T) {
	c := slurmtest.Start(t, slurmtest.Config{Nodes: 1, Grace: 30, Extra: "PartitionName=nograce Nodes=ALL PriorityTier=1 PreemptMode=REQUEUE GraceTime=0 MaxTime=INFINITE State=UP"})
	s := beginSweep(t, c, clusterText)
	whole := slurm.Options{CPUsPerTask: 8}

	task := s.agents(whole)
	s.awaitRunning()
	release := s.takeNodes("1") // with a grace: the agent hands over at once, and requeues itself
	s.awaitCause(sweep.CausePreempted, 1)
	waitFor(t, "the preempted job is requeued", func() bool { d := s.job(task); return d.State.Waiting() && d.Restarts == 1 })
	release()
	s.awaitRunning()

	if out, err := c.Command("scancel", "-b", "-s", "USR1", task.String()).CombinedOutput(); err != nil { // as before the walltime
		t.Fatalf("%v: %s", err, out)
	}
	s.awaitCause(sweep.CauseWalltime, 1)
	waitFor(t, "the job that was warned is requeued", func() bool { return s.job(task).Restarts == 2 })
	s.awaitRunning()

	before, _ := s.causes()
	if err := s.client.Cancel(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	s.awaitCause(sweep.CausePreempted, before[string(sweep.CausePreempted)]+1)
	waitFor(t, "the cancelled job is cancelled", func() bool { return s.job(task).State == slurm.Cancelled })

	whole.Partition = "nograce"
	task = s.agents(whole)
	s.awaitRunning()
	before, _ = s.causes()
	release = s.takeNodes("1")
	s.awaitCause(sweep.CausePreempted, before[string(sweep.CausePreempted)]+1)
	release()
	waitFor(t, "the preempted job runs again", func() bool { d := s.job(task); return d.State == slurm.Running && d.Restarts == 1 })
	s.end(4, sweep.CausePreempted, sweep.CauseWalltime)
	if why := strings.Join(s.left(), "; "); !strings.HasPrefix(why, "preempted; walltime; preempted; preempted") {
		t.Errorf("agents have left: %s", why)
	}
}

// updatesIn is how many updates a trial of a spec makes on this machine in so many seconds.
func updatesIn(t *testing.T, text string, seconds float64) int {
	t.Helper()
	spec, err := sweep.Parse("spec.yaml", []byte(text), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := openPlan(spec)
	if err != nil {
		t.Fatal(err)
	}
	trials, _, err := plan.Next(1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := train.RunBench(spec, trials[0], 1, 100, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return int(seconds / (b.Median + b.Data))
}

// TestWalltime gives an agent a job of one minute, and trials that need longer: it leaves in time by the clock that it has from SLURM, and requeues the job until all is done.
func TestWalltime(t *testing.T) {
	c := slurmtest.Start(t, slurmtest.Config{Nodes: 1})
	updates := fmt.Sprint(updatesIn(t, clusterText, 55))
	s := beginSweep(t, c, strings.NewReplacer("updates: 1500", "updates: "+updates, "every: 500", "every: "+updates, "[1e-3, 2e-3]", "[1e-3]").Replace(clusterText))
	task := s.agents(slurm.Options{CPUsPerTask: 8, Time: slurm.Duration(60e9), Signal: 10})
	s.awaitCause(sweep.CauseWalltime, 1)
	waitFor(t, "the job is requeued", func() bool { return s.job(task).Restarts >= 1 })
	s.end(2, sweep.CauseWalltime)
	if why := s.left(); len(why) < 2 || why[0] != "walltime" {
		t.Errorf("agents have left: %v", why)
	}
}
