package agent

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// A trial that hangs and is not ours any more is killed, and its slot goes on.
func TestHangIsKilled(t *testing.T) {
	dir, trials := noops(t, ", fail: hang, fail_attempts: 1", 2)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	run(t, options(dir, 1))
	d.await("the trial", func() bool { return d.holding(hold(trials[0].ID, 1)) })
	d.change(func() { d.lost = []sweep.Hold{hold(trials[0].ID, 1)} })
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCancelled {
		t.Errorf("a trial that was taken away ended by %s: %s", end.Cause, end.Detail)
	}
	d.give(2, trials...)
	for _, trial := range trials {
		if end := d.ended(trial.ID, 2); end.Cause != sweep.CauseCompleted {
			t.Errorf("a trial after the hang ended by %s: %s", end.Cause, end.Detail)
		}
	}
}

// The same agent gets the trial again while its lost attempt still hangs: the old one is killed, the new one runs.
func TestGrantedAgainWhileItHangs(t *testing.T) {
	dir, trials := noops(t, ", fail: hang, fail_attempts: 1", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	o := options(dir, 2)
	o.Grace = 10 * o.Heartbeat
	run(t, o)
	d.await("the trial", func() bool { return d.holding(hold(trials[0].ID, 1)) })
	before := childrenOf(t, os.Getpid(), asSlot)
	d.change(func() { d.lost = []sweep.Hold{hold(trials[0].ID, 1)} })
	d.give(2, trials[0])
	if end := d.ended(trials[0].ID, 2); end.Cause != sweep.CauseCompleted {
		t.Errorf("attempt 2 ended by %s: %s", end.Cause, end.Detail)
	}
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCancelled {
		t.Errorf("attempt 1 ended by %s: %s", end.Cause, end.Detail)
	}
	if len(before) != 2 {
		t.Errorf("an agent of 2 slots had the processes %v", before)
	}
}

// A trial that is taken away while it waits behind another one in the same slot does not cost that one its process.
func TestTakenFromTheQueueOfASlot(t *testing.T) {
	dir, trials := newSweep(t, longText)
	short, medium := pick(trials, "task.seconds", 0.0), pick(trials, "task.seconds", 2.0)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, short[:7]...)
	run(t, options(dir, 1)) // and learns that trials are short
	for _, trial := range short[:7] {
		d.ended(trial.ID, 1)
	}
	d.give(1, medium[0], short[7])
	d.await("both trials", func() bool { return d.holding(hold(medium[0].ID, 1)) && d.holding(hold(short[7].ID, 1)) })
	d.change(func() { d.lost = []sweep.Hold{hold(short[7].ID, 1)} })
	if end := d.ended(medium[0].ID, 1); end.Cause != sweep.CauseCompleted {
		t.Errorf("the trial in front ended by %s: %s", end.Cause, end.Detail)
	}
	if end := d.ended(short[7].ID, 1); end.Cause != sweep.CauseCancelled && end.Cause != sweep.CauseCompleted {
		t.Errorf("the trial that was taken away ended by %s: %s", end.Cause, end.Detail)
	}
}

const trainText = `name: train
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn, hidden: 4}
train: {updates: 1000000, batch: 2, length: 10, optimizer: adam, lr: 1e-3}
seeds: 2
parameters:
  train.lr: {values: [1e-3]}
evaluate: {seq: {kind: seq100, batches: 1, seed: 1000}}
checkpoints: {every: 1000, keep: all}
select: {metric: accuracy, condition: seq, goal: maximize, over: checkpoints}
`

// Told to leave, by the controller or by a signal, an agent saves what it trains and hands it over; what has not begun goes back.
func TestHandOver(t *testing.T) {
	for name, leave := range map[string]func(*desk, *running){
		"drain":    func(d *desk, r *running) { d.change(func() { d.drain = true }) },
		"control":  func(d *desk, r *running) { _ = d.hub.Tell(d.requests[0].Incarnation, controlDrain) }, // the test would not end
		"signal":   func(d *desk, r *running) { r.signals <- syscall.SIGUSR1 },
		"shutdown": func(d *desk, r *running) { r.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			dir, trials := newSweep(t, trainText)
			d := openDesk(t, dir, 1, books{})
			defer d.close()
			d.give(1, trials...)
			o := options(dir, 2)
			o.Grace = patience
			r := run(t, o)
			d.await("a checkpoint of each trial", func() bool {
				seen := map[sweep.TrialID]bool{}
				for _, report := range d.reports {
					for _, tr := range report.Trials {
						seen[tr.Trial] = seen[tr.Trial] || len(tr.Checkpoints) > 0
					}
				}
				return len(seen) == len(trials) && seen[trials[0].ID] && seen[trials[1].ID]
			})
			leave(d, r)
			want := sweep.CausePreempted
			if name == "signal" {
				want = sweep.CauseWalltime
			}
			for _, trial := range trials {
				end := d.ended(trial.ID, 1)
				if end.Cause != want || end.Update < 1000 {
					t.Errorf("ended by %s at update %d: %s", end.Cause, end.Update, end.Detail)
				}
				canResume(t, dir, trial.ID, end.Update)
			}
			if err := r.end(); err != nil {
				t.Error(err)
			}
		})
	}
}

// canResume holds that a trial can go on from an update.
func canResume(t *testing.T, dir string, id sweep.TrialID, update int) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(sweep.StatePath(id, update)))); err != nil {
		t.Errorf("it cannot be resumed at update %d, where it was: %v", update, err)
	}
}

var controlDrain = broker.Control{Version: broker.MessageVersion, Drain: true}

// What trials print can be read back trial by trial and attempt by attempt, and a torn end of a log does not hide what stands before.
func TestTrialLog(t *testing.T) {
	dir, trials := noops(t, ", fail: error", 2)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials...)
	r := run(t, options(dir, 2))
	d.ended(trials[0].ID, 1)
	d.give(2, trials[0])
	d.ended(trials[0].ID, 2)
	d.ended(trials[1].ID, 1)
	d.change(func() { d.drain = true })
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, sweep.LogDir, "*"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("the logs of one agent: %v, %v", logs, err)
	}
	f, err := os.OpenFile(logs[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("torn")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var attempts []int
	for line, err := range ReadTrialLog(dir, trials[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		if line.Trial != trials[0].ID || !strings.Contains(line.Text, "task.fail: error asks") || line.Agent == "" || line.Time.IsZero() {
			t.Errorf("%+v", line)
		}
		attempts = append(attempts, line.Attempt)
	}
	if len(attempts) != 2 || attempts[0] != 1 || attempts[1] != 2 {
		t.Errorf("lines of the attempts %v, want 1 and 2", attempts)
	}
	for _, err := range ReadTrialLog(filepath.Join(dir, "nowhere"), trials[0].ID) {
		if err == nil {
			t.Error("logs were read where there are none")
		}
	}
}
