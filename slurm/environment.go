package slurm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An Environment is what a process inside a job knows from its environment. Sizes that SLURM does not give are 0.
type Environment struct {
	Task                     Task
	JobID                    int64 // the job's own id
	Step                     string
	Rank, Size               int // of this process among those of the step; 0 and 1 in a batch script
	LocalRank, NodeIndex     int
	Node                     string   // this node, by SLURM's name, which need not be the hostname
	Nodes                    []string // all of the job's
	TasksPerNode             []int    // processes on each node
	CPUs                     int      // this process may use; 0: not said
	CPUsOnNode               int
	GPUs                     []GPU
	Restarts                 int       // how often the job was requeued
	End                      time.Time // walltime; zero before 23.02: ask Client.End
	Name, Partition, Account string
	QOS, Cluster, SubmitDir  string
}

// A GPU is one device that a process may use.
type GPU struct {
	Visible string // its number or name in CUDA_VISIBLE_DEVICES, what a child is given; on clusters that constrain devices every job counts from 0
	Name    string // its number on the node by SLURM, the same for all jobs; "" where SLURM does not say which of the job's it is
}

// Discover reads the environment of a job; ok is false outside of one. lookup is os.LookupEnv. The error names variables that cannot be read.
func Discover(lookup func(string) (string, bool)) (e Environment, ok bool, err error) {
	v := variables{lookup: lookup}
	if v.text("SLURM_JOB_ID") == "" {
		return Environment{}, false, nil
	}
	e = Environment{
		JobID: int64(v.number("SLURM_JOB_ID", 0)), Step: v.text("SLURM_STEP_ID"),
		Rank: v.number("SLURM_PROCID", 0), Size: 1, LocalRank: v.number("SLURM_LOCALID", 0), NodeIndex: v.number("SLURM_NODEID", 0),
		Node: v.text("SLURMD_NODENAME"), CPUsOnNode: v.number("SLURM_CPUS_ON_NODE", 0), Restarts: v.number("SLURM_RESTART_COUNT", 0),
		Name: v.text("SLURM_JOB_NAME"), Partition: v.text("SLURM_JOB_PARTITION"), Account: v.text("SLURM_JOB_ACCOUNT"), QOS: v.text("SLURM_JOB_QOS"),
		Cluster: v.text("SLURM_CLUSTER_NAME"), SubmitDir: v.text("SLURM_SUBMIT_DIR"),
	}
	e.Task = Task{e.JobID, NoIndex}
	if v.text("SLURM_ARRAY_JOB_ID") != "" {
		e.Task = Task{int64(v.number("SLURM_ARRAY_JOB_ID", 0)), v.number("SLURM_ARRAY_TASK_ID", 0)}
	}
	// A batch script has a step id in no version, and the number of tasks that its srun would start: it is one process.
	inStep := e.Step != "" && v.text("SLURM_PROCID") != "" && v.text("SLURM_STEP_NUM_TASKS") != ""
	if inStep {
		e.Size = v.number("SLURM_STEP_NUM_TASKS", 1)
	}
	e.Nodes, err = ExpandNodes(v.text("SLURM_JOB_NODELIST"))
	v.note("SLURM_JOB_NODELIST", err)
	perNode := "SLURM_TASKS_PER_NODE"
	if inStep && v.text("SLURM_STEP_TASKS_PER_NODE") != "" {
		perNode = "SLURM_STEP_TASKS_PER_NODE"
	}
	e.TasksPerNode, err = ParseRepeated(v.text(perNode))
	v.note(perNode, err)
	e.CPUs = v.number("SLURM_CPUS_PER_TASK", 0)
	if e.CPUs == 0 && !inStep {
		e.CPUs = e.CPUsOnNode
	}
	if seconds := v.number("SLURM_JOB_END_TIME", 0); seconds > 0 {
		e.End = time.Unix(int64(seconds), 0)
	}
	e.GPUs = v.gpus(inStep)
	if e.Size < 1 || e.Rank < 0 || e.Rank >= max(e.Size, 1) {
		v.note("SLURM_PROCID", fmt.Errorf("rank %d of %d", e.Rank, e.Size))
	}
	return e, true, errors.Join(v.errs...)
}

// variables reads an environment and remembers what was wrong.
type variables struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (v *variables) note(name string, err error) {
	if err != nil {
		v.errs = append(v.errs, fmt.Errorf("environment of the SLURM job: %s: %w", name, err))
	}
}

func (v *variables) text(name string) string {
	text, _ := v.lookup(name)
	return strings.TrimSpace(text)
}

func (v *variables) number(name string, otherwise int) int {
	text := v.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		v.note(name, fmt.Errorf("%q is no whole number", text))
		return otherwise
	}
	return n
}

// gpus pairs the visible devices with SLURM's numbers, where both lists are of one length. A step's list of its own is better than the job's. A job without
// GPUs has CUDA_VISIBLE_DEVICES unset, or set to nothing.
func (v *variables) gpus(inStep bool) []GPU {
	visible := list(v.text("CUDA_VISIBLE_DEVICES"))
	names := list(v.text("SLURM_JOB_GPUS"))
	if step := list(v.text("SLURM_STEP_GPUS")); inStep && len(step) > 0 {
		names = step
	}
	if len(names) == 0 && v.text("SLURM_GPUS_ON_NODE") == "" {
		return nil // what the submitter had in his environment
	}
	var found []GPU
	for i, d := range visible {
		g := GPU{Visible: d}
		if len(names) == len(visible) {
			g.Name = names[i]
		}
		found = append(found, g)
	}
	return found
}

// list splits a list of devices: 0,1 or 0-3.
func list(text string) (items []string) {
	if text == "NoDevFiles" || text == "-1" || strings.HasPrefix(text, "(null") {
		return nil
	}
	for _, item := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(item, "-")
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		switch {
		case isRange && err1 == nil && err2 == nil && to-from < 1024:
			for n := from; n <= to; n++ {
				items = append(items, strconv.Itoa(n))
			}
		case strings.TrimSpace(item) != "":
			items = append(items, strings.TrimSpace(item))
		}
	}
	return items
}

var repeated = regexp.MustCompile(`^(\d+)(?:\(x(\d+)\))?$`)

// ParseRepeated reads numbers for each node, 2(x3),1: 2 2 2 1.
func ParseRepeated(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	var numbers []int
	for _, item := range strings.Split(text, ",") {
		m := repeated.FindStringSubmatch(item)
		if m == nil {
			return nil, fmt.Errorf("%q is not of the form 2(x3),1", text)
		}
		n, err1 := strconv.Atoi(m[1])
		times := 1
		var err2 error
		if m[2] != "" {
			times, err2 = strconv.Atoi(m[2])
		}
		if err1 != nil || err2 != nil || times > mostNodes-len(numbers) {
			return nil, fmt.Errorf("%q: a number is too large", text)
		}
		for range times {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// End is when a running job ends at the latest, by now and what squeue says is left; zero for a job without a limit. It is asked once, where the
// environment does not say.
func (c *Client) End(ctx context.Context, jobID int64, now time.Time) (time.Time, error) {
	out, err := c.query(ctx, "squeue", "-h", "-j", strconv.FormatInt(jobID, 10), "-t", "all", "-o", "%A|%L")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(out) {
		id, left, _ := strings.Cut(strings.TrimSpace(line), "|")
		if id != strconv.FormatInt(jobID, 10) {
			continue // another task of an array whose id this job has taken
		}
		switch d := parseLeft(left); d {
		case Forever:
			return time.Time{}, nil
		default:
			return now.Add(time.Duration(d)), nil
		}
	}
	return time.Time{}, fmt.Errorf("squeue knows no job %d", jobID)
}
