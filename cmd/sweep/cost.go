package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// cost is what a sweep would cost on this machine, from measured updates and evaluations. Null where the method has no end.
type cost struct {
	Threads           int      `json:"threads"`            // of a trial
	TrialsAtATime     int      `json:"trials_at_a_time"`   // on this machine
	MemoryBytes       int64    `json:"memory_bytes"`       // of a process that trains one trial, as planned: the largest of the cells measured
	UpdateSeconds     float64  `json:"update_seconds"`     // one update, data and all: the mean over the cells measured
	CheckpointSeconds float64  `json:"checkpoint_seconds"` // one checkpoint: evaluation on every condition, and writing
	TrialSeconds      float64  `json:"trial_seconds"`      // one trial
	CoreSeconds       *float64 `json:"core_seconds"`       // all trials, times the cores of each
	Cores             int      `json:"cores"`              // of this machine
	Seconds           *float64 `json:"seconds"`            // all trials, on all cores of this machine
	DiskBytes         *int64   `json:"disk_bytes"`         // weights and states at the end, all checkpoints kept
	Measured          int      `json:"measured"`           // cells that were measured

	placement placement
	cells     []float64 // TrialSeconds of each cell measured
}

// maxMeasured is how many cells are measured: half a second each.
const maxMeasured = 6

// estimate measures some of the cells among the trials given, evenly spread, and multiplies. count is nil for a sweep without end.
func estimate(spec *sweep.Spec, trials []sweep.Trial, count *int) (cost, error) {
	c := cost{Cores: runtime.GOMAXPROCS(0)}
	if !spec.Trains() || len(trials) == 0 {
		if count != nil {
			c.CoreSeconds, c.Seconds, c.DiskBytes = new(float64), new(float64), new(int64)
		}
		return c, nil
	}
	var err error
	if c.placement, err = place(spec, trials, count, 0); err != nil {
		return c, err
	}
	c.Threads, c.TrialsAtATime = c.placement.Threads, c.placement.Trials
	checkpoints := len(spec.PlannedCheckpoints(spec.Updates()))
	var bytes float64
	for _, t := range someCells(trials) {
		m, err := train.Measure(spec, t, c.Threads)
		if err != nil {
			return c, fmt.Errorf("measure trial %s for the cost of the plan: %w", t.ID, err)
		}
		c.Measured++
		c.MemoryBytes = max(c.MemoryBytes, m.MemoryBytes)
		c.UpdateSeconds += m.UpdateSeconds
		c.CheckpointSeconds += m.CheckpointSeconds
		seconds := m.BuildSeconds + float64(spec.Updates())*m.UpdateSeconds + float64(checkpoints)*m.CheckpointSeconds
		c.cells = append(c.cells, seconds)
		c.TrialSeconds += seconds
		bytes += float64(checkpoints)*float64(m.CheckpointBytes) + float64(m.StateBytes)
	}
	n := float64(c.Measured)
	c.UpdateSeconds, c.CheckpointSeconds, c.TrialSeconds = c.UpdateSeconds/n, c.CheckpointSeconds/n, c.TrialSeconds/n
	if count != nil {
		all := c.TrialSeconds * float64(*count) * float64(c.Threads)
		wall := c.TrialSeconds * float64(*count) / float64(min(c.TrialsAtATime, max(*count, 1)))
		disk := int64(bytes / n * float64(*count))
		c.CoreSeconds, c.Seconds, c.DiskBytes = &all, &wall, &disk
	}
	return c, nil
}

// someCells picks the first trial of at most maxMeasured cells.
func someCells(trials []sweep.Trial) []sweep.Trial {
	seen := map[sweep.CellID]bool{}
	firsts := slices.DeleteFunc(slices.Clone(trials), func(t sweep.Trial) bool {
		was := seen[t.Cell]
		seen[t.Cell] = true
		return was
	})
	if len(firsts) <= maxMeasured {
		return firsts
	}
	var some []sweep.Trial
	for i := range maxMeasured {
		some = append(some, firsts[i*(len(firsts)-1)/(maxMeasured-1)])
	}
	return some
}

// lines says the cost to people.
func (c cost) lines() []string {
	if c.Measured == 0 {
		return nil
	}
	lines := []string{c.placement.String(), fmt.Sprintf("a trial: %s (%.3g ms an update, %.0f ms a checkpoint with its evaluations; measured on %d cells)",
		duration(c.TrialSeconds), 1e3*c.UpdateSeconds, 1e3*c.CheckpointSeconds, c.Measured)}
	if c.MemoryBytes > 0 {
		lines = append(lines, fmt.Sprintf("memory: %s for each process that trains a trial", size(c.MemoryBytes)))
	}
	if c.Seconds != nil {
		lines = append(lines, fmt.Sprintf("the sweep: about %s on the %d cores of this machine, %s of weights", duration(*c.Seconds), c.Cores, size(*c.DiskBytes)))
	}
	return lines
}

// duration is a span for people: to a tenth of a second below ten, to a second below an hour, else to a minute.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Minute).String()
}

// size is a number of bytes for people.
func size(bytes int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v := float64(bytes)
	i := 0
	for ; v >= 1000 && i < len(units)-1; i++ {
		v /= 1000
	}
	if i == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
