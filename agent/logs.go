package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// A LogLine is what an attempt, or the agent itself, has printed.
type LogLine struct {
	Time    time.Time     `json:"time"`
	Agent   string        `json:"agent"`
	Trial   sweep.TrialID `json:"trial,omitempty"` // "": the agent, or a slot between two trials
	Attempt int           `json:"attempt,omitempty"`
	Text    string        `json:"text"`
}

const logSuffix = ".log"

// A logFile is the log of one agent: frames, each a line with the trial that it belongs to. Its methods may be called from several goroutines.
type logFile struct {
	mu          sync.Mutex
	log         *durable.Log
	agent       string
	incarnation sweep.Incarnation
	full        bool // the disk was: what is printed now is lost, and is no reason to stop
}

func createLog(dir string, i sweep.Incarnation, agent string) (*logFile, error) {
	log, err := durable.CreateLog(filepath.Join(dir, sweep.LogDir, string(i)+logSuffix), 0o664)
	if err != nil {
		return nil, err
	}
	return &logFile{log: log, agent: agent, incarnation: i}, nil
}

// print appends a line. Lines are not synced one by one.
func (l *logFile) print(h sweep.Hold, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	frame, err := json.Marshal(LogLine{time.Now().UTC(), l.agent, h.Trial, h.Attempt, text})
	if err == nil {
		err = l.log.Append(frame)
	}
	l.full = err != nil
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.log.Sync(), l.log.Close())
}

// ReadTrialLog yields what all attempts at a trial have printed, in the order of time. A log whose end is torn is read up to there.
func ReadTrialLog(dir string, trial sweep.TrialID) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		lines, err := trialLines(dir, trial)
		if err != nil {
			yield(LogLine{}, err)
			return
		}
		for _, line := range lines {
			if !yield(line, nil) {
				return
			}
		}
	}
}

func trialLines(dir string, trial sweep.TrialID) ([]LogLine, error) {
	return FollowTrialLog(dir, trial).Next()
}

// A LogFollower reads on in the logs of a trial.
type LogFollower struct {
	dir   string
	trial sweep.TrialID
	read  map[string]int64 // positions, by file
}

// FollowTrialLog begins before the first line.
func FollowTrialLog(dir string, trial sweep.TrialID) *LogFollower {
	return &LogFollower{dir, trial, map[string]int64{}}
}

// Next are the lines since the last call, of all attempts, in the order of time. A log whose end is torn is read up to there, for now.
func (f *LogFollower) Next() ([]LogLine, error) {
	dir, trial := f.dir, f.trial
	entries, err := os.ReadDir(filepath.Join(dir, sweep.LogDir))
	if err != nil {
		return nil, fmt.Errorf("read the logs: %w", err)
	}
	var lines []LogLine
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), logSuffix) {
			continue
		}
		path := filepath.Join(dir, sweep.LogDir, e.Name())
		position, err := durable.ReadLog(path, f.read[path], func(payload []byte, _ int64) error {
			if !bytes.Contains(payload, []byte(trial)) {
				return nil
			}
			var line LogLine
			if err := json.Unmarshal(payload, &line); err != nil {
				return fmt.Errorf("log %s holds something else than a line: %w", path, err)
			}
			if line.Trial == trial {
				lines = append(lines, line)
			}
			return nil
		})
		var torn *durable.TornError
		if err != nil && !errors.As(err, &torn) {
			return nil, err
		}
		f.read[path] = position
	}
	slices.SortStableFunc(lines, func(a, b LogLine) int { return a.Time.Compare(b.Time) })
	return lines, nil
}
