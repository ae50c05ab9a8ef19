package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"neurosweep/slurm"
	"neurosweep/sweep/durable"
)

// submit writes a job down, submits its script, and writes down the id. What sbatch has refused is struck out again.
func (o *order) submit(ctx context.Context, dir string, script slurm.Script, j submittedJob, list *[]submittedJob) (int64, error) {
	text, err := script.Text()
	if err != nil {
		return 0, err
	}
	file := filepath.Join(scriptDir(dir), fmt.Sprintf("%s.sh", j.Mark[len(j.Mark)-10:]))
	if err := durable.Write(file, []byte(text), 0o755); err != nil {
		return 0, fmt.Errorf("submit: %w", err)
	}
	if j.Script, err = filepath.Rel(dir, file); err != nil {
		return 0, err
	}
	j.Submitted = time.Now().UTC().Truncate(time.Second)
	*list = append(*list, j)
	at := len(*list) - 1
	if err := o.s.write(dir); err != nil {
		return 0, err
	}
	id, err := o.client.Submit(ctx, file)
	if err != nil {
		if id, err = o.afterwards(ctx, j.Mark, err); err != nil {
			*list = (*list)[:at]
			return 0, errors.Join(err, o.s.write(dir), discard(file, err))
		}
	}
	(*list)[at].ID = id
	return id, o.s.write(dir)
}

// discard removes a script that sbatch has refused.
func discard(file string, err error) error {
	var refused *exitError
	if errors.As(err, &refused) && refused.code == exitUsage {
		return os.Remove(file)
	}
	return nil
}

// afterwards finds out whether an sbatch that failed was obeyed all the same: its answer may have been lost.
func (o *order) afterwards(ctx context.Context, mark string, failed error) (int64, error) {
	var refused *slurm.CommandError
	if errors.As(failed, &refused) && !refused.Late {
		return 0, usage("submit: sbatch refuses: %w\nit queued nothing; change the option that it names, and submit again; --dry-run prints the script", failed)
	}
	found, err := o.client.Marked(ctx, mark)
	if err != nil || len(found) == 0 {
		return 0, fmt.Errorf("submit: %w; whether it was submitted will be known when the cluster answers: sweep status", errors.Join(failed, err))
	}
	return found[0], nil
}

// resolve finds the ids of jobs whose submission was interrupted, and strikes out those that were never submitted.
func (s *submission) resolve(ctx context.Context, client *slurm.Client) (changed bool, err error) {
	for _, list := range []*[]submittedJob{&s.Jobs, &s.Controllers} {
		var known []submittedJob
		for _, j := range *list {
			if j.ID == 0 {
				changed = true
				found, err := client.Marked(ctx, j.Mark)
				if err != nil {
					return false, err
				}
				if len(found) == 0 {
					continue
				}
				j.ID = found[0]
			}
			known = append(known, j)
		}
		*list = known
	}
	return changed, nil
}

func ids(jobs []submittedJob) (list []int64) {
	for _, j := range jobs {
		if j.ID > 0 {
			list = append(list, j.ID)
		}
	}
	return list
}

// alive lists the agents' jobs that wait or run, newest first: those that wait, then those that run. Jobs whose submission was interrupted are found. The
// submission must be locked. Where the cluster does not answer nothing is known, which is an error.
func (a *app) alive(ctx context.Context, client *slurm.Client, dir string, s *submission) ([]slurm.Job, error) {
	changed, err := s.resolve(ctx, client)
	if err != nil {
		return nil, unanswered(err)
	}
	if changed {
		if err := s.write(dir); err != nil {
			return nil, err
		}
	}
	jobs, err := living(ctx, client, s.Jobs)
	slices.SortStableFunc(jobs, func(x, y slurm.Job) int {
		switch {
		case x.State.Waiting() && !y.State.Waiting():
			return -1
		case y.State.Waiting() && !x.State.Waiting():
			return 1
		}
		return cmp.Or(cmp.Compare(y.Task.Job, x.Task.Job), cmp.Compare(y.Task.Index, x.Task.Index))
	})
	return jobs, err
}

// living are those of some jobs that have not ended.
func living(ctx context.Context, client *slurm.Client, jobs []submittedJob) ([]slurm.Job, error) {
	all, err := client.Queue(ctx, ids(jobs)...)
	if err != nil {
		return nil, unanswered(err)
	}
	return slices.DeleteFunc(all, func(j slurm.Job) bool { return j.State.Ended() || j.State == slurm.Completing }), nil
}

// unanswered says that the cluster could not be asked.
func unanswered(err error) error {
	return fmt.Errorf("the cluster cannot be asked about the sweep's jobs: %w; nothing was changed; try again when it answers", err)
}

func tasksOf(jobs []slurm.Job) []slurm.Task {
	tasks := make([]slurm.Task, len(jobs))
	for i, j := range jobs {
		tasks[i] = j.Task
	}
	return tasks
}
