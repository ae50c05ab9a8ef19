package controller

import (
	"testing"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// TestDrainJobs lets the agents of two jobs leave: one that is there hears it at once, and again with every answer; one that comes later hears it with its hello. Neither is
// granted anything more; an agent of another job, and one of none, are.
func TestDrainJobs(t *testing.T) {
	w := newWorld(1, []script{good, good, good, good}, 0, 1, 1, faults{})
	w.startController()
	w.log.sync()
	w.step(Synced{})
	c := w.core
	ticket := uint64(1000)
	step := func(e Event) (commands []Command) {
		t.Helper()
		for _, e := range []Event{e, nil} {
			if e == nil {
				w.log.sync()
				e = Synced{}
			}
			more, err := c.Step(0, e)
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, more...)
		}
		return commands
	}
	say := func(r broker.Request) broker.Reply {
		t.Helper()
		ticket++
		r.Version = broker.MessageVersion
		for _, command := range step(Requested{ticket, r}) {
			if a, ok := command.(Answer); ok && a.Ticket == ticket {
				return a.Reply
			}
		}
		t.Fatalf("%+v is not answered", r)
		return broker.Reply{}
	}
	hello := func(i sweep.Incarnation, job string) broker.Reply {
		return say(broker.Request{Incarnation: i, Hello: &broker.Hello{Host: string(i), Job: job, Slots: 1, SpecDigest: c.options.Digest, BinaryDigest: c.options.Binary}})
	}
	for i, job := range map[sweep.Incarnation]string{"a": "7_1", "b": "7_2", "none": ""} {
		if r := hello(i, job); r.Drain || r.Refused != "" {
			t.Fatalf("%s: %+v", i, r)
		}
	}
	told := map[sweep.Incarnation]bool{}
	for _, command := range step(Asked{Request{Want: WantDrain, Jobs: []string{"7_1", "7_3", ""}}}) {
		if tell, ok := command.(Tell); ok && tell.Control.Drain && tell.Control.Why == broker.DrainJob {
			told[tell.Incarnation] = true
		}
	}
	if len(told) != 1 || !told["a"] {
		t.Errorf("told to leave are %v", told)
	}
	if r := say(broker.Request{Incarnation: "a", Beat: &broker.Beat{}}); !r.Drain || r.Why != broker.DrainJob {
		t.Errorf("a beat of who is to leave: %+v", r)
	}
	if r := hello("late", "7_3"); !r.Drain || r.Why != broker.DrainJob {
		t.Errorf("a hello of who is to leave: %+v", r)
	}
	for i, granted := range map[sweep.Incarnation]int{"a": 0, "late": 0, "b": 1, "none": 1} {
		r := say(broker.Request{Incarnation: i, Ask: &broker.Ask{Sequence: 1, Free: 1}})
		if len(r.Trials) != granted || r.Drain == (granted > 0) {
			t.Errorf("%s asks, and is answered %+v", i, r)
		}
	}
}
