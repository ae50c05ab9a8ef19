package controller

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// A Ledger is the sweep's log as the core uses it: results.Writer's in a sweep, one in memory in the core's tests.
type Ledger interface {
	// Append folds entries into the state that the methods below read, at once. They are durable when the core is told Synced.
	Append(entries ...results.Entry) error
	// HighWater is the sequence of the last report of an incarnation that was appended; 0: none.
	HighWater(i sweep.Incarnation) uint64
	// Complete tells whether every checkpoint that is planned up to the update reached, and its evaluation on every condition, was appended.
	Complete(t sweep.TrialID, reached int) bool
	// Newest is the update of a trial's newest checkpoint; -1: it has none.
	Newest(t sweep.TrialID) int
}

// CoreOptions are what the core needs to know beside the past.
type CoreOptions struct {
	Spec   *sweep.Spec
	Term   int
	Expiry time.Duration // of a lease
	Digest string        // of the spec, which agents must have too; "": any
	Binary string        // digest of the binary that agents must run; "": any
	Finite bool          // the plan is complete: nothing is drawn

	Ranks       func(sweep.Trial) int // how many ranks train a trial together; nil: one
	Quarantined []results.Quarantine  // nodes that an earlier controller has put under quarantine
	Former      []string              // names of agents of earlier controllers that have not left, sorted
	AsksJobs    bool                  // somebody obeys AskJob
	PartWait    time.Duration         // of schedule: static: how long the part of a rank waits for an agent before the sweep is stopped; 0: for ever
}

// Core decides everything in a sweep: who gets which trial, when an attempt has ended, when a trial has. It is a pure state machine:
// events in, commands out, entries into the ledger; the same events give the same commands. It is not safe for concurrent use.
//
// One rule makes it crash-safe: no command leaves Step while an entry is not durable. What the outside world hears never depends on
// something that a crash could take back.
type Core struct {
	options CoreOptions
	ledger  Ledger
	err     error // of the ledger; the core is dead then

	plan   []*trial // in plan order
	trials map[sweep.TrialID]*trial
	queue  queue
	counts Counts
	mode   mode
	paused bool

	agents   map[sweep.Incarnation]*agent
	order    []*agent // in the order in which they were first heard of
	hosts    map[string]*host
	drained  map[string]bool // jobs whose agents leave: a person has scaled the sweep down
	deferred []Requested     // asks that wait for Drawn
	drawing  bool            // a Draw is on its way
	wake     bool            // hungry agents should hear that there is work
	target   target
	finite   bool // no more trials can be drawn

	gathering *trial                // the gang that slots are kept for
	aside     []*trial              // gangs that cannot be granted now
	short     bool                  // an event has said that the agents have too few slots for one
	parts     []queue               // of schedule: static, by rank, when it is known how many ranks there are
	absent    map[int]time.Duration // ranks whose part waits, and since when
	stopWhy   string

	longest     time.Duration   // that an attempt has needed until it had something to hand over; 0: unknown
	late        time.Duration   // the longest time that attempts at trials which the last ask passed over have spent in vain
	quarantined map[string]bool // nodes
	former      []string        // agents of earlier controllers that this one has not heard of, until leases expire

	clock  time.Duration // the leases' clock: stands still while the controller or the broker is away
	now    time.Duration // of the last event
	away   bool          // the broker is
	epoch  int           // counts the times that controller or broker were away
	expire time.Duration // by the leases' clock: no lease expires before

	dirty     bool      // entries were appended since the last Synced
	at        []Command // to be done at once: ReadSpool, Draw
	held      []Command // waiting for Synced
	committed []*agent  // to be told of a commit, in order of their first report
	finished  bool
}

// A mode says what the controller is at.
type mode int

const (
	working  mode = iota
	stopping      // a user's stop: everything is handed over, then the state is stopped
	leaving       // interrupted, or taken over: the same, the state stays
	handing       // stepped down: agents keep what they hold, and are answered no more
	over          // Finished is on its way
)

// Counts says how far a sweep is.
type Counts struct{ Planned, Ended, Failed, Running, Waiting, Agents int }

// NewCore makes the core of a controller from what earlier ones have left: the trials in plan order, and the state of the sweep.
func NewCore(o CoreOptions, ledger Ledger, past []Past) *Core {
	c := &Core{
		options: o, ledger: ledger, finite: o.Finite,
		trials: map[sweep.TrialID]*trial{}, agents: map[sweep.Incarnation]*agent{}, hosts: map[string]*host{}, drained: map[string]bool{},
		target: targetOf(o.Spec), absent: map[int]time.Duration{}, quarantined: map[string]bool{},
	}
	for _, q := range o.Quarantined {
		c.quarantined[q.Node] = true
	}
	c.expire = o.Expiry
	c.former = slices.Clone(o.Former)
	for _, p := range past {
		c.recall(p)
	}
	return c
}

// Step takes one event at the given time of the controller's clock, which counts from its start and never goes back.
// An error is the ledger's, and final.
func (c *Core) Step(now time.Duration, e Event) ([]Command, error) {
	c.advance(now)
	switch e := e.(type) {
	case Begun:
		c.begin(e)
	case Requested:
		c.requested(e)
	case Reported:
		c.reported(e.Report)
	case SpoolRead:
		c.spoolRead(e.Incarnation)
	case Synced:
		c.dirty = false
	case Died:
		c.died(e.Incarnation)
	case JobAsked:
		c.jobAsked(e)
	case Tick:
		c.tick()
	case Link:
		c.link(e.Up)
	case Drawn:
		c.drawn(e)
	case Asked:
		c.asked(e.Request)
	case Interrupted:
		c.leave(leaving)
	case SteppedDown:
		c.stepDown()
	case GiveUp:
		c.giveUp()
	case Measured:
		c.measured(e.Trial, e.Value)
	default:
		c.fail(fmt.Errorf("the controller's core knows no event %T", e))
	}
	c.conclude()
	c.hurryGang()
	c.wakeHungry()
	return c.release(), c.err
}

// Dirty tells that the core waits for Synced.
func (c *Core) Dirty() bool { return c.dirty }

// Counts says how far the sweep is.
func (c *Core) Counts() Counts {
	n := c.counts
	n.Planned = len(c.plan)
	return n
}

// Finite tells whether all trials of the sweep are in the plan.
func (c *Core) Finite() bool { return c.finite }

// begin settles what an earlier controller left half done: it may have died between two entries.
func (c *Core) begin(e Begun) {
	c.write(results.Entry{Event: &results.Event{Kind: "term taken", Agent: e.Holder, Detail: fmt.Sprintf("term %d", c.options.Term)}},
		results.Entry{State: &results.Change{State: StateRunning}})
	for _, t := range c.plan {
		if t.state == waiting {
			c.settle(t)
		}
	}
	for _, r := range e.Requests {
		c.asked(r)
	}
}

// write appends entries to the ledger.
func (c *Core) write(entries ...results.Entry) {
	if c.err != nil {
		return
	}
	c.dirty = true
	c.fail(c.ledger.Append(entries...))
}

func (c *Core) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *Core) do(commands ...Command) { c.held = append(c.held, commands...) }

// release hands out what may be done now.
func (c *Core) release() []Command {
	out := c.at
	c.at = nil
	if c.dirty || c.err != nil {
		return out
	}
	for _, a := range c.committed {
		a.announce = false
		out = append(out, Tell{a.id, broker.Control{Version: broker.MessageVersion, Committed: c.ledger.HighWater(a.id)}})
	}
	out = append(out, c.held...)
	c.committed, c.held = nil, nil
	return out
}

// conclude finds out whether there is anything left to do.
func (c *Core) conclude() {
	if c.finished || c.drawing || c.counts.Running > 0 && c.mode != handing || c.err != nil {
		return
	}
	switch {
	case c.mode == handing:
		c.finish("")
	case c.mode == stopping:
		c.write(results.Entry{State: &results.Change{State: StateStopped, Why: cmp.Or(c.stopWhy, "sweep stop")}})
		c.finish(StateStopped)
	case c.mode == leaving:
		c.finish("")
	case c.counts.Waiting > 0 || c.paused:
	case c.finite:
		c.dismiss()
		c.finish(StateEnded)
	default:
		c.draw(1)
	}
}

func (c *Core) finish(state string) {
	c.finished = true
	if c.mode != handing {
		c.mode = over
	}
	c.do(Finished{state})
}
