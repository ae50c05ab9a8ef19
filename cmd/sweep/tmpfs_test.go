//go:build tmpfs

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const smallSpec = `name: small
method: grid
task: delay_comparison
model: {name: leaky_rnn, hidden: 8}
train: {updates: 8, batch: 2, length: 40}
seeds: 2
parameters: {train.lr: {values: [1e-3, 1e-2]}}
evaluate: {seq100: {batches: 1, seed: 1000}}
checkpoints: {every: 2}
select: {metric: accuracy, condition: seq100, goal: maximize}
retries: 0
`

// sweepCommand runs the program and returns its exit code and what it has said.
func sweepCommand(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	text, err := exec.Command("sweep", args...).CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	if exited != nil {
		return exited.ExitCode(), string(text)
	}
	return 0, string(text)
}

// TestFullDisk runs a sweep on disks that fill up somewhere, each a little later: the program says so, loses nothing, and goes on when there is room.
func TestFullDisk(t *testing.T) {
	spec := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(spec, []byte(smallSpec), 0o666); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(t.TempDir(), "want")
	if code, output := sweepCommand(t, "run", spec, "--dir", want, "--agents", "1"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, output)
	}
	full := 0
	for kib := 120; kib <= 360; kib += 40 {
		disk := t.TempDir()
		if err := unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(disk, 0); err != nil {
				t.Error(err)
			}
		})
		dir := filepath.Join(disk, "sweep")
		process := exec.Command("sweep", "run", spec, "--dir", dir, "--agents", "1")
		var output strings.Builder
		process.Stdout, process.Stderr = &output, &output
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- process.Wait() }()
		if waitFull(t, disk, ended) {
			full++
		}
		if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, "size=16m"); err != nil {
			t.Fatal(err)
		}
		finish(t, kib, spec, dir, ended, &output)
		if code, output := sweepCommand(t, "equal", want, dir); code != 0 {
			t.Errorf("%d KiB: %s", kib, output)
		}
		if code, output := sweepCommand(t, "verify", dir); code != 0 {
			t.Errorf("%d KiB: %s", kib, output)
		}
	}
	if full == 0 {
		t.Error("no disk was full")
	}
}

// waitFull waits until the disk has no page left, or the sweep has ended; true: it was full.
func waitFull(t *testing.T, disk string, ended chan error) bool {
	t.Helper()
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(disk, &s); err != nil {
			t.Fatal(err)
		}
		if s.Bfree == 0 {
			return true
		}
		select {
		case err := <-ended:
			ended <- err
			return false
		default:
		}
	}
}

// finish waits for the sweep's end. One that ended for want of space has said so, and is gone on with until it has ended.
func finish(t *testing.T, kib int, spec, dir string, ended chan error, output *strings.Builder) {
	t.Helper()
	err := <-ended
	if err == nil {
		return
	}
	if !strings.Contains(output.String(), "no space left on device") {
		t.Fatalf("%d KiB: %v\n%s", kib, err, output)
	}
	if code, output := sweepCommand(t, "run", spec, "--dir", dir, "--agents", "1"); code != 0 {
		t.Fatalf("%d KiB, then more: exit code %d\n%s", kib, code, output)
	}
}
