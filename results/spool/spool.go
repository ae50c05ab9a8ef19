package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

const suffix = ".log"

// resetAt is the size, in bytes, at which a spool whose reports are all committed is emptied. Below it emptying would cost more than it saves.
const resetAt = 1 << 20

// A Spool is the spool of one living agent. Its methods may be called from several goroutines.
type Spool struct {
	mu        sync.Mutex
	log       *durable.Log
	appended  uint64 // sequence of the last report in the file
	committed uint64
}

func path(dir string, i sweep.Incarnation) string {
	return filepath.Join(dir, sweep.SpoolDir, string(i)+suffix)
}

// Create makes the spool of a new incarnation.
func Create(dir string, i sweep.Incarnation) (*Spool, error) {
	log, err := durable.CreateLog(path(dir, i), 0o664)
	if err != nil {
		return nil, err
	}
	return &Spool{log: log}, nil
}

// Append writes a report, whose sequence follows the last one, syncs the file, and returns what stands there: the report as JSON. After an error (a full disk) nothing of it is in
// the spool, and it may be tried again.
func (s *Spool) Append(r *results.Report) (frame []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Sequence != s.appended+1 {
		return nil, fmt.Errorf("spool %s: report %d does not follow %d", s.log.Name(), r.Sequence, s.appended)
	}
	if frame, err = json.Marshal(r); err != nil {
		return nil, fmt.Errorf("spool %s: %w", s.log.Name(), err)
	}
	if s.committed == s.appended && s.log.Size() > resetAt {
		if err := s.log.Reset(); err != nil {
			return nil, err
		}
	}
	if err := s.log.Append(frame); err != nil {
		return nil, err
	}
	if err := s.log.Sync(); err != nil {
		return nil, err
	}
	s.appended++
	return frame, nil
}

// Committed says that reports up to a sequence are committed.
func (s *Spool) Committed(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed = max(s.committed, min(sequence, s.appended))
}

// Pending yields the reports that are not committed, from the file, as JSON, oldest first. visit must not keep them.
func (s *Spool) Pending(visit func(frame []byte)) error {
	s.mu.Lock()
	name, committed := s.log.Name(), s.committed
	s.mu.Unlock()
	return read(name, committed, func(_ *results.Report, frame []byte) error {
		visit(frame)
		return nil
	})
}

// Done tells whether every report is committed.
func (s *Spool) Done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed == s.appended
}

// Close closes the spool, and removes it where everything is committed. A controller that ends the sweep may have removed it before.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.log.Close()
	if err == nil && s.committed == s.appended {
		if err = os.Remove(s.log.Name()); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return err
}

// Read visits the reports of an incarnation's spool behind a sequence, in order. A spool that does not exist has none. A torn tail is forgiven: its agent may have been
// killed while it wrote, or be writing now.
func Read(dir string, i sweep.Incarnation, after uint64, visit func(*results.Report) error) error {
	err := read(path(dir, i), after, func(r *results.Report, _ []byte) error { return visit(r) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func read(name string, after uint64, visit func(r *results.Report, frame []byte) error) error {
	_, err := durable.ReadLog(name, 0, func(payload []byte, _ int64) error {
		var r results.Report
		if err := json.Unmarshal(payload, &r); err != nil {
			return fmt.Errorf("spool %s holds something else than a report: %w", name, err)
		}
		if r.Sequence <= after {
			return nil
		}
		return visit(&r, payload)
	})
	var torn *durable.TornError
	if errors.As(err, &torn) {
		return nil
	}
	return err
}

// List names the incarnations that have a spool in the sweep's folder.
func List(dir string) ([]sweep.Incarnation, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sweep.SpoolDir))
	if err != nil {
		return nil, fmt.Errorf("list the spools: %w", err)
	}
	var all []sweep.Incarnation
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok {
			all = append(all, sweep.Incarnation(name))
		}
	}
	return all, nil
}

// Remove removes the spool of an incarnation that is gone, when all its reports are committed.
func Remove(dir string, i sweep.Incarnation) error {
	err := os.Remove(path(dir, i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
