package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/agent"
	"neurosweep/slurm"
	"neurosweep/sweep"
)

// A job is the SLURM job around an agent.
type job struct {
	slurm.Environment
	client slurm.Client
}

// findJob finds the job around this process; nil: there is none.
func findJob() (*job, error) {
	e, ok, err := slurm.Discover(os.LookupEnv)
	if !ok || err != nil {
		return nil, err
	}
	return &job{Environment: e}, nil
}

// A layout is how an agent puts trials on what it may use.
type layout struct {
	slots, threads int
	devices        []string // GPUs, as CUDA_VISIBLE_DEVICES has them here
}

// layOut decides the slots of an agent and the threads of each, where the user has not (0). cores is how many processors this process may use, j the job around it or
// nil. Without a job it is one slot a core. In a job it is a slot for each set of cpus-per-task, which gives the trial as many threads, or several where the
// spec fixes fewer; where there are GPUs, a slot for each.
func layOut(spec *sweep.Spec, j *job, cores, slots, threads int) layout {
	l := layout{slots: slots, threads: threads}
	if l.threads == 0 {
		l.threads = fixedThreads(spec)
	}
	if l.threads == 0 && (j == nil || oneThread(spec)) {
		l.threads = 1
	}
	if j == nil {
		if l.slots == 0 {
			l.slots = max(cores/l.threads, 1)
		}
		return l
	}
	sets, each := j.sets(cores)
	for _, g := range j.GPUs {
		l.devices = append(l.devices, g.Visible)
	}
	if l.slots == 0 {
		switch {
		case len(l.devices) > 0:
			l.slots = len(l.devices)
		case l.threads > 0:
			l.slots = sets * max(each/l.threads, 1)
		default:
			l.slots = sets
		}
	}
	if l.threads == 0 {
		l.threads = max(sets*each/l.slots, 1)
	}
	return l
}

// sets is how many sets of cpus-per-task this process has, and the size of each: a task of a step has one, a batch script those of its tasks on this node. What
// SLURM has promised counts as far as the kernel lets this process have it.
func (j *job) sets(cores int) (n, each int) {
	each = j.CPUs
	if each == 0 && j.CPUsOnNode > 0 {
		tasks := 1
		if j.NodeIndex < len(j.TasksPerNode) {
			tasks = max(j.TasksPerNode[j.NodeIndex], 1)
		}
		each = j.CPUsOnNode / tasks
	}
	if each == 0 {
		each = cores
	}
	each = max(min(each, cores), 1)
	n = 1
	if j.Step == "" && j.CPUsOnNode > 0 {
		n = max(min(j.CPUsOnNode, cores)/each, 1)
	}
	return n, each
}

// usableCores is how many processors this process may use: those of its affinity, within the quota of its control group.
func usableCores() int { return runtime.GOMAXPROCS(0) }

// options fills in what an agent has to know of the job.
func (j *job) options(o *agent.Options) {
	if j == nil {
		return
	}
	o.Job, o.Node, o.End = j.Task.String(), j.Environment.Node, j.end
	if o.Ranks == 0 {
		o.Rank, o.Ranks = j.number(os.LookupEnv)
	}
}

// number is which of how many agents this one is by SLURM: among the processes of a step, and the tasks of an array that is one script with indices without gaps.
func (j *job) number(lookup func(string) (string, bool)) (rank, ranks int) {
	rank, ranks = j.Rank, j.Size
	from, tasks := -1, 0
	for name, to := range map[string]*int{"SLURM_ARRAY_TASK_MIN": &from, "SLURM_ARRAY_TASK_COUNT": &tasks} {
		text, _ := lookup(name)
		if n, err := strconv.Atoi(text); err == nil {
			*to = n
		}
	}
	if i := j.Task.Index - from; from >= 0 && i >= 0 && i < tasks {
		rank, ranks = i*j.Size+j.Rank, tasks*j.Size
	}
	return rank, ranks
}

// end is when the job ends at the latest: as its environment says, else as SLURM does.
func (j *job) end(ctx context.Context) (time.Time, error) {
	if !j.End.IsZero() {
		return j.End, nil
	}
	end, err := j.client.End(ctx, j.JobID, time.Now())
	if errors.Is(err, slurm.ErrNotInstalled) {
		return time.Time{}, nil
	}
	return end, err
}

// requeue puts the job back into the queue where the agent has left though it has work to do, and SLURM will not do it: after the warning before the walltime, and
// within the grace of a preemption, at whose end SLURM requeues only those that still run. Nothing is requeued that somebody has cancelled, that may not be
// requeued, or whose time was too short for any trial; nor a job of several agents, of which each leaves by itself.
func (j *job) requeue(left agent.Left, log zerolog.Logger) {
	if j == nil || j.Size > 1 {
		return
	}
	switch left.Why {
	case agent.LeftPreempted:
	case agent.LeftWalltime, agent.LeftTime:
		if left.Granted == 0 {
			log.Warn().Msg("the job has had no time for any trial: it is not requeued; give it a longer --time")
			return
		}
	default:
		return
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGUSR1) // SLURM repeats them; this process and scontrol are as good as gone anyway
	ctx, cancel := context.WithTimeout(context.Background(), requeueWithin)
	defer cancel()
	detail, err := j.client.Detail(ctx, j.Task)
	switch {
	case err != nil:
	case detail.State != slurm.Running, !detail.Requeue, left.Why == agent.LeftPreempted && !detail.Preempted:
		log.Info().Str("job", j.Task.String()).Str("state", string(detail.State)).Bool("requeue", detail.Requeue).Msg("the job is left to SLURM")
		return
	default:
		log.Info().Str("job", j.Task.String()).Msg("the job is requeued")
		err = j.client.Requeue(ctx, j.Task)
	}
	if err != nil {
		log.Warn().Err(err).Str("job", j.Task.String()).Msg("the job could not be requeued: sweep scale or sweep resume submits another one")
	}
}

// requeueWithin is less than SLURM gives a job that it ends.
const requeueWithin = 20 * time.Second
