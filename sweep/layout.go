package sweep

import (
	"fmt"
	"path"
)

// Names inside a sweep's folder (docs/protocol.md), relative to it.
const (
	SpecFile   = "sweep.yaml"
	PlanFile   = "plan.parquet"
	BrokerFile = "broker.json"
	WALDir     = "wal"
	SpoolDir   = "spool"
	LogDir     = "logs"
	ControlDir = "control"
	WeightsDir = "weights"
	BinDir     = "bin"
	WorkDir    = "work" // folders of the trials of an external program
	GenDir     = ".gen"
)

// The tables of a sweep's dataset.
const (
	TrialsTable      = "trials"
	CurvesTable      = "curves"
	EvalsTable       = "evals"
	CheckpointsTable = "checkpoints"
	EventsTable      = "events"
	TimingsTable     = "timings"
)

// Tables lists the tables; the first four hold no wall-clock, host, agent or attempt column.
var Tables = []string{TrialsTable, CurvesTable, EvalsTable, CheckpointsTable, EventsTable, TimingsTable}

// WeightsPath is the path of a trial's weights after update updates.
func WeightsPath(trial TrialID, update int) string {
	return path.Join(WeightsDir, string(trial), fmt.Sprintf("u%06d.safetensors", update))
}

// CopyPath is the path of the copy of a file that an external program has reported as its checkpoint after an update: name gives the ending.
func CopyPath(trial TrialID, update int, name string) string {
	return path.Join(WeightsDir, string(trial), fmt.Sprintf("u%06d%s", update, path.Ext(name)))
}

// StatePath is the path of all that resuming a trial after update updates needs.
func StatePath(trial TrialID, update int) string {
	return path.Join(WeightsDir, string(trial), fmt.Sprintf("u%06d.state", update))
}
