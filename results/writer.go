package results

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// WriterOptions configure a Writer.
type WriterOptions struct {
	Log zerolog.Logger
	// Now is the clock by which old generations are removed; nil: time.Now. Nothing that is stored depends on it.
	Now func() time.Time
}

// A Writer is the only one that changes a dataset: the controller of a term. What it is given it appends to the log; Sync makes that durable,
// Flush turns it into Parquet. Append, Sync and State belong to one goroutine; Flush may run in another at the same time.
type Writer struct {
	dir     string
	term    int
	options WriterOptions

	mu       sync.Mutex // of everything below
	state    *State
	log      *durable.Log
	logs     int      // of this term
	buffered [][]byte // frames that are not written yet
	rows     Rows     // of entries behind the manifest's log position
	entries  int      // such entries
	manifest *manifest

	flushing sync.Mutex // held by Flush and Finish
}

// rotateAt is the size of a log, in bytes, at which the next flush begins a new one.
const rotateAt = 16 << 20

// OpenWriter opens the dataset in dir for the controller of a term: it reads the newest manifest, folds in the logs of earlier terms from where that
// stands, and begins a log of its own. The earlier logs are then not needed any more, whatever their last bytes are.
func OpenWriter(dir string, term int, spec *sweep.Spec, options WriterOptions) (*Writer, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	m, err := newestManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Term >= term {
		return nil, fmt.Errorf("open %s for term %d: term %d has written it already", dir, term, m.Term)
	}
	if err := m.link(dir); err != nil {
		return nil, err
	}
	state, err := loadState(dir, m, spec)
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, term: term, options: options, state: state, manifest: m}
	if w.rows, w.entries, err = replay(dir, m.Log, state); err != nil {
		return nil, err
	}
	if err := w.rotate(); err != nil {
		return nil, err
	}
	// From here on the manifest must point into our log: a torn tail of an older one would not be the newest log's any more.
	if err := w.flush(context.Background(), true); err != nil {
		return nil, errors.Join(err, w.log.Close())
	}
	return w, nil
}

// rotate begins the next log of the term.
func (w *Writer) rotate() error {
	w.logs++
	log, err := durable.CreateLog(filepath.Join(w.dir, sweep.WALDir, logName{w.term, w.logs}.String()), 0o664)
	if err != nil {
		return err
	}
	if w.log != nil {
		err = w.log.Close()
	}
	w.log = log
	return err
}

// State is what the log comes to, entries that are not durable yet included.
func (w *Writer) State() *State { return w.state }

// HighWater, Complete and Newest are those of the State.
func (w *Writer) HighWater(i sweep.Incarnation) uint64 { return w.state.HighWater(i) }

// Complete tells whether all that a trial must deliver is there.
func (w *Writer) Complete(id sweep.TrialID, reached int) bool { return w.state.Complete(id, reached) }

// Newest is the update of a trial's newest checkpoint; -1: it has none.
func (w *Writer) Newest(id sweep.TrialID) int { return w.state.Newest(id) }

// Append folds entries into the state and buffers them for the log. An entry without a time gets the present one. They are durable after Sync.
func (w *Writer) Append(entries ...Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range entries {
		if e.Time.IsZero() {
			e.Time = w.options.Now().UTC()
		}
		frame, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write a log entry: %w", err)
		}
		rows, err := w.state.Apply(e)
		if err != nil {
			return fmt.Errorf("append to the log of %s: %w", w.dir, err)
		}
		w.buffered = append(w.buffered, frame)
		w.rows.add(rows)
		w.entries++
	}
	return nil
}

// Pending is how many rows a Flush would turn into Parquet.
func (w *Writer) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rows.count()
}

// Sync makes all appended entries durable: one write and one fsync. After an error (a full disk, say) it may be tried again: nothing is lost as long as
// the Writer lives.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sync()
}

func (w *Writer) sync() error {
	if len(w.buffered) == 0 {
		return nil
	}
	if err := w.log.Append(w.buffered...); err != nil {
		return err
	}
	w.buffered = nil
	if err := w.log.Sync(); err != nil {
		return fmt.Errorf("sync log %s: %w", w.log.Name(), err)
	}
	return nil
}

// Flush turns the rows of the log into Parquet parts and publishes a manifest that names them, with the log's position. ctx can only keep it from beginning.
// After an error the dataset is as it was, and Flush may be tried again; only where another controller has published its manifest is it final.
func (w *Writer) Flush(ctx context.Context) error { return w.flush(ctx, false) }

func (w *Writer) flush(ctx context.Context, always bool) error {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m, c, rows, err := w.cut(always)
	if m == nil || err != nil {
		return err
	}
	if err := writeGeneration(w.dir, m, w.manifest, c, rows); err != nil {
		w.restore(rows)
		return err
	}
	if d := m.digest(); d == w.manifest.Digest {
		m.Digest = d // what was added is in events and timings alone
	}
	return w.install(m, rows)
}

// cut takes the rows to be flushed and the state as it is at this moment, and makes the manifest for them; nil where there is nothing new.
func (w *Writer) cut(always bool) (*manifest, captured, Rows, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.entries == 0 && !always {
		return nil, captured{}, Rows{}, nil
	}
	if err := w.sync(); err != nil {
		return nil, captured{}, Rows{}, err
	}
	if w.log.Size() > rotateAt {
		if err := w.rotate(); err != nil {
			return nil, captured{}, Rows{}, err
		}
	}
	number := w.manifest.Number + 1
	m := &manifest{
		Schema: SchemaVersion, Number: number, Term: w.term, Generation: fmt.Sprintf("%d-%d", number, w.term),
		Log: position{filepath.Base(w.log.Name()), w.log.Size()},
	}
	rows := w.rows
	w.rows, w.entries = Rows{}, 0
	return m, w.state.capture(), rows, nil
}

// restore puts rows back that could not be flushed.
func (w *Writer) restore(rows Rows) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows.add(w.rows)
	w.rows = rows
	w.entries++
}

// install makes a generation the one that counts.
func (w *Writer) install(m *manifest, rows Rows) error {
	if err := m.publish(w.dir); err != nil {
		w.restore(rows)
		return err
	}
	w.mu.Lock()
	w.manifest = m
	w.mu.Unlock()
	if err := m.link(w.dir); err != nil {
		return err
	}
	return w.tidy(m)
}

// tidy removes what is not needed any more: old generations, and logs that lie before the manifest's position.
func (w *Writer) tidy(m *manifest) error {
	if err := removeOld(w.dir, m, w.options.Now()); err != nil {
		return fmt.Errorf("remove old generations: %w", err)
	}
	first, _ := parseLogName(m.Log.File)
	logs, err := logsFrom(w.dir, position{})
	if err != nil {
		return err
	}
	for _, l := range logs {
		if l.compare(first) >= 0 {
			continue
		}
		if err := os.Remove(filepath.Join(w.dir, sweep.WALDir, l.String())); err != nil {
			return fmt.Errorf("remove a log that is in the tables: %w", err)
		}
	}
	return nil
}

// Close syncs and closes the log. What was not flushed stays there, for the next controller.
func (w *Writer) Close() error {
	err := w.Sync()
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(err, w.log.Close())
}
