package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"neurosweep/sweep"
)

// An agent without a trial leaves after its idle timeout, and one that trains for longer than that does not.
func TestIdle(t *testing.T) {
	dir, trials := newSweep(t, longText)
	busy := pick(trials, "task.seconds", 2.0)[0]
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, busy)
	o := options(dir, 1)
	o.IdleTimeout = time.Second
	r := run(t, o)
	if end := d.ended(busy.ID, 1); end.Cause != sweep.CauseCompleted {
		t.Errorf("a trial of 2 s with an idle timeout of 1 s ended by %s: %s", end.Cause, end.Detail)
	}
	if err := r.end(); err != nil || r.left != (Left{LeftIdle, 1}) {
		t.Errorf("it left: %+v, error %v; want after 1 trial, idle", r.left, err)
	}
}

// An agent that knows when its job ends says so to the controller, and is gone before, with everything saved.
func TestLeavesBeforeItsEnd(t *testing.T) {
	dir, trials := newSweep(t, trainText)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	o := options(dir, 1)
	o.Grace = 5 * time.Second
	until := time.Now().Add(o.Grace + 4*time.Second)
	o.End = func(context.Context) (time.Time, error) { return until, nil }
	r := run(t, o)
	end := d.ended(trials[0].ID, 1)
	if end.Cause != sweep.CauseWalltime {
		t.Errorf("ended by %s: %s; want walltime", end.Cause, end.Detail)
	}
	canResume(t, dir, trials[0].ID, end.Update)
	if err := r.end(); err != nil || r.left.Why != LeftWalltime {
		t.Errorf("it left: %+v, error %v; want walltime", r.left, err)
	}
	told := false
	for _, request := range d.requests {
		told = told || request.Ask != nil && request.Ask.TimeLeft > 0 && request.Ask.TimeLeft <= 4*time.Second
	}
	if !told {
		t.Error("no ask said how much time is left")
	}
}

// An agent that cannot find out when its job ends trains all the same.
func TestUnknownEnd(t *testing.T) {
	dir, trials := noops(t, "", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials[0])
	o := options(dir, 1)
	o.End = func(context.Context) (time.Time, error) { return time.Time{}, errors.New("nobody knows") }
	run(t, o)
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCompleted {
		t.Errorf("ended by %s: %s", end.Cause, end.Detail)
	}
}
