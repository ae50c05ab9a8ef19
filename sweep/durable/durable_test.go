package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func frames(t *testing.T, path string, from int64) (payloads []string, end int64, err error) {
	t.Helper()
	end, err = ReadLog(path, from, func(p []byte, _ int64) error {
		payloads = append(payloads, string(p))
		return nil
	})
	return payloads, end, err
}

// TestLogCutAtEveryByte reads a log that ends anywhere: whole frames, and where they end. Every flipped byte is seen.
func TestLogCutAtEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := CreateLog(path, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for i := range 5 {
		if err := errors.Join(l.Append([]byte(strings.Repeat("x", 3*i+1))), l.Sync()); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, l.Size())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, end := range ends {
			if int64(n) >= end {
				want++
			}
		}
		got, end, err := frames(t, path, 0)
		atBoundary := n == HeaderSize || want > 0 && int64(n) == ends[want-1]
		var torn *TornError
		if len(got) != want || errors.As(err, &torn) == atBoundary || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("cut at byte %d: %d frames, want %d; error %v", n, len(got), want, err)
		}
		if want > 0 && end != ends[want-1] {
			t.Errorf("cut at byte %d: the last whole frame ends at %d, want %d", n, end, ends[want-1])
		}
	}
	for n := range whole {
		b := bytes.Clone(whole)
		b[n] ^= 1
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, _, err := frames(t, path, 0); err == nil {
			t.Errorf("byte %d flipped: %d frames and no error", n, len(got))
		}
	}
}

// TestLogPositions reads on from the end of a frame, and empties a log.
func TestLogPositions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := CreateLog(path, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateLog(path, 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a log was created twice: %v", err)
	}
	if err := l.Append([]byte("a"), []byte("b")); err != nil {
		t.Fatal(err)
	}
	at := l.Size()
	if err := l.Append([]byte("c")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := frames(t, path, at); fmt.Sprint(got) != "[c]" || err != nil {
		t.Errorf("behind the second frame: %v, %v", got, err)
	}
	for name, p := range map[string][]byte{"empty": {}, "too large": make([]byte, MaxFrame+1)} {
		if err := l.Append(p); err == nil {
			t.Errorf("%s payload was taken", name)
		}
	}
	if err := errors.Join(l.Reset(), l.Append([]byte("d"))); err != nil {
		t.Fatal(err)
	}
	if got, _, err := frames(t, path, 0); fmt.Sprint(got) != "[d]" || err != nil {
		t.Errorf("after a reset: %v, %v", got, err)
	}
}

// TestForeignLog is named, and not taken for a torn one of ours where it has another version.
func TestForeignLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{"this is something else": "no neurosweep log", "nsweep\x02\x00": "version 2"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := frames(t, path, 0); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPublishNeverReplaces links a file into place, whole, and leaves no temporary one behind.
func TestPublishNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Publish(path, []byte("first"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := Publish(path, []byte("second"), 0o640); !errors.Is(err, fs.ErrExist) {
		t.Errorf("an existing file: %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "first" || err != nil {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if err := Write(path, []byte("third"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := Write(filepath.Join(dir, "absent", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}
