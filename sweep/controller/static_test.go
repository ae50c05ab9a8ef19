package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// TestStaticSchedules is TestSchedules with a plan that is scattered over the agents: each trial runs on its rank alone, whatever happens to that.
func TestStaticSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]float64{0, 0, 0.01, 0.05})
		f := faults{
			drop: rapid.SampledFrom([]float64{0, 0.02, 0.3}).Draw(t, "drop"), twice: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "twice"),
			kill: p.Draw(t, "kill"), freeze: p.Draw(t, "freeze"), crash: p.Draw(t, "crash"), sleep: p.Draw(t, "sleep"), outage: p.Draw(t, "outage"),
		}
		scripts := rapid.SliceOfN(rapid.SampledFrom(scriptKinds), 1, 20).Draw(t, "scripts")
		supply := rapid.IntRange(0, len(scripts)).Draw(t, "supply")
		hosts, slots := rapid.IntRange(1, 4).Draw(t, "hosts"), rapid.IntRange(1, 3).Draw(t, "slots")
		w := newWorld(rapid.Uint64().Draw(t, "seed"), scripts, supply, hosts, slots, f)
		w.static, w.spec.Static = true, true
		w.run()
		if broken := w.check(outcomesUnderFaults); len(broken) > 0 {
			t.Fatal(strings.Join(broken, "\n"))
		}
	})
}

// Where nobody starts a rank again, the sweep is stopped when its part has waited long enough, with the rank's number; one that comes back in time goes on.
func TestStaticPartThatNobodyTakes(t *testing.T) {
	d := newDesk(t, []int{1, 1, 1, 1})
	d.core.options.Spec.Static, d.core.options.PartWait = true, time.Minute
	beat := func(forTime time.Duration) {
		for end := d.now + forTime; d.now < end; {
			d.now += time.Second
			d.request("a0", broker.Request{Beat: &broker.Beat{}})
			d.step(Tick{})
		}
	}
	for _, rank := range []int{0, 1} {
		d.request(fmt.Sprint("a", rank), broker.Request{Hello: &broker.Hello{Host: "h", PID: 1, Slots: 1, Rank: rank, Size: 2}})
	}
	d.step(Died{"a1"})
	beat(50 * time.Second)
	d.request("b1", broker.Request{Hello: &broker.Hello{Host: "h", PID: 1, Slots: 1, Rank: 1, Size: 2}})
	beat(2 * time.Second)
	d.step(Died{"b1"})
	beat(55 * time.Second)
	if d.core.mode != working {
		t.Fatal("the sweep is stopped before the part has waited for a minute")
	}
	beat(20 * time.Second)
	if !d.core.finished || !strings.Contains(fmt.Sprint(d.log.events()), "rank 1 of 2 is gone, and its part of the plan has waited for 1m0s: sweep resume") {
		t.Errorf("finished: %v, events: %v", d.core.finished, d.log.events())
	}
}

// A part of the plan waits for its rank, and is scattered anew when a controller finds another number of agents.
func TestStaticParts(t *testing.T) {
	d := newDesk(t, []int{1, 1, 1, 1, 1})
	d.core.options.Spec.Static = true
	hello := func(i string, rank, size int) string {
		return d.request(i, broker.Request{Hello: &broker.Hello{Host: "host-" + i, PID: 1, Slots: 2, Rank: rank, Size: size}}).Refused
	}
	if why := hello("x", 0, 0); !strings.Contains(why, "the agent has no number: start agents that are numbered") {
		t.Errorf("an agent without a number was answered %q", why)
	}
	for rank := range 2 {
		if why := hello(fmt.Sprint("a", rank), rank, 2); why != "" {
			t.Fatal(why)
		}
	}
	if why := hello("x", 2, 3); !strings.Contains(why, "over 2 ranks, and the agent is one of 3") {
		t.Errorf("an agent of another number was answered %q", why)
	}
	d.want(d.ask("a1", 5), "trial001:1", "trial003:1")
	d.want(d.ask("a0", 2), "trial000:1", "trial002:1")
	d.step(Died{"a0"})
	d.want(d.ask("a1", 1)) // nobody takes over
	if text := fmt.Sprint(d.log.events()); !strings.Contains(text, "plan scattered : trial i of the plan is for rank i mod 2") ||
		!strings.Contains(text, "part waiting : rank 0 of 2 has left 3 trials") {
		t.Errorf("events: %s", text)
	}
	hello("b0", 0, 2)
	d.want(d.ask("b0", 9), "trial000:2", "trial002:2", "trial004:1")

	d.core = NewCore(d.core.options, d.log, d.log.past(d.plan))
	d.step(Begun{Holder: "next"})
	d.step(Died{"b0"})
	d.step(Died{"a1"})
	hello("c2", 2, 3)
	d.asks = map[sweep.Incarnation]uint64{}
	got := d.ask("c2", 9)
	if !slices.Equal(got, []string{"trial002:3"}) {
		t.Errorf("rank 2 of 3 is granted %q", got)
	}
}
