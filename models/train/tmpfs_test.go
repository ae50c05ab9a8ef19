//go:build tmpfs

package train

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"neurosweep/models"
	"neurosweep/sweep"
)

// A disk of every size from nothing to enough: the attempt ends as disk, what lies under a final name is whole, and on a larger disk the
// trial goes on to the same rows and files.
func TestSmallDisk(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, tree := complete(t, j)
	for pages := 3; ; pages++ {
		small := j
		small.Dir = t.TempDir()
		if err := unix.Mount("tmpfs", small.Dir, "tmpfs", 0, fmt.Sprintf("size=%dk", 4*pages)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(small.Dir, 0); err != nil {
				t.Error(err)
			}
		})
		rows := newLedger(t)
		_, err := Run(context.Background(), small, rows.report)
		if err == nil {
			if pages < 6 {
				t.Errorf("%d pages were enough: the disk was never full", pages)
			}
			return
		}
		if Classify(err) != sweep.CauseDisk || !strings.Contains(err.Error(), small.Dir) {
			t.Fatalf("%d pages: %v", pages, err)
		}
		checkWhole(t, small.Dir)
		if err := unix.Mount("tmpfs", small.Dir, "tmpfs", unix.MS_REMOUNT, "size=1m"); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), small, rows.report); err != nil || rows.String() != want.String() || files(t, small.Dir) != tree {
			t.Fatalf("%d pages, then more: error %v, rows\n%swant\n%sfiles\n%swant\n%s", pages, err, rows, want, files(t, small.Dir), tree)
		}
	}
}

// checkWhole reads every checkpoint in a folder, and finds nothing half written.
func checkWhole(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".safetensors":
			_, err = models.ReadCheckpoint(path)
		case ".tmp":
			err = fmt.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
