package tasks

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

func runNoop(ctx context.Context, params sweep.Values, seed int64, attempt int) (float64, error) {
	return RunNoop(ctx, sweep.Section{Name: "noop", Params: params}, seed, attempt)
}

func TestNoopHasAValue(t *testing.T) {
	ctx := context.Background()
	if v, err := runNoop(ctx, sweep.Values{"value": 2.5}, 4, 1); v != 2.5 || err != nil {
		t.Errorf("%g, %v", v, err)
	}
	draw := float64(random.New(4, random.Noise, 0).Normal())
	if v, err := runNoop(ctx, sweep.Values{"value": 2.5, "noise": 0.5, "seconds": 1e-6}, 4, 3); v != 2.5+0.5*draw || err != nil {
		t.Errorf("%g, %v; want %g", v, err, 2.5+0.5*draw)
	}
	if _, err := RunNoop(ctx, sweep.Section{Name: "delay_comparison"}, 0, 1); err == nil {
		t.Error("a task that trains was run as noop")
	}
}

func TestNoopFails(t *testing.T) {
	ctx := context.Background()
	for attempt := 1; attempt <= 3; attempt++ {
		_, err := runNoop(ctx, sweep.Values{"fail": "error", "fail_attempts": int64(2)}, 0, attempt)
		if (err != nil) != (attempt <= 2) {
			t.Errorf("attempt %d: %v", attempt, err)
		}
		if _, err := runNoop(ctx, sweep.Values{"fail": "error"}, 0, attempt); err == nil || !strings.Contains(err.Error(), "task.fail: error") {
			t.Errorf("attempt %d: %v", attempt, err)
		}
	}
}

func TestNoopWaitsForItsContext(t *testing.T) {
	reason := errors.New("the agent leaves")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	if _, err := runNoop(ctx, sweep.Values{"seconds": 1e6}, 0, 1); !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
}

// A noop that takes its process with it, in a process of its own.
func TestNoopEndsItsProcess(t *testing.T) {
	const variable = "NEUROSWEEP_NOOP_FAILS"
	if how := os.Getenv(variable); how != "" {
		_, err := runNoop(context.Background(), sweep.Values{"fail": how}, 0, 1)
		t.Fatalf("came back: %v", err)
	}
	for how, want := range map[string]string{"exit": "exit status 1", "kill": "signal: killed"} {
		child := exec.Command(os.Args[0], "-test.run=^TestNoopEndsItsProcess$")
		child.Env = append(os.Environ(), variable+"="+how)
		out, err := child.CombinedOutput()
		if err == nil || err.Error() != want || strings.Contains(string(out), "came back") {
			t.Errorf("%s: %v, want %s\n%s", how, err, want, out)
		}
	}
}
