package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// localText is a sweep of programs that write down when they begin, and end when they have read a line of the pipe: one agent cannot run two of them.
const localText = `name: join
method: grid
command: [sh, -c, 'date +%%s.%%N >"$NEUROSWEEP_FOLDER/started" && read -r _ <%s']
parameters:
  x: {value: 1}
seeds: %d
`

// onMachine measures agents that join at once.
func onMachine(ctx context.Context, program string, agents int) func(dir string) (time.Duration, error) {
	return func(dir string) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		spec, folder, pipe := filepath.Join(dir, "join.yaml"), filepath.Join(dir, "sweep"), filepath.Join(dir, "go")
		if err := errors.Join(os.WriteFile(spec, fmt.Appendf(nil, localText, pipe, agents), 0o666), unix.Mkfifo(pipe, 0o600)); err != nil {
			return 0, err
		}
		var said bytes.Buffer
		run := exec.CommandContext(ctx, program, "run", spec, "--dir", folder, "--agents", fmt.Sprint(agents))
		run.Stdout, run.Stderr = &said, &said
		run.Cancel = func() error { return run.Process.Signal(syscall.SIGINT) }
		run.WaitDelay = 30 * time.Second
		began := time.Now()
		if err := run.Start(); err != nil {
			return 0, err
		}
		ended := make(chan error, 1)
		go func() { ended <- run.Wait() }()
		last, err := awaitTrials(folder, agents, ended)
		if err != nil {
			return 0, fmt.Errorf("sweep run: %w\n%s", err, said.Bytes())
		}
		gate, err := os.OpenFile(pipe, os.O_RDWR, 0)
		if err != nil {
			return 0, err
		}
		defer gate.Close()
		if _, err := gate.WriteString(strings.Repeat("\n", agents)); err != nil {
			return 0, err
		}
		if err := <-ended; err != nil {
			return 0, fmt.Errorf("sweep run: %w\n%s", err, said.Bytes())
		}
		return last.Sub(began), nil
	}
}

// awaitTrials waits until so many trials have begun, and returns when the last one has.
func awaitTrials(folder string, trials int, ended <-chan error) (last time.Time, err error) {
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for {
		moments, err := begun(folder)
		if err != nil {
			return last, err
		}
		if len(moments) == trials {
			return slices.MaxFunc(moments, time.Time.Compare), nil
		}
		select {
		case err := <-ended:
			return last, fmt.Errorf("it has ended when %d of %d trials had begun: %w", len(moments), trials, err)
		case <-ticks.C:
		}
	}
}
