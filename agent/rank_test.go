package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neurosweep/broker"
	"neurosweep/models"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

// gangText has trials whose batches have three leaves.
const gangText = `name: gang
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn, hidden: 8}
train: {updates: %d, batch: 40, length: 20}
evaluate: {seq100: {batches: 1, batch: 4, length: 20}}
checkpoints: {every: 10}
select: {metric: accuracy, condition: seq100, goal: maximize}
ranks: 4
`

// giveGang gives all ranks of an attempt at a trial to the agent.
func (d *desk) giveGang(attempt, size int, trial sweep.Trial) {
	d.change(func() {
		for rank := range size {
			gang := &broker.Gang{Group: fmt.Sprintf("trial-%s-%d", trial.ID, attempt), Rank: rank, Size: size}
			d.queue = append(d.queue, broker.Granted{Trial: trial, Attempt: attempt, Gang: gang})
		}
	})
	d.give(0) // tells that there is work
}

// A gang with all ranks on one agent writes the files that one process alone writes.
func TestGangOnOneAgent(t *testing.T) {
	dir, trials := newSweep(t, fmt.Sprintf(gangText, 25))
	spec, err := readSpec(dir)
	if err != nil {
		t.Fatal(err)
	}
	alone := train.Job{Spec: spec, Trial: trials[0], Attempt: 1, Dir: t.TempDir()}
	if _, err := train.Run(t.Context(), alone, func(results.TrialReport) error { return nil }); err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.giveGang(1, 3, trials[0])
	run(t, options(dir, 3))
	for rank := range 3 {
		if end := d.rankEnded(sweep.Hold{Trial: trials[0].ID, Attempt: 1, Rank: rank}); end.Cause != sweep.CauseCompleted || end.Update != 25 {
			t.Errorf("rank %d: %+v", rank, end)
		}
	}
	for _, update := range []int{10, 20, 25} {
		path := sweep.WeightsPath(trials[0].ID, update)
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(alone.Dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if models.Digest(got) != models.Digest(want) {
			t.Errorf("%s differs from that of one process", path)
		}
	}
}

// A rank whose process is killed is named to the others at once, and they stop; one that stands still for less than the silence is no matter. A gang that is to hand over
// does so together, and leaves a state.
func TestGangLosesARank(t *testing.T) {
	dir, trials := newSweep(t, fmt.Sprintf(gangText, 1_000_000))
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	o := options(dir, 2)
	o.Silence, o.Grace = 6*time.Second, patience
	o.Heartbeat = 500 * time.Millisecond
	a := run(t, o)
	checkpoints := func() (n int) {
		for _, r := range d.reports {
			for _, tr := range r.Trials {
				n += len(tr.Checkpoints)
			}
		}
		return n
	}
	goOn := func() {
		n := 0
		d.change(func() { n = checkpoints() })
		d.await("a checkpoint", func() bool { return checkpoints() > n })
	}
	d.giveGang(1, 2, trials[0])
	goOn()
	slots := childrenOf(t, os.Getpid(), asSlot)
	if len(slots) != 2 {
		t.Fatalf("the processes %v are slots", slots)
	}
	for _, s := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := syscall.Kill(slots[1], s); err != nil {
			t.Fatal(err)
		}
		if s == syscall.SIGSTOP { // for as long as the agent takes for some heartbeats
			n := 0
			d.change(func() { n = len(d.requests) })
			d.await("heartbeats", func() bool { return len(d.requests) > n+4 })
		}
	}
	goOn()
	killed := time.Now()
	if err := syscall.Kill(slots[1], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	causes := map[sweep.Cause]string{}
	for rank := range 2 {
		end := d.rankEnded(sweep.Hold{Trial: trials[0].ID, Attempt: 1, Rank: rank})
		causes[end.Cause] = end.Detail
	}
	if dead, told := causes[sweep.CauseCode], causes[sweep.CauseCancelled]; !strings.Contains(dead, "signal 9") || !strings.Contains(told, "is dead: signal: killed") || !strings.Contains(told, "rank ") {
		t.Errorf("the ends are %v", causes)
	}
	t.Logf("all ranks had ended %v after the kill", time.Since(killed))

	d.giveGang(2, 2, trials[0])
	goOn()
	a.signals <- syscall.SIGTERM
	update := 0
	for rank := range 2 {
		end := d.rankEnded(sweep.Hold{Trial: trials[0].ID, Attempt: 2, Rank: rank})
		if end.Cause != sweep.CausePreempted || end.Update == 0 || rank == 1 && end.Update != update {
			t.Errorf("rank %d was handed over as %+v", rank, end)
		}
		update = end.Update
	}
	canResume(t, dir, trials[0].ID, update)
	if err := a.end(); err != nil {
		t.Error(err)
	}
}
