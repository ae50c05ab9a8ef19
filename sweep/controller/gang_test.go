package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// ranksByIndex gives trials 1, 2, 4… ranks in turn, at most so many.
func ranksByIndex(most int) func(sweep.Trial) int {
	return func(t sweep.Trial) int { return min(1<<(t.Index%3), most) }
}

// TestGangSchedules is TestSchedules with trials of one rank and gangs of two and four, in one queue, on the same agents.
func TestGangSchedules(t *testing.T) {
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
		w.ranks = ranksByIndex(hosts * slots)
		w.run()
		if broken := w.check(outcomesUnderFaults); len(broken) > 0 {
			t.Fatal(strings.Join(broken, "\n"))
		}
	})
}

// TestGangPeace runs each script without misfortunes, as gangs and single trials: every outcome is the right one.
func TestGangPeace(t *testing.T) {
	for seed := range uint64(100) {
		hosts, slots := 1+int(seed%3), 1+int(seed%4)
		w := newWorld(seed, slices.Repeat(scriptKinds, 2), int(seed%10), hosts, slots, faults{})
		w.ranks = ranksByIndex(hosts * slots)
		w.run()
		if broken := w.check(outcomesInPeace); len(broken) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(broken, "\n"))
		}
	}
}

// A desk is a core with agents that a test moves by hand.
type desk struct {
	t    *testing.T
	core *Core
	log  *log
	plan []sweep.Trial
	now  time.Duration
	told map[sweep.Incarnation][]broker.Control
	asks map[sweep.Incarnation]uint64

	inquiries []string // jobs that were asked for
}

// newDesk makes a core of trials with so many ranks each, and agents a0, a1, … with so many slots.
func newDesk(t *testing.T, ranks []int, slots ...int) *desk {
	t.Helper()
	w := newWorld(1, make([]script, len(ranks)), 0, 1, 1, faults{})
	d := &desk{t: t, log: w.log, plan: w.plan, told: map[sweep.Incarnation][]broker.Control{}, asks: map[sweep.Incarnation]uint64{}}
	options := CoreOptions{Spec: w.spec, Term: 1, Expiry: simExpiry, Finite: true, Ranks: func(t sweep.Trial) int { return ranks[t.Index] }}
	d.core = NewCore(options, w.log, w.log.past(w.plan))
	d.step(Begun{Holder: "test"})
	for i, n := range slots {
		d.hello(fmt.Sprintf("a%d", i), n)
	}
	return d
}

// step gives the core an event, makes its entries durable, and returns the answer.
func (d *desk) step(e Event) (reply broker.Reply) {
	d.t.Helper()
	for {
		commands, err := d.core.Step(d.now, e)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, c := range commands {
			switch c := c.(type) {
			case Answer:
				reply = c.Reply
			case Tell:
				d.told[c.Incarnation] = append(d.told[c.Incarnation], c.Control)
			case ReadSpool:
				d.step(SpoolRead(c))
			case AskJob:
				d.inquiries = append(d.inquiries, c.Job)
			}
		}
		if !d.core.Dirty() {
			return reply
		}
		d.log.sync()
		e = Synced{}
	}
}

func (d *desk) request(i string, r broker.Request) broker.Reply {
	d.t.Helper()
	r.Version, r.Incarnation = broker.MessageVersion, sweep.Incarnation(i)
	return d.step(Requested{1, r})
}

func (d *desk) hello(i string, slots int) {
	d.t.Helper()
	d.request(i, broker.Request{Hello: &broker.Hello{Host: "host-" + i, PID: 1, Slots: slots}})
}

// ask has an agent ask for so many trials, and describes what it is granted: "trial000:1" or, of a gang, "trial000:1 rank 0/2".
func (d *desk) ask(i string, free int) (got []string) {
	d.t.Helper()
	d.asks[sweep.Incarnation(i)]++
	r := d.request(i, broker.Request{Ask: &broker.Ask{Sequence: d.asks[sweep.Incarnation(i)], Free: free}})
	for _, g := range r.Trials {
		text := fmt.Sprintf("%s:%d", g.ID, g.Attempt)
		if g.Gang != nil {
			text += fmt.Sprintf(" rank %d/%d", g.Gang.Rank, g.Gang.Size)
		}
		got = append(got, text)
	}
	return got
}

// end reports the end of a rank of an attempt.
func (d *desk) end(i string, trial, attempt, rank int, cause sweep.Cause, detail string) {
	d.t.Helper()
	id := sweep.TrialID(fmt.Sprintf("trial%03d", trial))
	sequence := d.log.HighWater(sweep.Incarnation(i)) + 1
	d.step(Reported{&results.Report{Version: results.ReportVersion, Incarnation: sweep.Incarnation(i), Sequence: sequence, Trials: []results.TrialReport{
		{Trial: id, Attempt: attempt, Rank: rank, End: &results.End{Cause: cause, Detail: detail}}}}})
}

func (d *desk) want(got []string, want ...string) {
	d.t.Helper()
	if !slices.Equal(got, want) {
		d.t.Fatalf("granted %q, want %q", got, want)
	}
}

// took forgets what was told so far and tells what an agent heard: the ranks that it lost, and whether there is work.
func (d *desk) took(i string) (lost []int, work bool) {
	for _, c := range d.told[sweep.Incarnation(i)] {
		for _, h := range c.Lost {
			lost = append(lost, h.Rank)
		}
		work = work || c.Work
	}
	delete(d.told, sweep.Incarnation(i))
	return lost, work
}

// Slots are kept for the gang that comes first, however many single trials wait behind it, and all ranks begin together.
func TestSlotsAreKeptForAGang(t *testing.T) {
	d := newDesk(t, []int{1, 1, 4, 1, 1, 1}, 2, 2, 1)
	d.want(d.ask("a0", 2), "trial000:1", "trial001:1")
	d.want(d.ask("a1", 2)) // kept for the gang
	d.want(d.ask("a2", 1))
	d.end("a0", 0, 1, 0, sweep.CauseCode, "")
	d.want(d.ask("a0", 1), "trial002:1 rank 0/4")
	for _, a := range []string{"a1", "a2"} {
		if _, work := d.took(a); !work {
			t.Errorf("%s was not told that there is work", a)
		}
	}
	d.want(d.ask("a1", 2), "trial002:1 rank 1/4", "trial002:1 rank 2/4")
	d.want(d.ask("a2", 1), "trial002:1 rank 3/4")
	again := d.request("a1", broker.Request{Ask: &broker.Ask{Sequence: d.asks["a1"], Free: 2}})
	if len(again.Trials) != 2 || again.Trials[1].Gang.Rank != 2 || again.Trials[0].Gang.Group != again.Trials[1].Gang.Group {
		t.Errorf("the same question got %+v", again.Trials)
	}
	for rank, a := range []string{"a0", "a1", "a1", "a2"} {
		d.end(a, 2, 1, rank, sweep.CausePreempted, "")
	}
	d.want(d.ask("a2", 1), "trial000:2") // tried again before those that never ran; the gang waits behind it
}

// A gang does not wait for heartbeats: agents that have asked in vain are told when they have more to offer, and it begins as soon as enough has been offered. No time passes here.
func TestAGangIsNotKeptWaiting(t *testing.T) {
	d := newDesk(t, []int{1, 1, 1, 1, 1, 5}, 1, 2, 2)
	d.want(d.ask("a0", 1), "trial000:1")
	d.want(d.ask("a1", 2), "trial001:1", "trial002:1")
	d.want(d.ask("a2", 2), "trial003:1", "trial004:1")
	free := map[string]int{}
	over := func(a string, trial int) { // a trial of an agent that asks at once where its last ask was not in vain, and else when it is told
		d.end(a, trial, 1, 0, sweep.CauseDiverged, "")
		free[a]++
		if _, work := d.took(a); free[a] == 1 || work {
			d.want(d.ask(a, free[a]))
		}
	}
	over("a1", 1)
	over("a0", 0)
	over("a2", 3)
	over("a2", 4)
	d.took("a1") // it has heard of work that was not for it
	d.end("a1", 2, 1, 0, sweep.CauseDiverged, "")
	if _, work := d.took("a1"); !work {
		t.Fatal("the last agent that the gang waits for is not told to ask")
	}
	d.want(d.ask("a1", 2), "trial005:1 rank 1/5", "trial005:1 rank 2/5")
	d.want(d.ask("a0", 1), "trial005:1 rank 0/5")
	d.want(d.ask("a2", 2), "trial005:1 rank 3/5", "trial005:1 rank 4/5")
}

// A gang that must be alone on its host begins when the trial beside it has ended, in the slots that were offered before: nobody has to ask first.
func TestAGangThatMustBeAloneIsNotKeptWaiting(t *testing.T) {
	d := newDesk(t, []int{2, 1}, 3)
	d.want(d.ask("a0", 3), "trial000:1 rank 0/2", "trial000:1 rank 1/2", "trial001:1")
	d.end("a0", 0, 1, 0, sweep.CauseOOM, "")
	d.want(d.ask("a0", 2)) // another trial runs beside it
	granted := d.core.Counts().Running
	d.end("a0", 1, 1, 0, sweep.CauseDiverged, "")
	if n := d.core.Counts().Running; n != granted {
		t.Errorf("%d trials run, want the gang", n)
	}
	d.want(d.ask("a0", 3), "trial000:2 rank 0/2", "trial000:2 rank 1/2")
}

// A gang that is larger than all agents together is put aside, and an event says so; when there are more agents it comes first.
func TestGangThatIsTooLarge(t *testing.T) {
	d := newDesk(t, []int{4, 1, 1, 1}, 2)
	d.want(d.ask("a0", 2), "trial001:1", "trial002:1")
	if text := fmt.Sprint(d.log.events()); !strings.Contains(text, "gang waiting trial000: it needs 4 slots at a time, all agents together have 2") {
		t.Errorf("events: %s", text)
	}
	d.hello("a1", 2)
	d.want(d.ask("a1", 2)) // kept
	d.end("a0", 1, 1, 0, sweep.CausePreempted, "")
	d.end("a0", 2, 1, 0, sweep.CausePreempted, "")
	d.want(d.ask("a0", 2), "trial000:1 rank 0/4", "trial000:1 rank 1/4")
	d.want(d.ask("a1", 2), "trial000:1 rank 2/4", "trial000:1 rank 3/4")
	d.step(Died{"a1"}) // with two of its ranks
	if lost, _ := d.took("a0"); !slices.Equal(lost, []int{0, 1}) {
		t.Errorf("the agent that is left is told to stop ranks %v", lost)
	}
	if e := d.log.lastEnded(); e.Cause != sweep.CauseNode || !e.Suspect || e.Detail != "the agent of rank 2, 3 was lost" {
		t.Errorf("the attempt ended as %+v", e)
	}
	d.want(d.ask("a0", 2), "trial001:2", "trial002:2")
}

// One rank's death ends the attempt, by its cause, once: whatever the others say, and whoever is heard first.
func TestDeathOfARank(t *testing.T) {
	for _, first := range []bool{true, false} {
		d := newDesk(t, []int{2}, 1, 1)
		d.ask("a0", 1)
		d.want(d.ask("a1", 1), "trial000:1 rank 1/2")
		d.want(d.ask("a0", 1), "trial000:1 rank 0/2")
		if first {
			d.end("a1", 0, 1, 1, sweep.CauseOOM, "the kernel killed it")
			if lost, _ := d.took("a0"); !slices.Equal(lost, []int{0}) {
				t.Errorf("rank 0 is told of %v", lost)
			}
		}
		d.end("a0", 0, 1, 0, sweep.CauseCancelled, "rank 1 is dead")
		if !first {
			if lost, _ := d.took("a1"); !slices.Equal(lost, []int{1}) {
				t.Errorf("rank 1 is told of %v", lost)
			}
			d.end("a1", 0, 1, 1, sweep.CauseOOM, "the kernel killed it")
		}
		e := d.log.lastEnded()
		if e.Cause != sweep.CauseOOM || e.Detail != "rank 1: the kernel killed it" || d.log.ended() != 1 {
			t.Errorf("%d ends, the last %+v", d.log.ended(), e)
		}
		// Out of memory: once more, with nothing beside it on its hosts.
		d.want(d.ask("a1", 1))
		d.want(d.ask("a0", 1), "trial000:2 rank 0/2")
	}
}

// Ranks that have all only lost one another end the attempt, which counts like the loss of an agent.
func TestRanksThatLoseOneAnother(t *testing.T) {
	d := newDesk(t, []int{2}, 2)
	for attempt := 1; attempt <= 4; attempt++ { // MaxLost
		d.want(d.ask("a0", 2), fmt.Sprintf("trial000:%d rank 0/2", attempt), fmt.Sprintf("trial000:%d rank 1/2", attempt))
		d.end("a0", 0, attempt, 1, sweep.CauseCancelled, "the broker is away")
		d.end("a0", 0, attempt, 0, sweep.CauseCancelled, "rank 1 left")
		if e := d.log.lastEnded(); e.Cause != sweep.CauseNode || !e.Suspect || e.Detail != "its ranks lost one another. the broker is away" {
			t.Errorf("attempt %d ended as %+v", attempt, e)
		}
	}
	if n := d.core.Counts(); n.Failed != 1 {
		t.Errorf("counts %+v", n)
	}
}

// A rank whose agent leaves takes the others with it, and that counts for nothing. Rank 0's word counts for what was trained.
func TestHandOverOfAGang(t *testing.T) {
	d := newDesk(t, []int{2}, 1, 1)
	d.ask("a0", 1)
	d.ask("a1", 1)
	d.ask("a0", 1)
	d.end("a1", 0, 1, 1, sweep.CausePreempted, "")
	d.end("a0", 0, 1, 0, sweep.CausePreempted, "") // its attempt has ended
	d.want(d.ask("a1", 1))
	d.want(d.ask("a0", 1), "trial000:2 rank 0/2")
	d.want(d.ask("a1", 1), "trial000:2 rank 1/2")
	d.end("a1", 0, 2, 1, sweep.CauseDiverged, "") // only rank 0 says that for all
	if n := d.core.Counts(); n.Running != 1 || n.Failed != 0 {
		t.Errorf("counts %+v", n)
	}
	d.end("a0", 0, 2, 0, sweep.CauseDiverged, "")
	if n := d.core.Counts(); n.Ended != 1 || n.Running != 0 || d.log.ended() != 2 {
		t.Errorf("counts %+v", n)
	}
}

// A seat of which the agent never hears, because it was granted to it while it was away, ends the attempt when its lease expires.
func TestSeatThatIsNeverTaken(t *testing.T) {
	d := newDesk(t, []int{2}, 1, 1)
	d.ask("a0", 1)
	d.ask("a1", 1)
	hold := []sweep.Hold{{Trial: "trial000", Attempt: 1, Rank: 1}}
	for d.now < 2*simExpiry {
		d.now += simExpiry / 8
		d.request("a0", broker.Request{Beat: &broker.Beat{}})
		if r := d.request("a1", broker.Request{Beat: &broker.Beat{Holding: hold}}); len(r.Lost) > 0 {
			break
		}
		d.step(Tick{})
	}
	if e := d.log.lastEnded(); e.Cause != sweep.CauseNode || e.Suspect || e.Detail != "the agent of rank 0 did not know of it" {
		t.Errorf("the attempt ended as %+v", e)
	}
	// The next controller knows who has which rank from the log.
	d.want(d.ask("a1", 1))
	d.want(d.ask("a0", 1), "trial000:2 rank 0/2")
	d.core = NewCore(d.core.options, d.log, d.log.past(d.plan))
	d.step(Begun{Holder: "next"})
	for i, rank := range []string{"a0", "a1"} {
		r := d.request(rank, broker.Request{Hello: &broker.Hello{Host: "h", PID: 1, Slots: 1, Holding: []sweep.Hold{{Trial: "trial000", Attempt: 2, Rank: i}, {Trial: "trial000", Attempt: 2, Rank: 1 - i}}}})
		if len(r.Lost) != 1 || r.Lost[0].Rank != 1-i {
			t.Errorf("%s has lost %v", rank, r.Lost)
		}
	}
}
