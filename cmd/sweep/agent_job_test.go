package main

import (
	"fmt"
	"testing"

	"neurosweep/sweep"
)

// inJob is the job that an environment describes.
func inJob(t *testing.T, environment map[string]string) *job {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	j, err := findJob()
	if err != nil || j == nil {
		t.Fatalf("no job in %v: %v", environment, err)
	}
	return j
}

// An agent has a slot for each set of CPUs and for each GPU that SLURM gives it, as far as the kernel lets it.
func TestLayOut(t *testing.T) {
	step := map[string]string{"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_CPUS_ON_NODE": "8"}
	with := func(further ...string) map[string]string {
		e := map[string]string{}
		for k, v := range step {
			e[k] = v
		}
		for i := 0; i < len(further); i += 2 {
			e[further[i]] = further[i+1]
		}
		return e
	}
	gpus := with("SLURM_CPUS_PER_TASK", "8", "CUDA_VISIBLE_DEVICES", "0,1", "SLURM_JOB_GPUS", "2,3")
	for _, c := range []struct {
		what           string
		environment    map[string]string
		cores          int
		slots, threads int // that the user has fixed
		want           string
	}{
		{"a step with 4 CPUs", with("SLURM_CPUS_PER_TASK", "4"), 8, 0, 0, "{1 4 []}"},
		{"a step whose set the kernel has cut", with("SLURM_CPUS_PER_TASK", "4"), 2, 0, 0, "{1 2 []}"},
		{"trials of 2 threads in a step with 4 CPUs", with("SLURM_CPUS_PER_TASK", "4"), 8, 0, 2, "{2 2 []}"},
		{"a batch script with sets of 2 CPUs", map[string]string{"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2", "SLURM_CPUS_ON_NODE": "8"}, 8, 0, 0, "{4 2 []}"},
		{"a batch script of 2 tasks on the node", map[string]string{"SLURM_JOB_ID": "7", "SLURM_TASKS_PER_NODE": "2", "SLURM_CPUS_ON_NODE": "8", "SLURM_CPUS_PER_TASK": "4"}, 8, 0, 0, "{2 4 []}"},
		{"two GPUs", gpus, 8, 0, 0, "{2 4 [0 1]}"},
		{"two GPUs, and 4 slots wanted", gpus, 8, 4, 0, "{4 2 [0 1]}"},
		{"a GPU by its name", with("SLURM_CPUS_PER_TASK", "4", "CUDA_VISIBLE_DEVICES", "GPU-8f2a", "SLURM_JOB_GPUS", "3"), 8, 0, 0, "{1 4 [GPU-8f2a]}"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := fmt.Sprint(layOut(&sweep.Spec{}, inJob(t, c.environment), c.cores, c.slots, c.threads)); got != c.want {
				t.Errorf("slots, threads, GPUs: %s, want %s", got, c.want)
			}
		})
	}
	if got := fmt.Sprint(layOut(&sweep.Spec{}, nil, 6, 0, 2)); got != "{3 2 []}" {
		t.Errorf("without a job: %s", got)
	}
}
