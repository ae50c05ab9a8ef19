package train

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// commitPoll is how often an attempt that only waits for its last checkpoints to be committed looks.
const commitPoll = 20 * time.Millisecond

// retain deletes the weights that the spec's policy does not keep (results.Retain), as far as they are committed, and reports them. It returns
// how many wait for their commit. A checkpoint that is not kept now will not be kept later, so that files and rows at the end do
// not depend on when commits came. Where nobody tells what is committed, nothing is deleted.
func (r *run) retain() (waiting int, err error) {
	if r.job.Committed == nil {
		return 0, nil
	}
	updates := make([]int, len(r.checkpoints))
	for i, c := range r.checkpoints {
		updates[i] = c.Update
	}
	_, drop := results.Retain(r.job.Spec, r.evals, updates)
	var deleted []int
	for _, u := range drop {
		switch {
		case r.deleted[u]:
		case !r.job.Committed(u):
			waiting++
		default:
			if err := r.disk.remove(filepath.Join(r.job.Dir, sweep.WeightsPath(r.job.Trial.ID, u))); err != nil {
				return waiting, fmt.Errorf("delete a checkpoint that is not kept: %w", err)
			}
			r.deleted[u] = true
			deleted = append(deleted, u)
		}
	}
	return waiting, r.sendReport(results.TrialReport{Deleted: deleted})
}

// retainAll applies the policy at the end of a trial: it waits for the commits that the policy needs.
func (r *run) retainAll(ctx context.Context) error {
	tick := time.NewTicker(commitPoll)
	defer tick.Stop()
	for {
		waiting, err := r.retain()
		if err != nil || waiting == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
