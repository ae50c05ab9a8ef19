package controller

import (
	"fmt"
	"strings"
	"testing"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// TestLongSilenceIsAnEvent has one agent silent for most of a lease, and another for a part of it that is usual. The first is told of in the events, once, and neither loses what it has.
func TestLongSilenceIsAnEvent(t *testing.T) {
	d := newDesk(t, []int{1, 1}, 1, 1)
	d.want(d.ask("a0", 1), "trial000:1")
	d.want(d.ask("a1", 1), "trial001:1")
	beat := func(i string, trial int) {
		t.Helper()
		holds := []sweep.Hold{{Trial: sweep.TrialID(fmt.Sprintf("trial%03d", trial)), Attempt: 1}}
		if r := d.request(i, broker.Request{Beat: &broker.Beat{Holding: holds}}); len(r.Lost) > 0 || r.Unknown {
			t.Errorf("%s is answered %+v", i, r)
		}
	}
	for passed := range 7 {
		d.now += simExpiry / 8
		d.step(Tick{})
		if passed%2 == 1 {
			beat("a1", 1)
		}
	}
	beat("a0", 0)
	beat("a0", 0)
	beat("a1", 1)
	text := fmt.Sprint(d.log.events())
	if strings.Count(text, "agent heard again") != 1 || !strings.Contains(text, "after 5 s of silence") {
		t.Errorf("events: %s", text)
	}
}

// TestFormerAgentsAreMissed has a new controller hear of one of two agents that the last one had: the other is told of in the events, once, when leases expire.
func TestFormerAgentsAreMissed(t *testing.T) {
	d := newDesk(t, []int{1})
	d.core.former = []string{"gone:1", AgentName("host", 1)}
	d.request("a0", broker.Request{Hello: &broker.Hello{Slots: 1, Host: "host", PID: 1}})
	for range 20 {
		if text := fmt.Sprint(d.log.events()); d.now < simExpiry && strings.Contains(text, "agent left") {
			t.Errorf("after %v: %s", d.now, text)
		}
		d.now += simExpiry / 8
		d.step(Tick{})
		d.request("a0", broker.Request{Beat: &broker.Beat{}})
	}
	if text := fmt.Sprint(d.log.events()); strings.Count(text, "agent left") != 1 || !strings.Contains(text, "it has not come back since the last controller") {
		t.Errorf("events: %s", text)
	}
}
