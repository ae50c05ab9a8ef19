package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/results"
	"neurosweep/sweep"
)

var errKilled = errors.New("killed")

// steps counts the durable steps of attempts (state written, weights published, file removed, report spooled) and stops one of them, before or after its effect.
type steps struct {
	n, kill int // kill at step number kill, from 1; 0: never
	after   bool
	err     error
}

func (s *steps) do(effect func() error) error {
	s.n++
	if s.n != s.kill {
		return effect()
	}
	if s.after {
		if err := effect(); err != nil {
			return err
		}
	}
	return s.err
}

func (s *steps) disk() disk {
	return disk{
		write: func(path string, data []byte) error { return s.do(func() error { return realDisk.write(path, data) }) },
		publish: func(path string, data []byte) error {
			return s.do(func() error { return realDisk.publish(path, data) })
		},
		remove: func(path string) error { return s.do(func() error { return realDisk.remove(path) }) },
	}
}

func (s *steps) reporter(l *ledger) Reporter {
	return func(r results.TrialReport) error { return s.do(func() error { return l.report(r) }) }
}

// Killed before or after every durable step, alone and then once more in the next attempt, a trial ends with the same rows and the same files.
func TestKilledBetweenAllSteps(t *testing.T) {
	for _, keep := range []string{"all", "best"} {
		j := job(t, edit(t, tiny, "keep: all", "keep: "+keep), 4)
		j.Committed = func(int) bool { return true }
		_, want, tree := complete(t, j)
		count := &steps{}
		probe := j
		probe.Dir = t.TempDir()
		if _, err := runOn(context.Background(), probe, count.reporter(newLedger(t)), count.disk()); err != nil {
			t.Fatal(err)
		}
		for kill := 1; kill <= count.n; kill++ {
			for variant := range 4 {
				k := j
				k.Dir = t.TempDir()
				rows := newLedger(t)
				s := &steps{kill: kill, after: variant%2 == 1, err: errKilled}
				if _, err := runOn(context.Background(), k, s.reporter(rows), s.disk()); !errors.Is(err, errKilled) {
					t.Fatalf("keep %s, step %d: error %v", keep, kill, err)
				}
				if variant >= 2 {
					s = &steps{kill: 1 + kill%5, after: variant == 2, err: errKilled}
					if _, err := runOn(context.Background(), k, s.reporter(rows), s.disk()); err != nil && !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
				}
				end, err := Run(context.Background(), k, rows.report)
				if err != nil || end.Cause != sweep.CauseCompleted || end.Detail != "" {
					t.Fatalf("keep %s, killed at step %d, then: %+v, %v", keep, kill, end, err)
				}
				if got := files(t, k.Dir); got != tree || rows.String() != want.String() {
					t.Fatalf("keep %s, killed at step %d (variant %d): files\n%swant\n%srows\n%swant\n%s", keep, kill, variant, got, tree, rows, want)
				}
			}
		}
	}
}

// A countdown is a context that ends, with a cause, when it has been asked so many times.
type countdown struct {
	context.Context
	cancel context.CancelCauseFunc
	cause  error
	left   *int
}

func newCountdown(n int, cause error) countdown {
	ctx, cancel := context.WithCancelCause(context.Background())
	return countdown{ctx, cancel, cause, &n}
}

func (c countdown) Err() error {
	if *c.left--; *c.left <= 0 {
		c.cancel(c.cause)
	}
	return c.Context.Err()
}

// Handed over at every point at which training looks, a trial ends with the same rows and files; a hand-over reports nothing by itself.
func TestHandedOverAnywhere(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, tree := complete(t, j)
	for n := 1; ; n++ {
		k := j
		k.Dir = t.TempDir()
		rows := newLedger(t)
		cause, reason := ErrHandOver, sweep.CausePreempted
		if n%2 == 0 {
			cause, reason = ErrWalltime, sweep.CauseWalltime
		}
		end, err := Run(newCountdown(n, cause), k, rows.report)
		if err != nil {
			t.Fatal(err)
		}
		if end.Cause == sweep.CauseCompleted {
			if n < 10 {
				t.Errorf("only %d points at which the trial could be handed over", n-1)
			}
			return
		}
		state := filepath.Join(k.Dir, sweep.StatePath(k.Trial.ID, end.Update))
		if _, err := os.Stat(state); end.Cause != reason || end.Update > 0 && err != nil {
			t.Errorf("point %d: the end is %+v, its state: %v", n, end, err)
		}
		if end, err = Run(context.Background(), k, rows.report); err != nil || end.Cause != sweep.CauseCompleted {
			t.Fatalf("point %d, then: %+v, %v", n, end, err)
		}
		if files(t, k.Dir) != tree || rows.String() != want.String() {
			t.Fatalf("point %d: rows or files differ:\n%s\nwant\n%s", n, rows, want)
		}
	}
}

// An attempt that gets one or two updates further before it is handed over, again and again: with every optimiser, with schedules, clipping and groups.
func TestHandedOverAllTheTime(t *testing.T) {
	handOverAllTheTime(t, tiny)
	for i, name := range optimizerNames() {
		more := []string{
			"schedule: {kind: cosine, warmup: 2}, clip: 0.5", "schedule: {kind: step, every: 2}, weight_decay: 0.1, no_decay: ['b_*']", "momentum: 0.9, schedule.warmup: 5",
		}[i%3]
		t.Run(name, func(t *testing.T) {
			handOverAllTheTime(t, edit(t, tiny, "optimizer: adam", "optimizer: "+name+", "+more))
		})
	}
}

// A network with noise is trained and evaluated with the same noise, interrupted or not.
func TestNoiseIsContinued(t *testing.T) {
	handOverAllTheTime(t, edit(t, tiny, "name: leaky_rnn", "name: noisy_gru, noise: 0.2"))
}

func handOverAllTheTime(t *testing.T, text string) {
	t.Helper()
	j := job(t, text, 5)
	_, want, tree := complete(t, j)
	j.Dir = t.TempDir()
	rows := newLedger(t)
	for attempt := 1; attempt < 40; attempt++ {
		j.Attempt = attempt
		end, err := Run(newCountdown(4, ErrHandOver), j, rows.report)
		if err != nil {
			t.Fatal(err)
		}
		if end.Cause == sweep.CauseCompleted {
			if attempt < 4 || files(t, j.Dir) != tree || rows.String() != want.String() {
				t.Errorf("after %d attempts rows or files differ", attempt)
			}
			return
		}
		if n := strings.Count(files(t, j.Dir), ".state"); n > 2 {
			t.Errorf("%d states are kept, want at most 2", n)
		}
	}
	t.Error("40 attempts were not enough")
}

func TestCancelledWritesNothing(t *testing.T) {
	j := job(t, edit(t, tiny, "initial: true", "initial: false"), 4)
	rows := newLedger(t)
	end, err := Run(newCountdown(2, errors.New("the user said so")), j, rows.report)
	if err != nil || end.Cause != sweep.CauseCancelled || end.Update != 1 {
		t.Errorf("the end is %+v, error %v", end, err)
	}
	if tree := files(t, j.Dir); tree != "" || len(rows.rows) != 0 {
		t.Errorf("files\n%srows\n%s", tree, rows)
	}
}
