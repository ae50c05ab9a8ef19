package spool

import (
	"os"
	"path/filepath"
	"testing"

	"neurosweep/sweep"
)

// TestRemovedByTheController closes the spool of an agent that began when the sweep was at its end, and whose controller has removed all spools that have nothing to say: that is no error.
func TestRemovedByTheController(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, sweep.SpoolDir), 0o777); err != nil {
		t.Fatal(err)
	}
	s, err := Create(dir, "late")
	if err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir, "late"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
