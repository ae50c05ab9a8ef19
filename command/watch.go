package command

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// How often files are looked at while a program runs, and how many files of its folder at most.
const (
	watchEvery = time.Second
	maxWatched = 20_000
)

// A watch follows the files by which a program reports: its lines of JSON, and TensorBoard's event files anywhere in the trial's folder. It also sees to it that
// what was recorded is reported.
type watch struct {
	folder string
	lines  string // path of the file of lines
	rec    *recorder

	mu      sync.Mutex
	timer   *time.Timer
	ended   bool
	offset  int64 // in the file of lines
	partial []byte
	events  map[string]*eventFile
	old     map[string]bool // event files of earlier attempts
}

func newWatch(folder string, attempt int, rec *recorder) *watch {
	w := &watch{folder: folder, lines: filepath.Join(folder, metricsName(attempt)), rec: rec, events: map[string]*eventFile{}}
	if attempt > 1 {
		w.old = map[string]bool{}
		w.each(func(path string) { w.old[path] = true })
		_ = os.Remove(w.lines) // of an attempt with the same number that was never begun in the books
	}
	return w
}

// begin looks at the files from now on.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(watchEvery, w.tick)
}

func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.look()
	w.rec.mu.Lock()
	w.rec.flush()
	w.rec.mu.Unlock()
	w.timer.Reset(watchEvery)
}

// end looks at the files, if there are any, for the last time: the program has ended.
func (w *watch) end(files bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
	if files {
		w.look()
	}
	if len(w.partial) > 0 {
		w.rec.lines([][]byte{w.partial})
	}
}

// look reads what the files have got since.
func (w *watch) look() {
	w.readLines()
	w.each(func(path string) {
		if w.old[path] {
			return
		}
		e := w.events[path]
		if e == nil {
			e = &eventFile{path: path, prefix: eventPrefix(w.folder, path)}
			w.events[path] = e
		}
		e.read(w.rec)
	})
}

// readLines reads whole lines that were added to the file of lines.
func (w *watch) readLines() {
	f, err := os.Open(w.lines)
	if err != nil {
		return // there need not be one
	}
	defer f.Close()
	added, err := io.ReadAll(io.NewSectionReader(f, w.offset, 1<<40))
	if err != nil {
		return // it is tried again
	}
	w.offset += int64(len(added))
	w.partial = append([]byte(nil), passLines(append(w.partial, added...), w.rec.lines)...)
}

// each visits the event files.
func (w *watch) each(visit func(path string)) {
	left := maxWatched
	_ = filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if left--; err != nil || left < 0 {
			return fs.SkipAll // what cannot be read now may be read the next time
		}
		if d.Type().IsRegular() && strings.Contains(d.Name(), "tfevents") {
			visit(path)
		}
		return nil
	})
}
