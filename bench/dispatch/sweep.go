package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"neurosweep/bench/table"
)

// specText is a sweep of no-op trials; each is evaluated, so that it has a row in trials and one in evals.
const specText = `name: dispatch
method: grid
task: {name: noop, noise: 1}
seeds: %d
parameters:
  task.value: {values: [0]}
evaluate: {value: {}}
select: {metric: value, condition: value, goal: maximize}
`

// commandText is a sweep of an external program that does nothing: each of its trials is a process with captured output.
const commandText = `name: commands
method: grid
command: ["true"]
parameters:
  x: {min: 1, max: %d}
`

// reportText is a sweep of one program that reports a metric so many times, as fast as it can.
const reportText = `name: reports
method: grid
command: [awk, "BEGIN { for (i = 1; i <= %d; i++) printf \"{\\\"update\\\": %%d, \\\"loss\\\": %%.6f}\\n\", i, 1 / i >\"/dev/fd/3\" }"]
parameters:
  x: {value: 1}
`

// rates of one sweep, in trials a second.
type rates struct {
	dispatch float64 // from the first attempt granted to the last one ended
	command  float64 // of the whole command
}

// sweepRate runs one sweep of short trials in a folder of its own.
func sweepRate(program, text string, trials, agents int) (r rates, err error) {
	dir, err := os.MkdirTemp("", "bench-dispatch-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	spec, folder := filepath.Join(dir, "dispatch.yaml"), filepath.Join(dir, "sweep")
	if err := os.WriteFile(spec, fmt.Appendf(nil, text, trials), 0o666); err != nil {
		return r, err
	}
	if program, err = filepath.Abs(program); err != nil {
		return r, err
	}
	start := time.Now()
	if output, err := exec.Command(program, "run", spec, "--dir", folder, "--agents", fmt.Sprint(agents)).CombinedOutput(); err != nil {
		return r, fmt.Errorf("sweep run: %w\n%s", err, output[max(0, len(output)-4000):])
	}
	r.command = float64(trials) / time.Since(start).Seconds()
	started, err := table.Times(folder, "timings", "started")
	if err != nil {
		return r, err
	}
	ended, err := table.Times(folder, "timings", "ended")
	if err != nil {
		return r, err
	}
	if len(started) < trials {
		return r, fmt.Errorf("the table timings has %d attempts at %d trials", len(started), trials)
	}
	span := slices.MaxFunc(ended, time.Time.Compare).Sub(slices.MinFunc(started, time.Time.Compare))
	r.dispatch = float64(trials) / span.Seconds()
	return r, nil
}
