package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"neurosweep/sweep"
)

// maxOpens is how often Open tries again when the writer has replaced the manifest under it.
const maxOpens = 20

// Open reads a snapshot of the dataset of the sweep in dir, beside a live controller or without one: parts, and what is in the log.
func Open(dir string, cat *sweep.Catalog) (*Dataset, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, sweep.SpecFile)
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("open the sweep in %s: %w", dir, err)
	}
	m, err := newestManifest(dir)
	if err != nil {
		return nil, err
	}
	spec, err := sweep.Parse(name, text, nil, cat)
	if err != nil {
		return nil, fmt.Errorf("the frozen spec cannot be read by this program: %w", err)
	}
	for range maxOpens {
		d, err := open(dir, spec, m)
		if err == nil {
			return d, nil
		}
		newer, manifestErr := newestManifest(dir)
		if manifestErr != nil || newer.Number == m.Number || !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, manifestErr)
		}
		m = newer
	}
	return nil, fmt.Errorf("open the sweep in %s: its controller replaced the manifest %d times meanwhile", dir, maxOpens)
}

func open(dir string, spec *sweep.Spec, m *manifest) (*Dataset, error) {
	state, err := loadState(dir, m, spec)
	if err != nil {
		return nil, err
	}
	tail, _, err := replay(dir, m.Log, state)
	if err != nil {
		return nil, err
	}
	d := &Dataset{dir: dir, spec: spec, plan: state.planned(), parts: map[string][]string{}, tail: tail, state: state, digest: m.Digest,
		trials: state.trialRows(), checkpoints: state.checkpointRows()}
	for _, table := range appended {
		d.parts[table] = m.paths(dir, table)
	}
	return d, nil
}

// SweepState is the state of the sweep: running, paused, stopped or ended; waiting before its first controller.
func (d *Dataset) SweepState() string {
	if d.state == nil || d.state.state == "" {
		return "waiting"
	}
	return d.state.state
}

// Agents is how many agents have joined the newest controller, and not left.
func (d *Dataset) Agents() int {
	if d.state == nil {
		return 0
	}
	return d.state.Agents()
}

// Quarantined lists the nodes that get no trial any more, by name.
func (d *Dataset) Quarantined() []Quarantine {
	if d.state == nil {
		return []Quarantine{}
	}
	return d.state.Quarantined()
}

// Digest is the digest of the finished dataset; "" before.
func (d *Dataset) Digest() string { return d.digest }

// runningTrials counts the trials with an attempt that has not ended.
func (d *Dataset) runningTrials() int {
	n := 0
	if d.state != nil {
		for t := range d.state.Trials {
			if t.Running() != nil {
				n++
			}
		}
	}
	return n
}

// specMetrics are the metrics of a condition as the spec declares them.
func specMetrics(s *sweep.Spec, condition string) []string { return s.Metrics(condition) }
