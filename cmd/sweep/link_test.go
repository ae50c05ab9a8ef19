package main

import (
	"strings"
	"testing"
	"time"

	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/slurm/slurmtest"
)

// spooled counts the trials whose end lies in a spool.
func spooled(t *testing.T, dir string) int {
	t.Helper()
	incarnations, err := spool.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, i := range incarnations {
		err := spool.Read(dir, i, 0, func(r *results.Report) error {
			for _, tr := range r.Trials {
				if tr.End != nil {
					n++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestLinkIsCut has agents dial their controller through a wire that is slow, and then cut for so long that they give the connection up. They go on with what they hold, keep it in their
// spools, and nothing is lost or done twice when the wire is whole again.
func TestLinkIsCut(t *testing.T) {
	text := "name: cut\nmethod: grid\ntask: {name: noop, noise: 0.01, seconds: 4}\nseeds: 4\nparameters:\n  task.value: {values: [0, 1]}\n" +
		"evaluate: {value: {}}\nselect: {metric: value, condition: value, goal: maximize}\n"
	dir := makeSweep(t, text)
	w, err := slurmtest.NewWire()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	w.Slow(20 * time.Millisecond)
	control := launch(t, "sweep", "controller", "--dir", dir, "--listen", w.Target(), "--advertise", w.Addr())
	var agents []*process
	for range 2 {
		agents = append(agents, launch(t, "sweep", "agent", "--dir", dir, "--controller", "login", "--slots", "2"))
	}
	var since time.Time
	eventually(t, "all slots have been training for a while", func() bool { // the answers that granted the trials have arrived by then
		if since.IsZero() && summary(t, dir).Running == 4 {
			since = time.Now()
		}
		return !since.IsZero() && time.Since(since) > 2*time.Second
	})
	w.Cut()
	eventually(t, "both agents give their connection up and try another", func() bool { return w.Made() >= 4 })
	eventually(t, "the agents have trained on", func() bool { return spooled(t, dir) >= summary(t, dir).Ended+2 })
	w.Heal()
	for _, a := range agents {
		a.ended(exitDone)
	}
	control.ended(exitDone)
	events := eventTable(t, dir)
	if n := strings.Count(events, "attempt granted"); n != 8 {
		t.Errorf("8 trials were granted %d times", n)
	}
	equalSweeps(t, undisturbed(t, text), dir)
}
