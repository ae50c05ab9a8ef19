package agent

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// The broker is lost with its store while nothing is committed. The next one gets every report, once, and hears what the agent holds.
func TestNextBrokerGetsEverything(t *testing.T) {
	dir, trials := newSweep(t, longText)
	long, short := pick(trials, "task.seconds", 3600.0), pick(trials, "task.seconds", 0.0)
	first := openDesk(t, dir, 1, books{})
	first.silent = true
	first.give(1, append(slices.Clone(short[:4]), long[0])...)
	run(t, options(dir, 2))
	for _, trial := range short[:4] {
		first.ended(trial.ID, 1)
	}
	first.await("the long trial", func() bool { return first.holding(hold(long[0].ID, 1)) })
	first.close()
	second := openDesk(t, dir, 2, books{}) // with empty books: nothing was committed
	defer second.close()
	second.give(1, short[4:]...)
	for _, trial := range short {
		if end := second.ended(trial.ID, 1); end.Cause != sweep.CauseCompleted {
			t.Errorf("ended by %s: %s", end.Cause, end.Detail)
		}
	}
	second.await("a heartbeat", func() bool { return second.holding(hold(long[0].ID, 1)) })
	second.change(func() {
		hello := second.requests[0].Hello
		if hello == nil || !slices.Contains(hello.Holding, hold(long[0].ID, 1)) {
			t.Errorf("the second controller first heard %s", lastRequests(second.requests[:1]))
		}
		for i, r := range second.reports {
			if r.Sequence != uint64(i)+1 {
				t.Errorf("report %d has number %d", i+1, r.Sequence)
			}
		}
	})
}

// A broker of the next term that took over what the first had committed gets only the rest.
func TestCommittedReportsAreNotSentAgain(t *testing.T) {
	dir, trials := noops(t, "", 8)
	first := openDesk(t, dir, 1, books{})
	first.give(1, trials[:4]...)
	run(t, options(dir, 1))
	for _, trial := range trials[:4] {
		first.ended(trial.ID, 1)
	}
	first.await("two heartbeats", func() bool { // the commit was announced before
		n := 0
		for _, r := range first.requests {
			if r.Beat != nil {
				n++
			}
		}
		return n > 2
	})
	first.close()
	kept := first.books
	kept.seen = 0
	second := openDesk(t, dir, 2, kept)
	defer second.close()
	second.give(1, trials[4:]...)
	for _, trial := range trials[4:] {
		second.ended(trial.ID, 1)
	}
	second.change(func() {
		if second.seen > len(second.reports)-len(first.reports) {
			t.Errorf("%d reports came, of which %d were new", second.seen, len(second.reports)-len(first.reports))
		}
	})
}

// kill -9 of the supervisor takes its slots with it, and its spool has all that it has reported.
func TestKilledSupervisor(t *testing.T) {
	dir, trials := newSweep(t, longText)
	long, short := pick(trials, "task.seconds", 3600.0), pick(trials, "task.seconds", 0.0)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.silent = true
	d.give(1, append(slices.Clone(short), long[0])...)
	o := options(dir, 2)
	text, err := json.Marshal(struct {
		Dir         string
		Slots       int
		SlotCommand []string
		Heartbeat   int64
	}{o.Dir, o.Slots, o.SlotCommand, int64(o.Heartbeat)})
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(os.Args[0], asAgent, string(text))
	agent.Stderr = os.Stderr
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	for _, trial := range short {
		d.ended(trial.ID, 1)
	}
	d.await("the long trial", func() bool { return d.holding(hold(long[0].ID, 1)) })
	var slots []witness
	for _, pid := range childrenOf(t, agent.Process.Pid, asSlot) {
		slots = append(slots, watch(t, pid))
	}
	if len(slots) != 2 {
		t.Fatalf("an agent of 2 slots has %d processes", len(slots))
	}
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err == nil {
		t.Error("a killed agent ended well")
	}
	for _, s := range slots {
		s.gone(t)
	}
	i := d.requests[0].Incarnation
	var spooled []*results.Report
	if err := spool.Read(dir, i, 0, func(r *results.Report) error { spooled = append(spooled, r); return nil }); err != nil {
		t.Fatal(err)
	}
	d.change(func() {
		if !slices.EqualFunc(spooled, d.reports, sameReport) {
			t.Errorf("the spool has %d reports, %d were published", len(spooled), len(d.reports))
		}
	})
	if err := syscall.Kill(agent.Process.Pid, 0); err != syscall.ESRCH {
		t.Errorf("the agent is still there: %v", err)
	}
}

func sameReport(a, b *results.Report) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
