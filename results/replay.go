package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// A logName is the name of a file under wal: number n of a term's logs.
type logName struct{ term, n int }

func (l logName) String() string { return fmt.Sprintf("%d-%d.log", l.term, l.n) }

func parseLogName(name string) (l logName, ok bool) {
	term, n, ok := strings.Cut(strings.TrimSuffix(name, ".log"), "-")
	if !ok || !strings.HasSuffix(name, ".log") {
		return l, false
	}
	var err1, err2 error
	l.term, err1 = strconv.Atoi(term)
	l.n, err2 = strconv.Atoi(n)
	return l, err1 == nil && err2 == nil
}

func (l logName) compare(m logName) int {
	if l.term != m.term {
		return l.term - m.term
	}
	return l.n - m.n
}

// logsFrom lists the logs from a position on, oldest first. The zero position is before all.
func logsFrom(dir string, from position) ([]logName, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sweep.WALDir))
	if err != nil {
		return nil, fmt.Errorf("list the logs: %w", err)
	}
	first, _ := parseLogName(from.File)
	var logs []logName
	for _, e := range entries {
		if l, ok := parseLogName(e.Name()); ok && l.compare(first) >= 0 {
			logs = append(logs, l)
		}
	}
	slices.SortFunc(logs, logName.compare)
	return logs, nil
}

// replay folds the log from a position on into the state and returns the rows that it adds. A torn tail is forgiven in the newest log only: that is
// where a controller was killed, or is writing now.
func replay(dir string, from position, s *State) (rows Rows, entries int, err error) {
	logs, err := logsFrom(dir, from)
	if err != nil {
		return rows, 0, err
	}
	if from.File != "" && (len(logs) == 0 || logs[0].String() != from.File) {
		return rows, 0, fmt.Errorf("the log %s, from which the manifest goes on: %w", filepath.Join(dir, sweep.WALDir, from.File), fs.ErrNotExist)
	}
	for i, l := range logs {
		offset := int64(0)
		if l.String() == from.File {
			offset = from.Offset
		}
		path := filepath.Join(dir, sweep.WALDir, l.String())
		_, err := durable.ReadLog(path, offset, func(payload []byte, _ int64) error {
			var e Entry
			if err := json.Unmarshal(payload, &e); err != nil {
				return fmt.Errorf("log %s holds something else than an entry: %w", path, err)
			}
			more, err := s.Apply(e)
			if err != nil {
				return fmt.Errorf("log %s: %w", path, err)
			}
			entries++
			rows.add(more)
			return nil
		})
		var torn *durable.TornError
		if errors.As(err, &torn) && i == len(logs)-1 {
			err = nil
		}
		if err != nil {
			return rows, entries, err
		}
	}
	return rows, entries, nil
}

// loadState reads the snapshot that a manifest names.
func loadState(dir string, m *manifest, spec *sweep.Spec) (*State, error) {
	path := m.statePath(dir)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := decodeState(spec, m.State.Name, data)
	if err != nil {
		return nil, fmt.Errorf("the snapshot %s is damaged: %w", path, err)
	}
	return s, nil
}
