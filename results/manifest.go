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

// SchemaVersion is the version of a dataset that this program writes. It reads no newer one.
const SchemaVersion = 1

// A manifest names everything that a dataset consists of at one moment. Manifests are numbered, control/manifest-N.json, and published by
// link(2): of two controllers that want to write number N, one fails. The newest one counts.
type manifest struct {
	Schema     int               `json:"schema"`
	Number     int               `json:"number"`
	Term       int               `json:"term"`
	Generation string            `json:"generation"`       // folder under .gen with the tables and the state
	Tables     map[string][]part `json:"tables"`           // in the order of reading
	State      part              `json:"state"`            // snapshot of the State at Log
	Log        position          `json:"log"`              // where what is not in the tables begins
	Digest     string            `json:"digest,omitempty"` // of the finished dataset (Writer.Finish)
}

// A part is one file of a generation.
type part struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"` // SHA-256, hexadecimal
}

// A position is a place in the logs of a sweep: a file under wal and a byte in it.
type position struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
}

const manifestPrefix = "manifest-"

func manifestPath(dir string, number int) string {
	return filepath.Join(dir, sweep.ControlDir, fmt.Sprintf("%s%d.json", manifestPrefix, number))
}

// manifestNumbers lists the manifests of a sweep, ascending.
func manifestNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sweep.ControlDir))
	if err != nil {
		return nil, fmt.Errorf("look for the manifest of %s: %w", dir, err)
	}
	var numbers []int
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), manifestPrefix)
		if n, err := strconv.Atoi(strings.TrimSuffix(name, ".json")); ok && err == nil && strings.HasSuffix(name, ".json") {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// newestManifest reads the manifest that counts.
func newestManifest(dir string) (*manifest, error) {
	numbers, err := manifestNumbers(dir)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("%s holds no dataset: control has no manifest", dir)
	}
	return readManifest(manifestPath(dir, numbers[len(numbers)-1]))
}

func readManifest(path string) (*manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("manifest %s is damaged: %w", path, err)
	}
	if m.Schema != SchemaVersion {
		return nil, &SchemaError{Path: path, Version: m.Schema}
	}
	return &m, nil
}

// A SchemaError says that another version of this program wrote a dataset.
type SchemaError struct {
	Path    string
	Version int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s: the dataset has schema version %d, this program reads version %d; use the program that wrote it, or a newer one", e.Path, e.Version, SchemaVersion)
}

// publish makes m the newest manifest.
func (m *manifest) publish(dir string) error {
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	path := manifestPath(dir, m.Number)
	err = durable.Publish(path, append(text, '\n'), 0o664)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: another controller has taken over the sweep, and this one must end: %w", path, err)
	}
	return err
}

// paths are the parts of a table, absolute.
func (m *manifest) paths(dir, table string) []string {
	var paths []string
	for _, p := range m.Tables[table] {
		paths = append(paths, filepath.Join(dir, sweep.GenDir, m.Generation, table, p.Name))
	}
	return paths
}

// statePath is the snapshot of the state.
func (m *manifest) statePath(dir string) string {
	return filepath.Join(dir, sweep.GenDir, m.Generation, m.State.Name)
}

// link points DIR/<table> at the generation of m, a table at a time, each by one rename.
func (m *manifest) link(dir string) error {
	for _, table := range sweep.Tables {
		target := filepath.Join(sweep.GenDir, m.Generation, table)
		name := filepath.Join(dir, table)
		if now, err := os.Readlink(name); err == nil && now == target {
			continue
		}
		tmp := filepath.Join(dir, "."+table+".tmp")
		if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(target, tmp); err != nil {
			return fmt.Errorf("link table %s: %w", table, err)
		}
		if err := os.Rename(tmp, name); err != nil {
			return fmt.Errorf("link table %s: %w", table, err)
		}
	}
	return durable.SyncDir(dir)
}
