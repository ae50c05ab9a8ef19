package slurm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func lookup(vars string) func(string) (string, bool) {
	values := map[string]string{}
	for _, v := range strings.Fields(vars) {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

// TestDiscover reads environments as real jobs have them (22.05.8, shortened).
func TestDiscover(t *testing.T) {
	for name, test := range map[string]struct {
		vars string
		want Environment
	}{
		"batch script of an array": {
			"CUDA_VISIBLE_DEVICES=0,1 SLURMD_NODENAME=node1 SLURM_ARRAY_JOB_ID=4 SLURM_ARRAY_TASK_ID=3 SLURM_CLUSTER_NAME=c SLURM_CPUS_ON_NODE=4 SLURM_CPUS_PER_TASK=2 SLURM_GPUS_ON_NODE=2 SLURM_JOB_GPUS=2,3 " +
				"SLURM_JOB_ID=5 SLURM_JOB_NODELIST=node1 SLURM_JOB_PARTITION=low SLURM_LOCALID=0 SLURM_NODEID=0 SLURM_NTASKS=2 SLURM_PROCID=0 SLURM_TASKS_PER_NODE=2 SLURM_RESTART_COUNT=2 SLURM_JOB_END_TIME=1700000000",
			Environment{Task: Task{4, 3}, JobID: 5, Size: 1, Node: "node1", Nodes: []string{"node1"}, TasksPerNode: []int{2}, CPUs: 2, CPUsOnNode: 4, GPUs: []GPU{{"0", "2"}, {"1", "3"}}, Restarts: 2,
				End: time.Unix(1700000000, 0), Partition: "low", Cluster: "c"},
		},
		"step of four ranks": {
			"CUDA_VISIBLE_DEVICES=1 SLURMD_NODENAME=node2 SLURM_CPUS_ON_NODE=2 SLURM_GPUS_ON_NODE=2 SLURM_JOB_ID=3 SLURM_JOB_NODELIST=node[1-2] SLURM_LOCALID=1 SLURM_NODEID=1 SLURM_NTASKS=4 SLURM_PROCID=3 " +
				"SLURM_STEP_GPUS=1 SLURM_JOB_GPUS=0,1 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_TASKS_PER_NODE=2(x2) SLURM_TASKS_PER_NODE=8",
			Environment{Task: Task{3, NoIndex}, JobID: 3, Step: "0", Rank: 3, Size: 4, LocalRank: 1, NodeIndex: 1, Node: "node2", Nodes: []string{"node1", "node2"}, TasksPerNode: []int{2, 2}, CPUsOnNode: 2, GPUs: []GPU{{"1", "1"}}},
		},
		"devices that SLURM does not name": {
			"CUDA_VISIBLE_DEVICES=0 SLURM_GPUS_ON_NODE=2 SLURM_JOB_ID=3 SLURM_STEP_GPUS=4,5 SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1",
			Environment{Task: Task{3, NoIndex}, JobID: 3, Step: "0", Size: 1, GPUs: []GPU{{"0", ""}}},
		},
		"no GPUs, whatever the submitter had": {"CUDA_VISIBLE_DEVICES=0,1 SLURM_JOB_ID=3 SLURM_CPUS_ON_NODE=8", Environment{Task: Task{3, NoIndex}, JobID: 3, Size: 1, CPUs: 8, CPUsOnNode: 8}},
	} {
		got, ok, err := Discover(lookup(test.vars))
		if diff := cmp.Diff(test.want, got); !ok || err != nil || diff != "" {
			t.Errorf("%s: ok %v, error %v, (-want +got)\n%s", name, ok, err, diff)
		}
	}
	if _, ok, err := Discover(lookup("PATH=/bin")); ok || err != nil {
		t.Errorf("no job: ok %v, error %v", ok, err)
	}
	for vars, want := range map[string]string{
		"SLURM_JOB_ID=x": "SLURM_JOB_ID", "SLURM_JOB_ID=1 SLURM_JOB_NODELIST=n[1": "SLURM_JOB_NODELIST", "SLURM_JOB_ID=1 SLURM_TASKS_PER_NODE=2(x": "2(x3),1",
		"SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=4 SLURM_STEP_NUM_TASKS=4": "rank 4 of 4",
	} {
		if _, _, err := Discover(lookup(vars)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", vars, err, want)
		}
	}
	if got, err := ParseRepeated("2(x3),1"); err != nil || !slices.Equal(got, []int{2, 2, 2, 1}) {
		t.Errorf("2(x3),1 is %v, error %v", got, err)
	}
	if got, err := ParseRepeated("1(x99999999)"); err == nil {
		t.Errorf("a large number of nodes gives %d numbers", len(got))
	}
}

// TestScrub drops what steers SLURM's commands.
func TestScrub(t *testing.T) {
	in := []string{"PATH=/bin", "SLURM_CONF=/etc/slurm.conf", "SLURM_JOB_ID=1", "SBATCH_PARTITION=x", "SQUEUE_FORMAT=%i", "SLURMD_NODENAME=n", "SLURM_TIME_FORMAT=%s", "SINFO_FORMAT=x", "CUDA_VISIBLE_DEVICES=0", "SALLOC_X=", "SLURM_JWT=secret"}
	want := []string{"PATH=/bin", "SLURM_CONF=/etc/slurm.conf", "CUDA_VISIBLE_DEVICES=0"}
	if got := Scrub(in); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestClientErrors tells a missing command, a failure and a silence apart.
func TestClientErrors(t *testing.T) {
	c := Client{Timeout: 50 * time.Millisecond}
	if _, err := c.Run(t.Context(), "no-such-command-of-slurm"); err == nil || !strings.Contains(err.Error(), "module") {
		t.Errorf("a missing command: %v", err)
	}
	c.Timeout = time.Minute
	_, err := c.Run(t.Context(), "sh", "-c", "echo it hurts >&2; exit 3")
	if e, ok := err.(*CommandError); !ok || e.Code != 3 || e.Said != "it hurts" || e.Late || !says(err, "hurts") {
		t.Errorf("a failure: %+v", err)
	}
	c.Timeout = 50 * time.Millisecond
	_, err = c.Run(t.Context(), "sh", "-c", "exec sleep 60")
	if e, ok := err.(*CommandError); !ok || !e.Late {
		t.Errorf("a silence: %+v", err)
	}
}
