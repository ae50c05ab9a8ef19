package tasks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// What a noop trial can be told to do instead of ending well.
const (
	failNone  = "none"
	failError = "error"
	failExit  = "exit"
	failKill  = "kill"
	failHang  = "hang"
)

const noopName = "noop"

var noopInfo = sweep.TaskInfo{
	Component: sweep.Component{
		Name:     noopName,
		Revision: 1,
		Doc:      "Trains nothing: a trial's value is value + noise × (a normal number of its seed). For trying out sweeps, and what happens when trials fail.",
		Params: []sweep.Param{
			{Name: "value", Type: sweep.Float, Default: 0.0, Doc: "What the trial's value is, without noise."},
			{Name: "noise", Type: sweep.Float, Default: 0.0, Min: bound(0), Doc: "Standard deviation of the value over seeds."},
			{Name: "seconds", Type: sweep.Float, Default: 0.0, Min: bound(0), Max: bound(1e6), Unit: "s", Doc: "How long the trial takes."},
			{Name: "fail", Type: sweep.String, Default: failNone, Choices: []string{failNone, failError, failExit, failKill, failHang},
				Doc: "How the trial fails when its time is over: by an error, by leaving its process with exit code 1, by a kill of its process, or by never ending."},
			{Name: "fail_attempts", Type: sweep.Int, Default: int64(-1), Min: bound(-1), Unit: "attempts", Doc: "How many attempts fail before one succeeds; -1: all."},
		},
	},
	Evaluations: []sweep.Component{{Name: "value", Revision: 1, Doc: "The trial's value."}},
	Metrics:     map[string][]string{"value": {"value"}},
}

func init() {
	register(noopInfo, func(p parameters) (Task, error) { return noop{p}, nil })
}

// errUntrained is what noop answers to whoever wants to train or evaluate a network on it.
var errUntrained = errors.New("task noop has no data: nothing can be trained or evaluated on it")

// noop is the task without data. RunNoop is what runs its trials.
type noop struct{ parameters }

func (noop) Inputs() int                                           { return 0 }
func (noop) Outputs() int                                          { return 0 }
func (noop) Loss() graph.Loss                                      { return graph.CrossEntropy }
func (noop) Data(int64, int, int) Data                             { return noData{} }
func (noop) Measure(to []Measure, _ *Batch, _ []float32) []Measure { return to }
func (noop) Evaluation(sweep.Condition) (Evaluation, error)        { return nil, errUntrained }

// noData is a stream of empty batches.
type noData struct{}

func (noData) Next(b *Batch) { b.resize(0, 0, 0) }
func (noData) State() []byte { return nil }
func (noData) Bytes() int64  { return 0 }
func (noData) Restore(state []byte) error {
	if len(state) != 0 {
		return errUntrained
	}
	return nil
}

// RunNoop makes an attempt, numbered from 1, at a trial of noop and returns the trial's value. An attempt that waits ends with the
// context's cause when that is cancelled; one that hangs does not, as a program that hangs would not.
func RunNoop(ctx context.Context, section sweep.Section, seed int64, attempt int) (value float64, err error) {
	task, err := New(section)
	if err != nil {
		return 0, err
	}
	n, ok := task.(noop)
	if !ok {
		return 0, fmt.Errorf("task %s is trained, it cannot be run as noop", section.Name)
	}
	if err := wait(ctx, time.Duration(n.float("seconds")*float64(time.Second))); err != nil {
		return 0, err
	}
	if failing := n.int("fail_attempts"); failing < 0 || attempt <= failing {
		if err := fail(n.text("fail"), attempt); err != nil {
			return 0, err
		}
	}
	draw := float64(random.New(seed, random.Noise, 0).Normal())
	return n.float("value") + float64(n.float("noise")*draw), nil
}

// wait returns after d, or with the cause of the context's end.
func wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// fail does what a trial was told to do.
func fail(how string, attempt int) error {
	switch how {
	case failError:
		return fmt.Errorf("attempt %d fails, as task.fail: %s asks", attempt, failError)
	case failExit:
		os.Exit(1)
	case failKill:
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill the own process, as task.fail: %s asks: %w", failKill, err)
		}
		hang()
	case failHang:
		hang()
	}
	return nil
}

// hang never returns. (A bare select would let the runtime end a program in which nothing else runs.)
func hang() {
	for {
		time.Sleep(time.Hour)
	}
}
