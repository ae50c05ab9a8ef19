package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// amendment is the kind of the event that records a condition which rescore --add brought in. Its detail is the condition as
// a spec would have it: {"name": {"kind": …, parameters}}.
const amendment = "amendment"

func newRescore(a *app) *cobra.Command {
	var add string
	c := &cobra.Command{
		Use:   "rescore [DIR]",
		Short: "Evaluate checkpoints on conditions that they lack, without training again",
		Long: `rescore evaluates every checkpoint on every condition of the sweep for which it has no result yet. --add brings new
conditions in: a file with what would stand under evaluate in a spec. A checkpoint that is gone or damaged is named, and the exit code is then 3.`,
		Example: "  sweep rescore runs/lr-scan --add longer.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder(args)
			if err != nil {
				return err
			}
			return a.rescore(c.Context(), dir, add)
		},
	}
	c.Flags().StringVar(&add, "add", "", "a YAML file with new conditions")
	return c
}

// A scoring is one checkpoint with the conditions that it lacks.
type scoring struct {
	trial      sweep.Trial
	checkpoint results.CheckpointRow
	conditions []sweep.Condition
}

func (a *app) rescore(ctx context.Context, dir, add string) error {
	spec, added, err := amended(dir, add)
	if err != nil {
		return err
	}
	if !spec.Trains() {
		return usage("rescore %s: its trials have no checkpoints that could be evaluated here", relative(dir))
	}
	ctx, release := interruptible(ctx)
	defer release()
	term, err := controller.TakeTerm(ctx, dir, controller.TermOptions{})
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = term.Release() }() // what is committed is committed; the next one waits a little longer
	stopRenewing := renew(ctx, term)
	defer stopRenewing()

	w, err := results.OpenWriter(dir, term.Number(), spec, results.WriterOptions{Log: a.logger()})
	if err != nil {
		return err
	}
	failed, err := a.score(ctx, dir, spec, added, term, w)
	if err == nil && w.State().SweepState() == controller.StateEnded {
		_, err = w.Finish()
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if failed > 0 {
		return &exitError{exitFailed, fmt.Errorf("%d checkpoints could not be scored", failed)}
	}
	return nil
}

// amended is the sweep's spec with the conditions of earlier amendments and those of the file, which it returns apart.
func amended(dir, file string) (*sweep.Spec, []sweep.Condition, error) {
	d, err := openDataset(dir)
	if err != nil {
		return nil, nil, err
	}
	spec := d.Spec()
	for e, err := range d.Events() {
		if err != nil {
			return nil, nil, err
		}
		if e.Kind != amendment {
			continue
		}
		if spec, _, err = sweep.Amend(spec, "amendment of "+relative(dir), []byte(e.Detail), train.Catalog()); err != nil {
			return nil, nil, err
		}
	}
	if file == "" {
		return spec, nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, nil, err
	}
	spec, added, err := sweep.Amend(spec, file, data, train.Catalog())
	return spec, added, refuse(err)
}

// renew keeps a term until the returned function is called.
func renew(ctx context.Context, term *controller.Term) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticks := time.NewTicker(5 * time.Second)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				_ = term.Renew() // Valid tells before each commit
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// score records new conditions and evaluates what is missing. It returns how many checkpoints could not be scored.
func (a *app) score(ctx context.Context, dir string, spec *sweep.Spec, added []sweep.Condition, term *controller.Term, w *results.Writer) (failed int, err error) {
	for _, c := range added {
		section := maps.Clone(c.Params)
		section["kind"] = c.Kind
		detail, err := json.Marshal(map[string]any{c.Name: section})
		if err != nil {
			return 0, err
		}
		event := results.Event{Kind: amendment, Detail: string(detail)}
		if err := w.Append(results.Entry{Time: time.Now().UTC(), Event: &event}); err != nil {
			return 0, err
		}
	}
	work, err := missingScores(dir, spec)
	if err != nil {
		return 0, err
	}
	report := &results.Report{Version: results.ReportVersion, Incarnation: sweep.Incarnation("rescore-" + rand.Text())}
	for s := range scored(ctx, dir, spec, work) {
		if s.err != nil {
			failed++
			fmt.Fprintln(a.stderr, s.err)
			continue
		}
		if err := term.Valid(); err != nil {
			return failed, err
		}
		report.Sequence++
		report.Trials = []results.TrialReport{{Trial: s.trial.ID, Evals: s.evals}}
		entry := *report
		if err := w.Append(results.Entry{Time: time.Now().UTC(), Report: &entry}); err != nil {
			return failed, err
		}
	}
	if err := w.Sync(); err != nil {
		return failed, err
	}
	if ctx.Err() != nil {
		return failed, &exitError{exitInterrupted, fmt.Errorf("%d of %d checkpoints were scored; sweep rescore goes on", report.Sequence, len(work))}
	}
	fmt.Fprintf(a.stderr, "%d checkpoints were scored\n", report.Sequence)
	return failed, w.Flush(ctx)
}

// missingScores lists the checkpoints that lack a condition of the spec, in the order of the plan.
func missingScores(dir string, spec *sweep.Spec) ([]scoring, error) {
	d, err := openDataset(dir)
	if err != nil {
		return nil, err
	}
	type place struct {
		trial     string
		update    int64
		condition string
	}
	have := map[place]bool{}
	for e, err := range d.Evals() {
		if err != nil {
			return nil, err
		}
		have[place{e.Trial, e.Update, e.Condition}] = true
	}
	var work []scoring
	for _, t := range d.Plan() {
		for c, err := range d.Checkpoints(string(t.ID)) {
			if err != nil {
				return nil, err
			}
			s := scoring{trial: t, checkpoint: c}
			for _, condition := range spec.Evaluate {
				if !have[place{c.Trial, c.Update, condition.Name}] {
					s.conditions = append(s.conditions, condition)
				}
			}
			if len(s.conditions) > 0 {
				work = append(work, s)
			}
		}
	}
	return work, nil
}

// A score is the result of a scoring.
type score struct {
	scoring
	evals []results.Eval
	err   error
}

// scored evaluates on all cores; the results come as they are ready. The channel is closed at the end, or early when ctx ends.
func scored(ctx context.Context, dir string, spec *sweep.Spec, work []scoring) <-chan score {
	todo := make(chan scoring)
	out := make(chan score)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for s := range todo {
				evals, err := s.evaluate(dir, spec)
				out <- score{s, evals, err}
			}
		})
	}
	go func() {
		defer close(out)
		defer workers.Wait()
		defer close(todo)
		for _, s := range work {
			select {
			case todo <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// evaluate scores one checkpoint, whose file must be the one that was published.
func (s scoring) evaluate(dir string, spec *sweep.Spec) ([]results.Eval, error) {
	path := filepath.Join(dir, filepath.FromSlash(s.checkpoint.Path))
	if s.checkpoint.Deleted {
		return nil, fmt.Errorf("%s cannot be scored: retention (checkpoints.keep) has deleted it", path)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be scored: %w", path, err)
	}
	if digest := sha256.Sum256(file); hex.EncodeToString(digest[:]) != s.checkpoint.Digest {
		return nil, fmt.Errorf("%s cannot be scored: its digest is not the one that was committed, the file is damaged", path)
	}
	evals, err := train.Evaluate(spec, s.trial, path, int(s.checkpoint.Update), s.conditions)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be scored: %w", path, err)
	}
	return evals, nil
}
