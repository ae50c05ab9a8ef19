package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"neurosweep/results/spool"
	"neurosweep/sweep"
)

const noopText = `name: noops
method: grid
task: {name: noop, noise: 1%s}
seeds: %d
parameters:
  task.value: {values: [0]}
evaluate: {value: {}}
select: {metric: value, condition: value, goal: maximize}
`

// longText has trials that take no time, trials that take a little, and trials that do not end.
const longText = `name: long
method: grid
task: {name: noop, noise: 1}
seeds: 8
parameters:
  task.seconds: {values: [0, 2, 3600]}
evaluate: {value: {}}
select: {metric: value, condition: value, goal: maximize}
`

// pick lists the trials with a parameter's value.
func pick(trials []sweep.Trial, path string, value any) []sweep.Trial {
	return slices.DeleteFunc(slices.Clone(trials), func(t sweep.Trial) bool { return t.Params[path] != value })
}

func noops(t testing.TB, params string, n int) (string, []sweep.Trial) {
	t.Helper()
	return newSweep(t, fmt.Sprintf(noopText, params, n))
}

// Many short trials go through two slots: each ends once, with its value, in reports numbered without a gap; then nothing is left behind.
func TestShortTrialsStream(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir, trials := noops(t, "", 400)
	d := openDesk(t, dir, 1, books{})
	d.give(1, trials...)
	a := run(t, options(dir, 2))
	for _, trial := range trials {
		if end := d.ended(trial.ID, 1); end.Cause != sweep.CauseCompleted {
			t.Fatalf("trial %s ended by %s: %s", trial.ID, end.Cause, end.Detail)
		}
	}
	d.change(func() {
		evals := 0
		for i, r := range d.reports {
			if r.Sequence != uint64(i)+1 {
				t.Errorf("report %d has number %d", i+1, r.Sequence)
			}
			for _, tr := range r.Trials {
				evals += len(tr.Evals)
			}
		}
		if evals != len(trials) || len(d.reports) > len(trials) {
			t.Errorf("%d trials made %d evals in %d reports", len(trials), evals, len(d.reports))
		}
		d.drain = true
	})
	if err := a.end(); err != nil {
		t.Error(err)
	}
	if last := d.requests[len(d.requests)-1]; last.Leave == nil {
		t.Errorf("the agent went without a word; its last request was %s", lastRequests(d.requests))
	}
	if left, err := spool.List(dir); err != nil || len(left) > 0 {
		t.Errorf("spools are left though everything is committed: %v, %v", left, err)
	}
	d.close()
}

// An answer that got lost is asked for again under the same number, and no trial is lost or made twice.
func TestRepeatedAsk(t *testing.T) {
	dir, trials := noops(t, "", 3)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.deaf = 2
	d.give(1, trials...)
	run(t, options(dir, 2))
	for _, trial := range trials {
		d.ended(trial.ID, 1)
	}
	d.change(func() {
		times := map[uint64]int{}
		for _, r := range d.requests {
			if r.Ask != nil {
				times[r.Ask.Sequence]++
			}
		}
		if times[1] != 3 {
			t.Errorf("the first ask was made %d times, want 3; all: %v", times[1], times)
		}
	})
}

// A trial that fails by an error or by leaving its process ends by code, with its last words, and the next one runs.
func TestTrialsThatFail(t *testing.T) {
	for how, want := range map[string]string{"error": "task.fail: error asks", "exit": "exit code 1", "kill": "signal 9"} {
		t.Run(how, func(t *testing.T) {
			dir, trials := noops(t, ", fail: "+how+", fail_attempts: 1", 3)
			d := openDesk(t, dir, 1, books{})
			defer d.close()
			d.give(1, trials...)
			run(t, options(dir, 1))
			for _, trial := range trials {
				if end := d.ended(trial.ID, 1); end.Cause != sweep.CauseCode || !strings.Contains(end.Detail, want) {
					t.Errorf("attempt 1 ended by %s: %s", end.Cause, end.Detail)
				}
			}
			d.give(2, trials...)
			for _, trial := range trials {
				if end := d.ended(trial.ID, 2); end.Cause != sweep.CauseCompleted {
					t.Errorf("attempt 2 ended by %s: %s", end.Cause, end.Detail)
				}
			}
		})
	}
}

// kill -9 of a child takes the trial that runs in it, and neither the agent nor the trial beside it.
func TestKilledSlot(t *testing.T) {
	dir, trials := newSweep(t, longText)
	long, short := pick(trials, "task.seconds", 3600.0), pick(trials, "task.seconds", 0.0)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, long[0])
	run(t, options(dir, 2))
	d.await("the long trial", func() bool { return d.holding(hold(long[0].ID, 1)) })
	children := childrenOf(t, os.Getpid(), asSlot)
	if len(children) != 2 {
		t.Fatalf("an agent of 2 slots has the processes %v", children)
	}
	for _, pid := range children {
		if group, err := syscall.Getpgid(pid); err != nil || group != pid {
			t.Errorf("slot %d is in process group %d, %v: ^C on a terminal reaches it", pid, group, err)
		}
		if score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid)); err != nil || strings.TrimSpace(string(score)) == "0" {
			t.Errorf("slot %d has oom_score_adj %s, %v", pid, score, err)
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil { // which is for the agent to act on
			t.Error(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	// On a busy machine the trial may not have begun there: it then begins in a new process, and that is killed, too.
	seen := map[int]time.Time{}
	d.await("the end of the killed trial", func() bool {
		for _, pid := range childrenOf(t, os.Getpid(), asSlot) {
			if first, ok := seen[pid]; !ok {
				seen[pid] = time.Now()
			} else if time.Since(first) > time.Second && len(d.ends) == 0 {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		}
		return len(d.ends) > 0
	})
	if end := d.ended(long[0].ID, 1); end.Cause != sweep.CauseCode || !strings.Contains(end.Detail, "signal 9") {
		t.Errorf("the killed attempt ended by %s: %s", end.Cause, end.Detail)
	}
	d.give(1, short...)
	for _, trial := range short {
		if end := d.ended(trial.ID, 1); end.Cause != sweep.CauseCompleted {
			t.Errorf("a trial after the kill ended by %s: %s", end.Cause, end.Detail)
		}
	}
}

// A process that dies before it has begun anything is replaced, even where it was the only one.
func TestSlotDiesBeforeItIsReady(t *testing.T) {
	dir, trials := noops(t, "", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials...)
	o := options(dir, 1)
	o.SlotCommand = []string{os.Args[0], asFirstVictim, filepath.Join(t.TempDir(), "died")}
	run(t, o)
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCompleted {
		t.Errorf("ended by %s: %s", end.Cause, end.Detail)
	}
}

// A slot that cannot be started at all ends the agent, with what the process said.
func TestSlotThatCannotStart(t *testing.T) {
	dir, _ := noops(t, "", 1)
	o := options(dir, 1)
	o.SlotCommand = []string{"/bin/sh", "-c", "echo no such model >&2; exit 3"}
	if err := run(t, o).end(); err == nil || !strings.Contains(err.Error(), "no such model") {
		t.Errorf("the agent ended with %v", err)
	}
}

func TestRefusedAgent(t *testing.T) {
	dir, _ := noops(t, "", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.refuse = "start it from the same binary"
	var refused *RefusedError
	if err := run(t, options(dir, 1)).end(); !errors.As(err, &refused) || !strings.Contains(err.Error(), d.refuse) {
		t.Errorf("a refused agent ended with %v", err)
	}
	hello := d.requests[0].Hello
	if hello == nil || len(hello.BinaryDigest) != 64 || len(hello.SpecDigest) != 64 || hello.PID != os.Getpid() || hello.Slots != 1 || hello.MemoryBytes <= 0 {
		t.Errorf("the first request was %+v", hello)
	}
}

// Without any controller an agent waits as long as it was told to, then leaves in peace.
func TestPatience(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir, _ := noops(t, "", 1)
	o := options(dir, 1)
	o.Patience = 2 * o.Heartbeat
	if err := run(t, o).end(); err != nil {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	dir, _ := noops(t, "", 1)
	for _, o := range []Options{{Dir: dir, SlotCommand: []string{"x"}}, {Dir: dir, Slots: 1}, {Dir: filepath.Join(dir, "nowhere"), Slots: 1, SlotCommand: []string{"x"}}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
