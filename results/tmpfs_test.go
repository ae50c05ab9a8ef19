//go:build tmpfs

package results

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestFullDisk runs a sweep on disks of many sizes: a log or a part that does not fit is an error that names it, nothing that was committed is lost, and with
// more room the same Writer, or the next one, goes on.
func TestFullDisk(t *testing.T) {
	whole, spec, plan := toy(t)
	entries := toyEntries(plan, 4)
	want, _ := finished(t, openToy(t, whole, 1, spec), whole, entries)
	full := 0
	for kib := 140; kib < 400; kib += 26 {
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		if err := Create(dir, spec, plan); err != nil {
			checkFull(t, err)
			full++
			continue
		}
		w, err := OpenWriter(dir, 1, spec, WriterOptions{})
		if err != nil {
			checkFull(t, err)
			full++
			continue
		}
		for i, e := range entries {
			err := errors.Join(w.Append(e), w.Sync())
			if err == nil && i%5 == 0 {
				err = w.Flush(context.Background())
			}
			if err == nil {
				continue
			}
			checkFull(t, err)
			full++
			before := rowsIn(t, dir)
			if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=8m"); err != nil {
				t.Fatal(err)
			}
			if after := rowsIn(t, dir); !cmp.Equal(before, after, sameValues) {
				t.Errorf("%d KiB: more room has changed the rows", kib)
			}
		}
		if got, _ := finished(t, w, dir, nil); got != want {
			t.Errorf("%d KiB: the finished tables differ", kib)
		}
	}
	if full < 5 {
		t.Errorf("the disk was full %d times only", full)
	}
}

func checkFull(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/") {
		t.Fatalf("a full disk: %v", err)
	}
}
