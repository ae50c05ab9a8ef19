package main

import (
	"errors"
	"testing"
)

// A folder in which no file can be made is the user's to solve, whoever the user is: nobody can make one in /proc.
func TestUnwritableFolder(t *testing.T) {
	var coded *exitError
	if err := writable("/proc"); !errors.As(err, &coded) || coded.code != exitUsage {
		t.Errorf("/proc: %v, want exit code %d", err, exitUsage)
	}
	if err := writable(t.TempDir()); err != nil {
		t.Error(err)
	}
}
