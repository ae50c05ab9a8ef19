//go:build slurm

package slurm_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"neurosweep/slurm"
	"neurosweep/slurm/slurmtest"
)

// cluster is one for all tests of this file: it takes a second to start.
var cluster *slurmtest.Cluster

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		c, err := slurmtest.New(slurmtest.Config{Nodes: 4, GPUs: 2, MaxArraySize: 4, NodeTimeout: 5})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		cluster = c
		code := m.Run()
		if err := c.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// client speaks to the cluster, in an environment full of traps.
func client() *slurm.Client {
	return &slurm.Client{Environ: append(cluster.Environ(), "SQUEUE_FORMAT=%i", "SLURM_JOB_ID=1", "SBATCH_PARTITION=nowhere", "SLURM_TIME_FORMAT=%s", "SINFO_FORMAT=x", "SBATCH_ARRAY_INX=1-3", "SECRET=hunter2")}
}

// wait waits for a condition, for as long as a busy machine may need.
func wait(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 3 minutes", what)
		}
		<-tick.C
	}
}

// submit submits a script whose payload is a line of shell, and returns its tasks and folder.
func submit(t *testing.T, folder, line string, s slurm.Script) (id int64) {
	t.Helper()
	s.Folder, s.Log = folder, slurm.LogPattern(folder, "agent")
	s.Command = []string{"bash", "-c", line}
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "script.sh")
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	c := client() // of the cluster that is used now
	if id, err = c.Submit(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Cancel(ctx, job(id)); err != nil {
			t.Error(err)
		}
	})
	return id
}

// state asks once; tests run side by side, so SLURM may be slow, but must answer.
func state(t *testing.T, task slurm.Task) slurm.State {
	t.Helper()
	jobs, err := client().Queue(t.Context(), task.Job)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Task == task {
			return j.State
		}
	}
	return slurm.Gone
}

func holds(file, text string) func() bool {
	return func() bool {
		got, _ := os.ReadFile(file)
		return strings.Contains(string(got), text)
	}
}

func job(id int64) slurm.Task { return slurm.Task{Job: id, Index: slurm.NoIndex} }

// TestOddFolder runs arrays in folders with odd names: payload, log and working folder are right. No secret of the submitter's is in the script.
func TestOddFolder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "a b", "it's", `do"uble`, "$HOME", "100%A", "#1", "ü", "`id`", "a;b&c"} {
		folder := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		id := submit(t, folder, `pwd >where-$SLURM_ARRAY_TASK_ID; echo said`, slurm.Script{Array: slurm.Array{Tasks: 2, Throttle: 1}, Options: slurm.Options{Comment: `a "b" # c`}})
		for k := range 2 {
			log := filepath.Join(folder, fmt.Sprintf("agent-%d_%d.log", id, k))
			wait(t, log, holds(log, "said"))
			if where, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("where-%d", k))); err != nil || strings.TrimSpace(string(where)) != folder {
				t.Errorf("task %d in %q runs in %q, error %v", k, folder, where, err)
			}
		}
		if text, err := os.ReadFile(filepath.Join(folder, "script.sh")); err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("the script holds the submitter's secret, or cannot be read: %v", err)
		}
	}
}

// TestArrays splits agents at the cluster's own limit; every one runs, within the throttle, and one index more would be refused.
func TestArrays(t *testing.T) {
	t.Parallel()
	c, err := client().Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := slurm.Split(10, 6, c.MaxArraySize)
	if err != nil || len(arrays) != 3 {
		t.Fatalf("arrays %v of at most %d, error %v", arrays, c.MaxArraySize, err)
	}
	folder := t.TempDir()
	var ids []int64
	for _, a := range arrays {
		ids = append(ids, submit(t, folder, `: >ran-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID`, slurm.Script{Array: a}))
	}
	wait(t, "all agents have run", func() bool {
		ran, _ := filepath.Glob(filepath.Join(folder, "ran-*"))
		return len(ran) == 10
	})
	wait(t, "one query sees them all completed", func() bool {
		w := slurm.Watch{Client: client()}
		look, pause := w.Look(t.Context(), append(ids, 60000000)...)
		completed := 0
		for i, a := range arrays {
			for k := range a.Tasks {
				if look.State(slurm.Task{Job: ids[i], Index: k}) == slurm.Completed {
					completed++
				}
			}
		}
		return completed == 10 && len(look.Jobs) == 10 && look.State(job(60000000)) == slurm.Gone && pause > 0
	})
	text, err := slurm.Script{Folder: folder, Log: slurm.LogPattern(folder, "x"), Command: []string{"true"}, Array: slurm.Array{Tasks: c.MaxArraySize + 1}}.Text()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "large.sh")
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	if id, err := client().Submit(t.Context(), file); err == nil || !strings.Contains(err.Error(), "Invalid job array") {
		t.Errorf("an array with an index of MaxArraySize is job %d, error %v", id, err)
	}
}

// TestWarning sends USR1 as SLURM does before the walltime: the payload has it, goes on, and its exit code is the job's.
func TestWarning(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	id := submit(t, folder, `trap ': >warned' USR1; : >ready; until [ -e warned ]; do sleep 0.1; done; exit 9`, slurm.Script{Options: slurm.Options{Time: slurm.Duration(10 * time.Minute)}})
	wait(t, "the payload runs", func() bool { _, err := os.Stat(filepath.Join(folder, "ready")); return err == nil })
	end, err := client().End(t.Context(), id, time.Now())
	if left := time.Until(end); err != nil || left < 5*time.Minute || left > 10*time.Minute {
		t.Errorf("a job of ten minutes ends in %v, error %v", left, err)
	}
	if out, err := cluster.Command("scancel", "-b", "-s", "USR1", job(id).String()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wait(t, "the job has failed by its payload's code", func() bool { return state(t, job(id)) == slurm.Failed })
	ends, err := client().Ends(t.Context(), id)
	if want := []slurm.JobEnd{{Task: job(id), State: slurm.Failed}}; err != nil || !slices.Equal(ends, want) {
		t.Errorf("the job has ended as %v, error %v; want %v", ends, err, want)
	}
	d, err := client().Detail(t.Context(), job(id))
	if err != nil || d.Fields["ExitCode"] != "9:0" || !d.Requeue {
		t.Errorf("the job's details are %+v, error %v", d, err)
	}
}

// TestRequeue requeues a job: the same Task, one restart more, the log appended to; its environment tells.
func TestRequeue(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	id := submit(t, folder, `echo "run ${SLURM_RESTART_COUNT:-0} of $SLURM_JOB_ID"; [ -n "$SLURM_RESTART_COUNT" ] || exec sleep 600`, slurm.Script{Array: slurm.Array{Tasks: 1}})
	log := filepath.Join(folder, fmt.Sprintf("agent-%d_0.log", id))
	wait(t, "the first run", holds(log, "run 0"))
	task := slurm.Task{Job: id, Index: 0}
	if err := client().Requeue(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	wait(t, "the second run", holds(log, "run 1"))
	if !holds(log, "run 0")() {
		t.Error("the log of the first run is lost")
	}
	wait(t, "the end", func() bool { return state(t, task) == slurm.Completed })
	if d, err := client().Detail(t.Context(), task); err != nil || d.Restarts != 1 {
		t.Errorf("%d restarts, error %v", d.Restarts, err)
	}
}

// TestPreempt has a job of partition high take all nodes: TERM reaches the payload once, the job comes back.
func TestPreempt(t *testing.T) {
	folder := t.TempDir()
	id := submit(t, folder, `trap 'echo TERM >>term; exit 0' TERM; : >up-${SLURM_RESTART_COUNT:-0}; while :; do sleep 0.1; done`, slurm.Script{Options: slurm.Options{Partition: "low", CPUsPerTask: 8}})
	exists := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(folder, name)); return err == nil }
	}
	wait(t, "the first run", exists("up-0"))
	high := submit(t, t.TempDir(), `sleep 600`, slurm.Script{Options: slurm.Options{Partition: "high", Nodes: 4, Exclusive: "true"}})
	wait(t, "TERM", exists("term"))
	wait(t, "high runs", func() bool { return state(t, job(high)) == slurm.Running })
	if s := state(t, job(id)); !s.Waiting() && !s.Running() {
		t.Errorf("the preempted job is %v", s)
	}
	if err := client().Cancel(t.Context(), job(high)); err != nil {
		t.Fatal(err)
	}
	wait(t, "the second run", exists("up-1"))
	if text, err := os.ReadFile(filepath.Join(folder, "term")); err != nil || string(text) != "TERM\n" {
		t.Errorf("the payload has seen %q, error %v", text, err)
	}
	if err := client().Cancel(t.Context(), job(id), job(high)); err != nil {
		t.Errorf("cancel, and again: %v", err)
	}
	wait(t, "cancelled", func() bool { return state(t, job(id)) == slurm.Cancelled })
}

// TestGrace preempts an agent that is a step in a partition with GraceTime: it hears TERM at the beginning, when it still has time.
func TestGrace(t *testing.T) {
	c := slurmtest.Start(t, slurmtest.Config{Nodes: 1, Grace: 30})
	shared := cluster
	cluster = c
	defer func() { cluster = shared }()
	folder := t.TempDir()
	exists := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(folder, name)); return err == nil }
	}
	id := submit(t, folder, `trap ': >term; exit 0' TERM; : >up; while :; do sleep 0.1; done`, slurm.Script{Options: slurm.Options{Partition: "low", Step: true, CPUsPerTask: 8, Exclusive: "true"}})
	wait(t, "the agent runs", exists("up"))
	high := submit(t, t.TempDir(), `sleep 600`, slurm.Script{Options: slurm.Options{Partition: "high", Exclusive: "true"}})
	wait(t, "TERM", exists("term"))
	wait(t, "high runs", func() bool { return state(t, job(high)) == slurm.Running })
	if s := state(t, job(id)); s != slurm.Completed && !s.Waiting() && !s.Running() { // 22.05: it has completed and must requeue itself; 24.11: it comes back
		t.Errorf("an agent that ends with 0 in its grace is %v", s)
	}
	for _, id := range []int64{id, high} {
		if err := client().Cancel(t.Context(), job(id)); err != nil {
			t.Error(err)
		}
	}
}

// TestRanks runs a job of several processes: every rank knows its place, its GPU and its CPUs, from the environment that Discover reads.
func TestRanks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	id := submit(t, folder, `env -0 >rank-$SLURM_PROCID.tmp; mv rank-$SLURM_PROCID.tmp rank-$SLURM_PROCID.env`,
		slurm.Script{Options: slurm.Options{Nodes: 2, TasksPerNode: 2, CPUsPerTask: 2, GPUsPerTask: "1", Time: slurm.Duration(10 * time.Minute)}})
	var files []string
	wait(t, "four ranks", func() bool { files, _ = filepath.Glob(filepath.Join(folder, "rank-*.env")); return len(files) == 4 })
	var ranks, gpus []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		vars := map[string]string{}
		for v := range strings.SplitSeq(string(text), "\x00") {
			name, value, _ := strings.Cut(v, "=")
			vars[name] = value
		}
		e, ok, err := slurm.Discover(func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
		if err != nil || !ok || e.Size != 4 || len(e.Nodes) != 2 || e.JobID != id || e.CPUs != 2 || len(e.GPUs) != 1 || e.GPUs[0].Name == "" || e.Partition != "low" || !slices.Equal(e.TasksPerNode, []int{2, 2}) {
			t.Fatalf("%s: ok %v, error %v, %+v", file, ok, err, e)
		}
		ranks = append(ranks, fmt.Sprint(e.Rank))
		gpus = append(gpus, e.Node+":"+e.GPUs[0].Name)
	}
	slices.Sort(gpus)
	if strings.Join(ranks, "") != "0123" || len(slices.Compact(gpus)) != 4 {
		t.Errorf("ranks %v on GPUs %v", ranks, gpus)
	}
}

// TestFacts asks the cluster what it offers, and refuses what it does not, as sbatch does.
func TestFacts(t *testing.T) {
	t.Parallel()
	f, err := client().Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	version, err := client().Version(t.Context())
	if err != nil || version != f.Config.Version || f.Config.MaxArraySize != 4 || !f.Config.ControllerUp || len(f.Partitions) != 2 || len(f.Nodes) != 4 {
		t.Errorf("version %v, error %v, facts %+v", version, err, f)
	}
	for _, n := range f.Nodes {
		if n.TotalGPUs() != 2 || n.CPUs != 8 || n.Memory != 16000 || n.Version == "" {
			t.Errorf("node %+v", n)
		}
	}
	if err := f.Fits(slurm.Options{Partition: "high", GPUsPerNode: "2", Nodes: 4}); err != nil {
		t.Errorf("what fits: %v", err)
	}
	loads, err := client().Load(t.Context())
	if err != nil || len(loads) < 2 {
		t.Errorf("sinfo: %+v, error %v", loads, err)
	}
	folder := t.TempDir()
	for name, o := range map[string]slurm.Options{"partition": {Partition: "gup"}, "GPUs": {GPUsPerNode: "3"}} {
		text, err := slurm.Script{Folder: folder, Log: slurm.LogPattern(folder, "x"), Command: []string{"true"}, Options: o}.Text()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := client().Submit(t.Context(), file); err == nil {
			t.Errorf("%s: sbatch takes what Fits must refuse", name)
		}
		if err := f.Fits(o); err == nil {
			t.Errorf("%s: Fits takes what sbatch refuses", name)
		}
	}
	if _, err := client().Accounts(t.Context(), 1); !errors.Is(err, slurm.ErrNoAccounting) {
		t.Errorf("sacct without accounting: %v", err)
	}
}

// TestControllerAway takes slurmctld down: jobs are unknown, not gone, and known again when it is back.
func TestControllerAway(t *testing.T) {
	folder := t.TempDir()
	id := submit(t, folder, `sleep 600`, slurm.Script{})
	wait(t, "the job runs", func() bool { return state(t, job(id)) == slurm.Running })
	wait(t, "it is written down", holds(filepath.Join(cluster.Dir(), "state", "job_state"), folder))
	if err := cluster.Down("slurmctld"); err != nil {
		t.Fatal(err)
	}
	w := slurm.Watch{Client: client()}
	look, first := w.Look(t.Context(), id)
	if look.Err == nil || look.State(job(id)) != slurm.Unknown {
		t.Errorf("without a controller the job is %v, error %v", look.State(job(id)), look.Err)
	}
	if err := cluster.Up("slurmctld"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.WaitReady(4); err != nil {
		t.Fatal(err)
	}
	wait(t, "the job is known again", func() bool {
		look, _ := w.Look(t.Context(), id)
		return look.State(job(id)) == slurm.Running
	})
	if first < 5*time.Second {
		t.Errorf("the first pause is %v", first)
	}
}

// TestNodeDown crashes the node of a job: the job runs again elsewhere.
func TestNodeDown(t *testing.T) {
	folder := t.TempDir()
	submit(t, folder, `echo $SLURMD_NODENAME >on-${SLURM_RESTART_COUNT:-0}; exec sleep 600`, slurm.Script{})
	on := func(restart int) string {
		text, _ := os.ReadFile(filepath.Join(folder, fmt.Sprintf("on-%d", restart)))
		return strings.TrimSpace(string(text))
	}
	wait(t, "the first run", func() bool { return on(0) != "" })
	if err := cluster.Crash(on(0)); err != nil {
		t.Fatal(err)
	}
	if out, err := cluster.Command("scontrol", "update", "nodename="+on(0), "state=down", "reason=test").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wait(t, "the second run", func() bool { return on(1) != "" && on(1) != on(0) })
	nodes, err := client().NodesOf(t.Context(), on(0))
	if err != nil || len(nodes) != 1 || nodes[0].Usable() {
		t.Errorf("the crashed node is %+v, error %v", nodes, err)
	}
	if err := cluster.Up(on(0)); err != nil {
		t.Fatal(err)
	}
	if out, err := cluster.Command("scontrol", "update", "nodename="+on(0), "state=resume").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := cluster.WaitReady(4); err != nil {
		t.Fatal(err)
	}
}
