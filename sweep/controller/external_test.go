package controller

import (
	"testing"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// TestOnlyTheOwnerCounts: of a program's trial, what an attempt says that has lost it is not even written down; the next one goes on from the newest checkpoint.
func TestOnlyTheOwnerCounts(t *testing.T) {
	spec := &sweep.Spec{Name: "test", Method: "grid", Program: "x", Metric: &sweep.Metric{Name: "loss", Goal: "minimize", Target: new(float64)},
		Select: sweep.Select{Metric: "loss", Condition: sweep.SummaryCondition, Goal: "minimize"}}
	ledger := newLog(spec)
	c := NewCore(CoreOptions{Spec: spec, Term: 1, Expiry: time.Hour, Finite: true}, ledger, []Past{{Trial: sweep.Trial{ID: "a"}}})
	var answers []Answer
	step := func(e Event) {
		t.Helper()
		for range 2 { // the second time with everything durable
			commands, err := c.Step(0, e)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range commands {
				if a, ok := command.(Answer); ok {
					answers = append(answers, a)
				}
			}
			ledger.sync()
			e = Synced{}
		}
	}
	request := func(r broker.Request) {
		r.Version = broker.MessageVersion
		step(Requested{Ticket: uint64(len(answers) + 1), Request: r})
	}
	asks := func(i sweep.Incarnation) broker.Granted {
		t.Helper()
		request(broker.Request{Incarnation: i, Hello: &broker.Hello{Host: string(i), PID: 1, Slots: 1}})
		request(broker.Request{Incarnation: i, Ask: &broker.Ask{Sequence: 1, Free: 1}})
		last := answers[len(answers)-1].Reply.Trials
		if len(last) != 1 {
			t.Fatalf("%s is granted %v", i, last)
		}
		return last[0]
	}
	sequence := map[sweep.Incarnation]uint64{}
	reports := func(i sweep.Incarnation, tr results.TrialReport) {
		sequence[i]++
		tr.Trial = "a"
		step(Reported{&results.Report{Version: results.ReportVersion, Incarnation: i, Sequence: sequence[i], Trials: []results.TrialReport{tr}}})
	}
	step(Begun{})
	if g := asks("x"); g.Attempt != 1 || g.Resume != 0 {
		t.Errorf("the first attempt is %+v", g)
	}
	reports("x", results.TrialReport{Attempt: 1, Checkpoints: []results.Checkpoint{{Update: 5}}})
	step(Died{"x"})
	step(SpoolRead{"x"})
	if g := asks("y"); g.Attempt != 2 || g.Resume != 5 {
		t.Errorf("the second attempt is %+v", g)
	}
	// The zombie reaches the target, says that it has completed, and has a newer checkpoint. None of it counts.
	reports("x", results.TrialReport{Attempt: 1, Evals: []results.Eval{{Update: 9, Condition: sweep.SummaryCondition, Metric: "loss", Value: -1}},
		Checkpoints: []results.Checkpoint{{Update: 9}}})
	reports("x", results.TrialReport{Attempt: 1, End: &results.End{Cause: sweep.CauseCompleted, Update: 9}})
	if n := c.Counts(); n.Running != 1 || n.Ended != 0 || ledger.Newest("a") != 5 || ledger.HighWater("x") != 3 {
		t.Errorf("after the zombie: %+v, newest checkpoint %d, its reports up to %d are taken", n, ledger.Newest("a"), ledger.HighWater("x"))
	}
	reports("y", results.TrialReport{Attempt: 2, End: &results.End{Cause: sweep.CauseCompleted, Update: 7}})
	if n := c.Counts(); n.Ended != 1 || ledger.all.trial("a").outcome.Update != 7 {
		t.Errorf("after the owner's end: %+v, %+v", n, ledger.all.trial("a").outcome)
	}
}
