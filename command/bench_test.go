package command

import (
	"context"
	"os/exec"
	"runtime"
	"testing"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

// newSpec parses a spec of a program that is looked for in a folder.
func newSpec(t testing.TB, text, source string) *sweep.Spec {
	t.Helper()
	spec, err := sweep.Parse("test.yaml", []byte(text), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	spec.Process.Source = source
	return spec
}

// BenchmarkTrue is one attempt that does nothing, beside the start of the same program by the standard library.
func BenchmarkTrue(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spec := newSpec(b, "command: [\"true\"]\nmethod: grid\nparameters: {x: {value: 1}}\n", b.TempDir())
	r, err := NewRunner(spec, b.TempDir(), Options{Print: func([]string) {}})
	if err != nil {
		b.Fatal(err)
	}
	trial, err := spec.Trial(0, sweep.Values{"x": int64(1)}, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("attempt", func(b *testing.B) {
		for b.Loop() {
			end, err := r.Run(context.Background(), Job{Trial: trial, Attempt: 1}, func(results.TrialReport) error { return nil })
			if err != nil || end.Cause != sweep.CauseCompleted {
				b.Fatal(end, err)
			}
		}
	})
	b.Run("os/exec", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
