package command

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// copies are the checkpoints of one trial, as the sweep keeps them: the program may do with its own files what it likes.
type copies struct {
	dir    string // the sweep's folder
	trial  sweep.TrialID
	folder string // the trial's: paths are relative to it
	newest int    // update of the newest one that this attempt has reported
}

func (c *copies) weights() string { return filepath.Join(c.dir, sweep.WeightsDir, string(c.trial)) }

// resume finds the checkpoint from which an attempt goes on, and removes newer ones: they were never committed. "": there is none.
func (c *copies) resume(update int) (string, error) {
	entries, err := os.ReadDir(c.weights())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("look for checkpoints: %w", err)
	}
	found := ""
	for _, e := range entries {
		stem, _, _ := strings.Cut(e.Name(), ".")
		n, err := strconv.Atoi(strings.TrimPrefix(stem, "u"))
		path := filepath.Join(c.weights(), e.Name())
		switch {
		case err != nil || n < update:
		case n == update && update > 0 && !strings.HasSuffix(path, ".tmp"):
			found = path
		default:
			if err := os.Remove(path); err != nil {
				return "", err
			}
		}
	}
	if update > 0 && found == "" {
		return "", fmt.Errorf("the checkpoint of update %d is not in %s any more", update, c.weights())
	}
	return found, nil
}

// take copies a file that the program has written, durably, and describes the copy.
func (c *copies) take(update int, name string) (results.Checkpoint, error) {
	from := name
	if !filepath.IsAbs(from) {
		from = filepath.Join(c.folder, name)
	}
	relative := sweep.CopyPath(c.trial, update, name)
	to := filepath.Join(c.dir, filepath.FromSlash(relative))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return results.Checkpoint{}, err
	}
	digest, bytes, err := copyFile(from, to+".tmp")
	if err != nil {
		return results.Checkpoint{}, errors.Join(err, removeIfThere(to+".tmp"))
	}
	if err := os.Rename(to+".tmp", to); err != nil {
		return results.Checkpoint{}, err
	}
	if err := durable.SyncDir(filepath.Dir(to)); err != nil {
		return results.Checkpoint{}, err
	}
	c.newest = update
	return results.Checkpoint{Update: update, Path: relative, Digest: digest, Bytes: bytes}, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyFile copies a file, syncs the copy, and makes sure that the program did not change it meanwhile.
func copyFile(from, to string) (digest string, bytes int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return "", 0, err
	}
	if !before.Mode().IsRegular() {
		return "", 0, fmt.Errorf("%s is no file: a checkpoint is one", from)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	bytes, err = io.Copy(io.MultiWriter(out, h), in)
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return "", 0, err
	}
	after, err := in.Stat()
	if err == nil && (after.Size() != bytes || !after.ModTime().Equal(before.ModTime())) {
		err = fmt.Errorf("%s was changed while it was copied: report it when it is complete, and write the next one under another name", from)
	}
	return hex.EncodeToString(h.Sum(nil)), bytes, err
}
