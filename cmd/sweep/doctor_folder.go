package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// A folderTest is what a file system did with files, seen from one machine. Texts are errors; empty ones are good.
type folderTest struct {
	Sync   string  `json:"sync"` // writing and fsync
	Link   string  `json:"link"` // link(2) without replacing
	Rename string  `json:"rename"`
	Took   float64 `json:"took"` // seconds for one fsync
	Free   int64   `json:"free"` // bytes
}

// testFolder does in a folder what sweeps do with their files. Names begin with prefix.
func testFolder(dir, prefix string) (t folderTest) {
	file := func(name string) string { return filepath.Join(dir, prefix+name) }
	for _, name := range []string{"a", "b", "linked"} {
		defer os.Remove(file(name))
	}
	text := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	begin := time.Now()
	t.Sync = text(errors.Join(writeSynced(file("a"), "a"), writeSynced(file("b"), "b"), syncFolder(dir)))
	t.Took = time.Since(begin).Seconds() / 3
	if t.Sync != "" {
		return t
	}
	err := os.Link(file("a"), file("linked"))
	if err == nil {
		if err = os.Link(file("b"), file("linked")); errors.Is(err, fs.ErrExist) {
			err = holds(file("linked"), "a")
		} else {
			err = fmt.Errorf("a second link to the same name gives %v, not an error that the file exists", err)
		}
	}
	t.Link = text(err)
	if err := os.Rename(file("a"), file("b")); err != nil {
		t.Rename = text(err)
	} else {
		t.Rename = text(holds(file("b"), "a"))
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err == nil {
		t.Free = int64(s.Bavail) * s.Bsize
	}
	return t
}

func writeSynced(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func holds(name, want string) error {
	got, err := os.ReadFile(name)
	if err == nil && string(got) != want {
		err = fmt.Errorf("%s holds %q instead of %q", name, got, want)
	}
	return err
}

// roomy is so much space that no check needs to mention it.
const roomy = 1 << 30

// examineFolder checks a folder from this machine.
func examineFolder(d *diagnosis, dir string) {
	own, err := os.MkdirTemp(dir, ".doctor-")
	if err != nil {
		d.add("folder", checkFault, "choose a folder that you can write to", "%v", err)
		return
	}
	defer os.RemoveAll(own)
	report(d, "folder", dir+" from this machine", testFolder(own, ""))
}

// report adds what a test of the folder has shown.
func report(d *diagnosis, check, what string, t folderTest) {
	for _, e := range []struct{ operation, text string }{{"fsync", t.Sync}, {"link without replacing", t.Link}, {"rename", t.Rename}} {
		if e.text != "" {
			d.add(check, checkFault, "sweeps need a POSIX file system; choose another folder", "%s: %s fails: %s", what, e.operation, e.text)
			return
		}
	}
	switch {
	case t.Took > 1:
		d.add(check, checkNote, "results are durable at that pace; a scratch file system may be faster", "%s: fsync, link, rename work; one fsync takes %.1f s", what, t.Took)
	case t.Free > 0 && t.Free < roomy:
		d.add(check, checkNote, "agents pause when the disk is full", "%s: fsync, link, rename work; only %d MB are free", what, t.Free>>20)
	default:
		d.add(check, checkOK, "", "%s: fsync, link, rename work; one fsync takes %.1f ms", what, 1e3*t.Took)
	}
}
