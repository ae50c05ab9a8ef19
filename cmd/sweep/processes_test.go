package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neurosweep/results"
)

// makeSweep makes the folder of a sweep that nobody has run yet.
func makeSweep(t *testing.T, text string) (dir string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	spec, err := parseSpec(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := openPlan(spec)
	if err != nil {
		t.Fatal(err)
	}
	dir, err = prepareFolder(filepath.Join(t.TempDir(), "sweep"), spec, plan)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// undisturbed is the same sweep, run on this machine.
func undisturbed(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = makeSweep(t, text)
	if out, err := exec.Command("sweep", "resume", dir, "--agents", "4").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// equalSweeps compares, and looks for faults.
func equalSweeps(t *testing.T, a, b string) {
	t.Helper()
	for _, args := range [][]string{{"equal", a, b}, {"verify", b}} {
		if out, err := exec.Command("sweep", args...).CombinedOutput(); err != nil {
			t.Errorf("sweep %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
}

// A process is a command in the background.
type process struct {
	*exec.Cmd
	t    *testing.T
	log  string
	done chan struct{}
}

// launch starts one; it is ended with the test.
func launch(t *testing.T, command ...string) *process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := &process{Cmd: exec.Command(command[0], command[1:]...), t: t, log: log.Name(), done: make(chan struct{})}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // ended looks at the exit code
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
		<-p.done
	})
	return p
}

// ended waits for the process and checks its exit code.
func (p *process) ended(code int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%v still runs: %s", p.Args, p.said())
	}
	if got := p.ProcessState.ExitCode(); got != code {
		p.t.Fatalf("%v: exit code %d, want %d: %s", p.Args, got, code, p.said())
	}
}

func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for !condition() {
		select {
		case <-ticks.C:
		case <-deadline:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// summary is how far a sweep is.
func summary(t *testing.T, dir string) results.Status {
	t.Helper()
	d, err := openDataset(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := results.Summarize(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eventTable is the sweep's events as text, one line each.
func eventTable(t *testing.T, dir string) string {
	t.Helper()
	text, err := exec.Command("sweep", "export", dir, "--table", "events").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
