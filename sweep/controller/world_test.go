package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/clock"
)

// A world is a whole sweep under a virtual clock: controllers that come and go over one log, a broker that loses its store, agents
// that die, freeze and are replaced. Everything in it is drawn from one seed.
type world struct {
	clock.Clock
	random *rand.Rand
	faults faults
	calm   time.Duration // from then on nothing bad happens any more

	spec    *sweep.Spec
	plan    []sweep.Trial
	scripts map[sweep.TrialID]script
	supply  int // trials of plan that the sampler draws; the rest is planned from the start

	log       *log
	core      *Core // nil: no controller lives
	term      int
	begun     time.Duration
	linked    bool
	ticket    uint64
	tickets   map[uint64]func(broker.Reply)
	syncing   bool
	finishing bool // the controller steps down
	steps     int  // how often one has
	asleep    bool // the controller's process is stopped
	backlog   []Event
	extension *Request // an extension that somebody wants

	agents  map[sweep.Incarnation]*simAgent
	gangs   map[string]*simGang   // by group
	static  bool                  // the agents are numbered, one for each of hosts
	jobs    bool                  // the agents are jobs of a scheduler that can be asked
	ranks   func(sweep.Trial) int // nil: one
	born    int
	hosts   int
	slots   int
	spools  map[sweep.Incarnation]*simSpool
	disk    map[sweep.TrialID][]results.TrialReport // .state of each trial: all it has reported
	state   string
	done    bool
	broken  []string // invariants
	history []string // what the controllers did, in order
}

// faults are probabilities of what may go wrong.
type faults struct {
	drop, twice          float64 // of one message
	kill, freeze         float64 // of an agent, each second
	crash, sleep, outage float64 // of the controller's end, its process's stop, the broker's loss, each second
	stepDown             float64 // of the controller's handing over, each second

	walltime time.Duration // that agents live at most; 0: for ever
	badHost  bool          // trials die on host0 in their first second
}

// between is a random time.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.random.Int64N(int64(high-low)+1))
}

// chance is true with probability p, and never in calm times.
func (w *world) chance(p float64) bool { return w.random.Float64() < p && w.Now() < w.calm }

func (w *world) complain(format string, args ...any) {
	if len(w.broken) < 10 {
		w.broken = append(w.broken, fmt.Sprintf("%v: ", w.Now())+fmt.Sprintf(format, args...))
	}
}

const (
	simExpiry  = 6 * time.Second
	simBeat    = time.Second
	simLimit   = time.Hour // of virtual time; a sweep of the tests takes minutes
	simUpdates = 30
	simEvery   = 10
)

// run lets time pass until the sweep has ended.
func (w *world) run() {
	w.startController()
	for range w.hosts {
		w.spawn()
	}
	w.After(time.Second, w.second)
	for !w.done && len(w.broken) == 0 && w.Next() {
		if w.Now() > simLimit {
			w.complain("the sweep does not end: %+v", w.core.Counts())
			return
		}
	}
}

// second draws this second's misfortunes.
func (w *world) second() {
	for _, a := range w.living() {
		switch {
		case w.chance(w.faults.kill):
			w.kill(a)
		case w.chance(w.faults.freeze):
			a.frozen = true
			w.After(w.between(time.Second, 3*simExpiry), func() {
				a.frozen = false
				a.republish()
			})
		}
	}
	if w.chance(w.faults.crash) {
		w.crash()
	}
	if w.core != nil && !w.asleep && w.chance(w.faults.stepDown) {
		w.stepDown()
	}
	if w.core != nil && !w.asleep && w.chance(w.faults.sleep) {
		w.asleep = true
		w.After(w.between(time.Second, 3*simExpiry), w.awake)
	}
	if w.linked && w.chance(w.faults.outage) {
		w.loseBroker()
	}
	w.After(time.Second, w.second)
}

// awake lets the controller's process go on.
func (w *world) awake() {
	w.asleep = false
	events := w.backlog
	w.backlog = nil
	for _, e := range events {
		w.step(e)
	}
}

// living agents in the order of their birth.
func (w *world) living() []*simAgent {
	var list []*simAgent
	for _, a := range w.agents {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *simAgent) int { return a.number - b.number })
	return list
}

// startController takes a term over what the log holds.
func (w *world) startController() {
	w.term++
	w.begun = w.Now()
	w.linked = true
	w.tickets = map[uint64]func(broker.Reply){}
	w.log.recover(w.random)
	w.core = NewCore(CoreOptions{Spec: w.spec, Term: w.term, Expiry: simExpiry, Finite: w.supply == 0, Ranks: w.ranks, AsksJobs: w.jobs,
		Quarantined: w.log.quarantined()}, w.log, w.log.past(w.plan[:len(w.plan)-w.supply]))
	w.syncing, w.asleep, w.backlog, w.finishing = false, false, nil, false
	begun := Begun{Holder: "test"}
	if w.extension != nil {
		begun.Requests = []Request{*w.extension}
	}
	w.step(begun)
	for _, i := range w.spoolNames() {
		for _, r := range w.spools[i].reports {
			w.step(Reported{r})
		}
	}
	if id, v, ok := w.log.best(w.core.target); ok {
		w.step(Measured{id, v})
	}
	w.tick(w.core)
}

func (w *world) spoolNames() []sweep.Incarnation {
	var names []sweep.Incarnation
	for i := range w.spools {
		names = append(names, i)
	}
	slices.Sort(names)
	return names
}

func (w *world) tick(c *Core) {
	if w.core == c {
		if !w.asleep {
			w.step(Tick{})
		}
		w.After(simExpiry/16, func() { w.tick(c) })
	}
}

// crash ends the controller, and its broker with it; another comes later.
func (w *world) crash() {
	if w.core == nil {
		return
	}
	w.core = nil
	w.dropMessages()
	w.After(w.between(0, 4*simExpiry), w.startController)
}

// stepDown has the controller hand over; its last word comes when its log is synced.
func (w *world) stepDown() {
	if w.finishing {
		return
	}
	w.finishing = true
	w.steps++
	w.step(SteppedDown{})
}

// loseBroker empties the broker's store; after a while it is back.
func (w *world) loseBroker() {
	w.linked = false
	w.dropMessages()
	w.step(Link{false})
	c := w.core
	w.After(w.between(time.Second, 3*simExpiry), func() {
		if w.core == c && c != nil {
			w.linked = true
			w.step(Link{true})
			for _, a := range w.living() {
				a.republish()
			}
		}
	})
}

// dropMessages loses what is on the way to the controller.
func (w *world) dropMessages() {
	for _, a := range w.living() {
		a.stream = nil
	}
}

// step gives one event to the controller and does what it commands.
func (w *world) step(e Event) {
	if w.core == nil || w.done {
		return
	}
	if w.asleep { // it takes events when it wakes up, in their order
		w.backlog = append(w.backlog, e)
		return
	}
	c := w.core
	if _, asked := e.(Asked); asked && c.finished { // it stays for a controller that this world does not have
		w.extension = nil
		return
	}
	commands, err := c.Step(w.Now()-w.begun, e)
	if err != nil {
		w.complain("the core failed: %v", err)
		return
	}
	for _, command := range commands {
		if w.core != c { // a command before this one was its end
			return
		}
		w.history = append(w.history, fmt.Sprintf("%v %T %+v", w.Now(), command, command))
		w.obey(command)
	}
	if c.Dirty() && !w.syncing {
		w.syncing = true
		w.After(w.between(0, 50*time.Millisecond), func() { w.sync(c) })
	}
}

// sync makes the log durable, unless the controller's process is stopped or dead.
func (w *world) sync(c *Core) {
	switch {
	case w.core != c:
	case w.asleep:
		w.After(100*time.Millisecond, func() { w.sync(c) })
	default:
		w.syncing = false
		w.log.sync()
		w.step(Synced{})
	}
}

// obey does one command.
func (w *world) obey(command Command) {
	switch command := command.(type) {
	case Answer:
		if r := command.Reply; w.core.mode == handing && (r.Drain || r.Done) {
			w.complain("a controller that steps down sends an agent away: %+v", r)
		}
		w.checkGrants(command.Reply)
		if reply := w.tickets[command.Ticket]; reply != nil {
			delete(w.tickets, command.Ticket)
			reply(command.Reply)
		}
	case Tell:
		if w.core.mode == handing && command.Control.Drain && command.Control.Why == "" {
			w.complain("a controller that steps down sends its agents away")
		}
		if n := command.Control.Committed; n > w.log.durable.high[command.Incarnation] {
			w.complain("commit of report %d of %s is announced, but only %d are durable", n, command.Incarnation, w.log.durable.high[command.Incarnation])
		}
		if a := w.agents[command.Incarnation]; a != nil && w.linked && !w.chance(w.faults.drop) {
			w.After(w.between(0, 200*time.Millisecond), func() { a.control(command.Control) })
		}
	case ReadSpool:
		if s := w.spools[command.Incarnation]; s != nil {
			for _, r := range slices.Clone(s.reports) {
				w.step(Reported{r})
			}
		}
		w.step(SpoolRead(command))
	case AskJob:
		c := w.core
		w.After(w.between(0, 2*time.Second), func() {
			if w.core == c {
				w.step(JobAsked{Incarnation: command.Incarnation})
			}
		})
	case Draw:
		n := min(command.Trials, w.supply)
		from := len(w.plan) - w.supply
		w.supply -= n
		w.step(Drawn{Trials: w.plan[from : from+n], Draws: from + n, End: w.supply == 0})
	case Finished:
		if command.State == "" {
			if n := len(w.log.entries); n != w.log.synced {
				w.complain("the controller stepped down with %d entries that are not durable", n-w.log.synced)
			}
			w.crash()
			return
		}
		w.state, w.done = command.State, true
	}
}

// checkGrants demands that every granted attempt is durable before anybody hears of it.
func (w *world) checkGrants(r broker.Reply) {
	for _, g := range r.Trials {
		if t := w.log.durable.trials[g.ID]; t == nil || t.last < g.Attempt {
			w.complain("attempt %d at %s is granted before it is in the log", g.Attempt, g.ID)
		}
	}
}

// request carries an agent's request to the controller, and the answer back, if nothing goes wrong.
func (w *world) request(a *simAgent, r broker.Request, reply func(broker.Reply)) {
	if !w.linked || w.core == nil || a.frozen || w.chance(w.faults.drop) {
		return
	}
	r.Version, r.Incarnation = broker.MessageVersion, a.id
	copies := 1
	if w.chance(w.faults.twice) {
		copies = 2
	}
	for range copies {
		w.ticket++
		ticket := w.ticket
		w.After(w.between(0, 300*time.Millisecond), func() {
			if w.linked && w.core != nil {
				w.tickets[ticket] = func(answer broker.Reply) {
					if w.linked && !w.chance(w.faults.drop) {
						w.After(w.between(0, 300*time.Millisecond), func() { reply(answer) })
					}
				}
				w.step(Requested{ticket, r})
			}
		})
	}
}
