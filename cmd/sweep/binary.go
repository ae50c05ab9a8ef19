package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// binaryPath is where a sweep keeps the program that runs it: a rebuild does not change agents that wait in a queue.
func binaryPath(dir, digest string) string { return filepath.Join(dir, sweep.BinDir, digest, "sweep") }

// installBinary copies this program into the sweep's folder, once.
func installBinary(dir, digest string) (string, error) {
	path := binaryPath(dir, digest)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("copy this program into the sweep's folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", fmt.Errorf("copy this program into the sweep's folder: %w", err)
	}
	if err := durable.Publish(path, text, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("copy this program into the sweep's folder: %w", err)
	}
	return path, durable.SyncDir(filepath.Join(dir, sweep.BinDir))
}
