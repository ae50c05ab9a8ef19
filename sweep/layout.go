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

// StatePath is the path of all that resuming a trial after update updates needs.
func StatePath(trial TrialID, update int) string {
	return path.Join(WeightsDir, string(trial), fmt.Sprintf("u%06d.state", update))
}
