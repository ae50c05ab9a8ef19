package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"neurosweep/slurm/slurmtest"
)

// errNoCluster: a cluster could not be started here.
var errNoCluster = errors.New("no SLURM cluster")

// clusterText is a sweep of one trial, whose job writes down when its script begins.
const clusterText = `name: join
method: grid
command: [sh, -c, 'date +%%s.%%N >"$NEUROSWEEP_FOLDER/started"']
parameters:
  x: {value: 1}
resources: {time: 10}
setup: date +%%s.%%N >%s
`

// onCluster measures one agent of a cluster, which is started for the first time that it is needed and ends with this process.
func onCluster(ctx context.Context, program string) func(dir string) (time.Duration, error) {
	cluster := sync.OnceValues(func() (*slurmtest.Cluster, error) { return slurmtest.New(slurmtest.Config{Nodes: 1}) })
	return func(dir string) (time.Duration, error) {
		c, err := cluster()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errNoCluster, err)
		}
		spec, folder, first := filepath.Join(dir, "join.yaml"), filepath.Join(dir, "sweep"), filepath.Join(dir, "first")
		if err := os.WriteFile(spec, fmt.Appendf(nil, clusterText, first), 0o666); err != nil {
			return 0, err
		}
		if out, err := c.Command(program, "submit", spec, "--dir", folder, "--agents", "1").CombinedOutput(); err != nil {
			return 0, fmt.Errorf("sweep submit: %w\n%s", err, out)
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		watch := c.Command(program, "status", "--watch", folder)
		stop := context.AfterFunc(ctx, func() { _ = watch.Process.Kill() })
		defer stop()
		if out, err := watch.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("sweep status --watch: %w; %s", err, out)
		}
		began, ok := written(first)
		trials, err := begun(folder)
		if err != nil || !ok || len(trials) != 1 {
			return 0, fmt.Errorf("the sweep has ended, and %d trials of 1 have written down when they began: %w", len(trials), err)
		}
		return trials[0].Sub(began), nil
	}
}
