package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"neurosweep/sweep"
)

// folder is the sweep's folder that the arguments name: the first one, or without any the nearest folder upwards
// from the current one that holds a sweep. The path is absolute.
func folder(args []string) (string, error) {
	if len(args) > 0 {
		dir, err := filepath.Abs(args[0])
		if err != nil {
			return "", err
		}
		if !isSweep(dir) {
			return "", usage("%s: this is no sweep's folder: it has no %s", args[0], sweep.SpecFile)
		}
		return dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if isSweep(dir) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", usage("no sweep here: name a sweep's folder, or run this inside one")
		}
		dir = up
	}
}

// folderOf is the sweep's folder that a flag names; "": that around the current one.
func folderOf(flag string) (string, error) {
	if flag == "" {
		return folder(nil)
	}
	return folder([]string{flag})
}

// isSweep tells whether dir was made by sweep run: a frozen spec beside a control folder.
func isSweep(dir string) bool {
	for _, name := range []string{sweep.SpecFile, sweep.ControlDir} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// emptyFolder makes the folder around dir, and refuses a dir that holds something else or cannot be written.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir, err = filepath.Dir(dir), os.MkdirAll(filepath.Dir(dir), 0o777)
		if err != nil {
			return usage("%s: the folder of the sweep cannot be made: %v; choose another with --dir", dir, err)
		}
	case err != nil:
		return usage("%s: the sweep's folder cannot be read: %v; choose another with --dir", dir, err)
	case len(entries) > 0 && !isSweep(dir):
		return usage("%s: this folder is not empty and holds no sweep; choose another with --dir", dir)
	}
	return writable(dir)
}

// writable refuses a folder in which no file can be made.
func writable(dir string) error {
	probe, err := os.CreateTemp(dir, ".probe.*.tmp")
	if err != nil {
		return usage("%s: the sweep's folder cannot be written: %v; choose another with --dir", dir, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}
