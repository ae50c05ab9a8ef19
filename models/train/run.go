package train

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"neurosweep/models"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

const (
	reportEvery = 5 * time.Second // how long curves wait at most before they are reported
	reportRows  = 1024            // how many updates, evals and checkpoints one report has at most: messages are bounded
)

// Run makes one attempt at a trial: it resumes, trains, evaluates, publishes and reports (see the package's story), and returns how the
// attempt ended. The End is not reported; the caller adds it. An error means that the attempt failed by itself, or for want
// of disk space: Classify tells which. A task that does not train is run once instead.
func Run(ctx context.Context, job Job, report Reporter) (results.End, error) {
	return runOn(ctx, job, report, realDisk)
}

func runOn(ctx context.Context, job Job, report Reporter, d disk) (results.End, error) {
	started := time.Now()
	config, err := job.Spec.Config(job.Trial.Params, job.Trial.Seed)
	if err != nil {
		return results.End{}, err
	}
	if job.Updates > 0 { // a schedule keeps its horizon
		config.Train["updates"] = int64(job.Updates)
	}
	var end results.End
	if !job.Spec.Trains() {
		end, err = runOnce(ctx, job, config, report)
	} else {
		var r *run
		if r, err = newRun(ctx, job, config, 0, report, d); err == nil {
			end, err = r.run(ctx)
		}
	}
	if err != nil {
		return results.End{}, fmt.Errorf("trial %s, attempt %d: %w", job.Trial.ID, job.Attempt, err)
	}
	end.Seconds = time.Since(started).Seconds()
	return end, nil
}

// A run is one attempt at a trial that trains.
type run struct {
	*trainer
	history
	job     Job
	send    Reporter
	disk    disk
	planned []int // updates with a checkpoint

	reported int       // updates whose curves are reported
	last     time.Time // of the last report
	saved    int       // the update of the last state written or taken over, -1: none
	stream   []byte    // where the data stood then; nil: at their beginning
	deleted  map[int]bool
	diverged bool
	notes    []string
	pace     pace
}

func newRun(ctx context.Context, job Job, c sweep.Config, threads int, report Reporter, d disk) (*run, error) {
	begun := time.Now()
	t, err := newTrainer(c, threads, newGang(ctx, job.Reducer))
	if err != nil {
		return nil, err
	}
	return &run{
		trainer: t, job: job, send: report, disk: d, last: time.Now(), saved: -1, deleted: map[int]bool{},
		planned: job.Spec.Checkpoints.Planned(t.updates, t.updates), pace: pace{begun: begun},
	}, nil
}

func (r *run) run(ctx context.Context) (results.End, error) {
	if r.gang.follows() {
		err := r.adopt()
		if err == nil {
			err = r.follow(ctx)
		}
		if err != nil {
			return r.leave(ctx, err)
		}
		return r.finish(ctx)
	}
	if err := makeFolder(r.job.Dir, r.job.Trial.ID); err != nil {
		return results.End{}, err
	}
	err := r.resume(ctx)
	if err == nil {
		err = r.adopt()
	}
	if err == nil {
		err = r.lead(ctx)
	}
	if err != nil {
		return r.leave(ctx, err)
	}
	return r.finish(ctx)
}

// lead trains, with checkpoints, to the end of the trial.
func (r *run) lead(ctx context.Context) error {
	r.pace.ready()
	for {
		if slices.Contains(r.planned, r.done) && !r.checkpointed(r.done) {
			begun := time.Now()
			if err := r.checkpoint(ctx); err != nil {
				return err
			}
			r.pace.checkpointed(time.Since(begun))
		}
		if r.done >= r.updates {
			return nil
		}
		if err := r.gang.over(ctx); err != nil {
			return err
		}
		begun := time.Now()
		metrics, finite, err := r.update()
		if err != nil {
			return err
		}
		r.pace.updated(time.Since(begun))
		if err := r.add(metrics); err != nil {
			return err
		}
		if !finite {
			r.noteDiverged(metrics)
			return nil
		}
		if time.Since(r.last) > reportEvery {
			if err := r.reportCurves(nil, nil); err != nil {
				return err
			}
		}
	}
}

func (r *run) noteDiverged(metrics []tasks.Measure) {
	r.notes = append(r.notes, fmt.Sprintf("update %d: the loss was %g, loss or weights are not finite", r.done+1, metrics[0].Value))
	r.diverged = true
}

// checkpoint evaluates, writes the state, publishes the weights and reports, in this order.
func (r *run) checkpoint(ctx context.Context) error {
	evals, err := evaluate(ctx, r.task, r.machine, r.weights, r.done, r.job.Spec.Evaluate)
	if err != nil {
		return err
	}
	file, c, err := r.encode()
	if err != nil {
		return err
	}
	r.evals = append(r.evals, evals...)
	r.checkpoints = append(r.checkpoints, c)
	if err := r.save(); err != nil {
		return err
	}
	if err := r.disk.publish(filepath.Join(r.job.Dir, c.Path), file); err != nil {
		return err
	}
	if err := r.reportCurves(evals, []results.Checkpoint{c}); err != nil {
		return err
	}
	_, err = r.retain()
	return err
}

// encode makes the weights file of where training stands, and its record.
func (r *run) encode() ([]byte, results.Checkpoint, error) {
	meta, err := metadata(r.job.Trial, r.config, r.done)
	if err != nil {
		return nil, results.Checkpoint{}, err
	}
	file, err := models.NewCheckpoint(r.model, r.weights, meta).Encode()
	if err != nil {
		return nil, results.Checkpoint{}, err
	}
	return file, results.Checkpoint{
		Update: r.done, Path: sweep.WeightsPath(r.job.Trial.ID, r.done), Digest: models.Digest(file), Bytes: int64(len(file)),
	}, nil
}

// snapshot is the state file of where training stands.
func (r *run) snapshot() ([]byte, error) {
	if err := r.rewind(); err != nil {
		return nil, err
	}
	s := state{
		stateHeader: stateHeader{
			Trial: r.job.Trial.ID, Update: r.done, Data: r.data.State(),
			Metrics: r.metrics, Values: r.values(), Evals: r.evals, Checkpoints: r.checkpoints,
		},
		weights: r.weights, slots: r.optimizer.slots, curves: r.curves,
	}
	return s.encode()
}

// rewind puts back the batch of an update that was begun and not done, because the ranks of the trial lost one another: the data are drawn again from where the last state
// has them.
func (r *run) rewind() error {
	if r.drawn == r.done {
		return nil
	}
	r.data = r.task.Data(r.config.DataSeed, r.sequences, r.steps)
	if r.stream != nil {
		if err := r.data.Restore(r.stream); err != nil {
			return fmt.Errorf("go back to the data of update %d: %w", r.done, err)
		}
	}
	for r.drawn = max(r.saved, 0); r.drawn < r.done; r.drawn++ {
		r.data.Next(&r.batch)
	}
	return nil
}

// save writes the state of where training stands and drops those before the last two.
func (r *run) save() error {
	file, err := r.snapshot()
	if err != nil {
		return err
	}
	if err := r.disk.write(filepath.Join(r.job.Dir, sweep.StatePath(r.job.Trial.ID, r.done)), file); err != nil {
		return err
	}
	r.saved, r.stream = r.done, r.data.State()
	return r.disk.keepStates(r.job.Dir, r.job.Trial.ID, r.done, 2)
}

// reportCurves reports the curves that have not been reported yet, with evals and checkpoints, in messages of bounded size.
func (r *run) reportCurves(evals []results.Eval, checkpoints []results.Checkpoint) error {
	for {
		to := min(r.values(), r.reported+reportRows)
		e, c := min(len(evals), reportRows), min(len(checkpoints), reportRows)
		err := r.sendReport(results.TrialReport{Curves: r.between(r.reported, to), Evals: evals[:e], Checkpoints: checkpoints[:c]})
		if err != nil {
			return err
		}
		r.reported, r.last = to, time.Now()
		evals, checkpoints = evals[e:], checkpoints[c:]
		if r.reported == r.values() && len(evals) == 0 && len(checkpoints) == 0 {
			return nil
		}
	}
}

func (r *run) sendReport(t results.TrialReport) error {
	if len(t.Curves)+len(t.Evals)+len(t.Checkpoints)+len(t.Deleted) == 0 {
		return nil
	}
	t.Trial, t.Attempt = r.job.Trial.ID, r.job.Attempt
	t.Evals, t.Checkpoints = slices.Clone(t.Evals), slices.Clone(t.Checkpoints)
	if err := r.send(t); err != nil {
		return fmt.Errorf("report update %d: %w", r.done, err)
	}
	return nil
}

// leave ends an attempt that err interrupted: where that is the end of the context, or of the ranks' work together, by a state if the trial is handed over.
func (r *run) leave(ctx context.Context, err error) (results.End, error) {
	cause, save, ok := r.gang.stopped(ctx, err)
	if !ok {
		return results.End{}, err
	}
	if cause == sweep.CauseCancelled && save {
		r.notes = append(r.notes, err.Error())
	}
	if save && r.done > 0 && r.saved != r.done && !r.diverged && !r.gang.follows() {
		if err := r.save(); err != nil {
			return results.End{}, err
		}
	}
	if cause != sweep.CauseCancelled {
		if err := r.gang.part(); err != nil {
			cause = sweep.CauseCancelled
			r.notes = append(r.notes, err.Error())
		}
	}
	return r.end(cause), nil
}

// finish reports what is left, applies retention, and keeps one state.
func (r *run) finish(ctx context.Context) (results.End, error) {
	cause := sweep.CauseCompleted
	if r.diverged {
		cause = sweep.CauseDiverged
	}
	if r.gang.follows() {
		if err := r.gang.part(); err != nil {
			return r.leave(ctx, err)
		}
		return r.end(cause), nil
	}
	if err := r.reportCurves(nil, nil); err != nil {
		return results.End{}, err
	}
	if err := r.retainAll(ctx); err != nil {
		return r.leave(ctx, err)
	}
	if err := r.disk.keepStates(r.job.Dir, r.job.Trial.ID, r.done, 1); err != nil {
		return results.End{}, err
	}
	_ = r.gang.part() // the trial is complete, whether or not the others hear it
	return r.end(cause), nil
}

func (r *run) end(cause sweep.Cause) results.End {
	return results.End{Cause: cause, Update: r.done, Detail: strings.Join(r.notes, "; "), Pace: r.pace.result()}
}
