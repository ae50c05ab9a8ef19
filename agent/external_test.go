package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"neurosweep/command"
	"neurosweep/results"
	"neurosweep/sweep"
)

// programText is a sweep of a shell command.
func programText(script string) string {
	words, _ := json.Marshal([]string{"sh", "-c", script, "${args}"}) // strings have a JSON
	return fmt.Sprintf("name: program\nmethod: grid\ncommand: %s\nparameters: {x: {values: [1, 2]}}\nmetric: {name: loss}\n", words)
}

// child waits until a script has written the id of its child to a file, and watches that process.
func child(t *testing.T, dir string, id sweep.TrialID) witness {
	t.Helper()
	path := filepath.Join(command.Folder(dir, id), "child")
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.After(patience); ; {
		if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), "\n") {
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			return watch(t, pid)
		}
		select {
		case <-ticks.C:
		case <-deadline:
			t.Fatal("the program does not begin")
		}
	}
}

// lingers has a child that hears no TERM.
const lingers = `trap '' TERM; sleep 1000 & echo $! >child; echo begun; while :; do wait; done`

// What a program reports and prints comes back, each trial's by itself, though many run one after the other.
func TestProgramsReport(t *testing.T) {
	dir, trials := newSweep(t, programText(`echo "out of $NEUROSWEEP_TRIAL"; echo "err of $NEUROSWEEP_TRIAL" >&2; echo '{"loss": 0.5}' >&3; exit $((NEUROSWEEP_ATTEMPT == 2))`))
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials...)
	r := run(t, options(dir, 2))
	for _, trial := range trials {
		if end := d.ended(trial.ID, 1); end.Cause != sweep.CauseCompleted || end.Update != 1 {
			t.Errorf("attempt 1 ended by %s: %s", end.Cause, end.Detail)
		}
	}
	d.give(2, trials...)
	for _, trial := range trials {
		if end := d.ended(trial.ID, 2); end.Cause != sweep.CauseCode || !strings.Contains(end.Detail, "exit code 1: out of "+string(trial.ID)) {
			t.Errorf("attempt 2 ended by %s: %s", end.Cause, end.Detail)
		}
	}
	d.change(func() { d.drain = true })
	if err := r.end(); err != nil {
		t.Error(err)
	}
	var curves, evals int
	for _, report := range d.reports {
		for _, tr := range report.Trials {
			curves += len(tr.Curves)
			evals += len(tr.Evals)
		}
	}
	if curves != 4 || evals != 4 {
		t.Errorf("%d curves and %d evals from four attempts", curves, evals)
	}
	for _, trial := range trials {
		var lines []string
		for line, err := range ReadTrialLog(dir, trial.ID) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%d %s", line.Attempt, line.Text))
		}
		want := []string{"1 out of " + string(trial.ID), "1 err of " + string(trial.ID), "2 out of " + string(trial.ID), "2 err of " + string(trial.ID),
			"2 it ended with exit code 1: out of " + string(trial.ID)}
		if !slices.Equal(lines, want) {
			t.Errorf("the log of a trial is\n%q, want\n%q", lines, want)
		}
	}
}

// Told to hand over, an agent gives its programs a grace, and then ends their groups.
func TestProgramsHandOver(t *testing.T) {
	dir, trials := newSweep(t, programText(lingers))
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	r := run(t, options(dir, 1))
	w := child(t, dir, trials[0].ID)
	r.signals <- syscall.SIGTERM
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CausePreempted {
		t.Errorf("ended by %s: %s", end.Cause, end.Detail)
	}
	w.gone(t)
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

// Whatever dies, slot or agent, takes the programs with their children along.
func TestProgramsDieWithTheirAgent(t *testing.T) {
	t.Run("slot", func(t *testing.T) {
		dir, trials := newSweep(t, programText(lingers))
		d := openDesk(t, dir, 1, books{})
		defer d.close()
		d.give(1, trials[0])
		run(t, options(dir, 1))
		w := child(t, dir, trials[0].ID)
		for _, pid := range childrenOf(t, os.Getpid(), asSlot) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		w.gone(t)
		if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCode {
			t.Errorf("ended by %s: %s", end.Cause, end.Detail)
		}
	})
	t.Run("agent", func(t *testing.T) {
		dir, trials := newSweep(t, programText(lingers))
		d := openDesk(t, dir, 1, books{})
		defer d.close()
		d.give(1, trials[0])
		o := options(dir, 1)
		arguments, err := json.Marshal(map[string]any{"Dir": o.Dir, "Slots": o.Slots, "SlotCommand": o.SlotCommand, "Heartbeat": o.Heartbeat, "Patience": o.Patience, "Grace": o.Grace})
		if err != nil {
			t.Fatal(err)
		}
		agent := exec.Command(os.Args[0], asAgent, string(arguments))
		if err := agent.Start(); err != nil {
			t.Fatal(err)
		}
		w := child(t, dir, trials[0].ID)
		if err := agent.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = agent.Wait() // it was killed
		w.gone(t)
	})
}

// A program that goes on is told from where, and finds its file.
func TestProgramsResume(t *testing.T) {
	dir, trials := newSweep(t, programText(`
if [ -z "$NEUROSWEEP_RESUME" ]; then
	echo state >c; echo '{"checkpoint": {"update": 4, "path": "c"}, "update": 4, "loss": 1}' >&3; exit 1
fi
[ "$(cat $NEUROSWEEP_RESUME) $NEUROSWEEP_RESUME_UPDATE" = "state 4" ] && echo '{"loss": 2}' >&3`))
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	run(t, options(dir, 1))
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCode || end.Update != 4 {
		t.Fatalf("%+v", end)
	}
	d.giveFrom(4, 2, trials[0])
	if end := d.ended(trials[0].ID, 2); end.Cause != sweep.CauseCompleted || end.Update != 5 {
		t.Errorf("%+v", end)
	}
	d.change(func() {
		var last *results.TrialReport
		for _, r := range d.reports {
			for _, tr := range r.Trials {
				if tr.Attempt == 2 && len(tr.Curves) > 0 {
					last = &tr
				}
			}
		}
		if last == nil || last.Curves[0].From != 5 {
			t.Errorf("attempt 2 reported %+v", last)
		}
	})
}
