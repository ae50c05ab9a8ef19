package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"neurosweep/broker"
	"neurosweep/sweep"
	"neurosweep/sweep/clock"
	"neurosweep/sweep/controller"
)

// A Simulation is one sweep. It is not safe for concurrent use.
type Simulation struct {
	clock.Clock
	o      Options
	random *rand.Rand

	core    *controller.Core
	ledger  *ledger
	syncing bool
	agents  map[sweep.Incarnation]*agent
	tasks   int
	ticket  uint64
	asked   map[uint64]asked
	done    bool
	err     error
	limit   time.Duration // of virtual time
	every   time.Duration // CheckpointEvery

	length []time.Duration // of training, by trial
	saved  []time.Duration // of it, by checkpoint or hand-over
	account
	starts int
	ends   map[string]int // of agents, by why
	steps  int
}

// asked is a request on its way.
type asked struct {
	agent *agent
	ask   bool
}

// New makes a simulation, the core with its plan included.
func New(o Options) (*Simulation, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Simulation{o: o, random: rand.New(rand.NewPCG(o.Seed, 0)), ledger: newLedger(o.Trials, o.Ledger), agents: map[sweep.Incarnation]*agent{},
		asked: map[uint64]asked{}, every: o.CheckpointEvery, length: make([]time.Duration, o.Trials), saved: make([]time.Duration, o.Trials),
		account: account{lostBy: map[string]float64{}}, ends: map[string]int{}}
	var sum, longest time.Duration
	for i := range s.length {
		s.length[i] = o.TrialTime.draw(s.random)
		sum += s.length[i] / time.Duration(min(o.Agents, o.Trials)*o.Slots)
		longest = max(longest, s.length[i])
	}
	if s.every == 0 {
		s.every = longest
	}
	// A sweep that takes more than a hundred times as long as it should will not end.
	s.limit = 100*(sum+longest+o.Requeue+o.Startup+o.Lease) + o.QueueWait
	past := make([]controller.Past, o.Trials)
	for i := range past {
		if o.Planned != nil {
			past[i].Trial = o.Planned[i]
		} else {
			id := TrialID(i)
			past[i].Trial = sweep.Trial{ID: id, Cell: sweep.CellID("c" + id[1:]), Index: i}
		}
	}
	s.o.Planned = nil
	spec := &sweep.Spec{Name: "simulated", Method: "grid", Retries: o.Retries, MaxLost: o.MaxLost}
	if !o.HandOver { // an external program's trials may save at their checkpoints only
		spec.Program = "simulated"
	}
	s.core = controller.NewCore(controller.CoreOptions{Spec: spec, Term: 1, Expiry: o.Lease, Finite: true}, s.ledger, past)
	return s, nil
}

// Run runs the sweep to its end. An error says that it does not come to one, or that the controller has lost a trial or counted one twice.
func (s *Simulation) Run() (Result, error) {
	s.step(controller.Begun{Holder: "simulation"})
	for range s.o.Agents {
		t := &task{s: s, number: s.tasks}
		s.tasks++
		s.After(s.o.QueueWait, t.start)
	}
	s.tick()
	for !s.done && s.err == nil && s.Next() {
		if s.Now() > s.limit {
			n := s.core.Counts()
			return Result{}, fmt.Errorf("simulate: the sweep does not end: after %v, %d of %d trials have ended; do agents live long enough to bring a trial to a checkpoint, or to its end?",
				s.Now().Round(time.Second), n.Ended, n.Planned)
		}
	}
	if s.err != nil {
		return Result{}, fmt.Errorf("simulate: after %v: %w", s.Now(), s.err)
	}
	failed, err := s.ledger.check(s.core.Counts())
	if err != nil {
		return Result{}, fmt.Errorf("simulate: %w", err)
	}
	return s.result(failed), nil
}

// seconds is the time now.
func (s *Simulation) seconds() float64 { return s.Now().Seconds() }

// between is a random time.
func (s *Simulation) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.random.Int64N(int64(high-low)+1))
}

// tick reminds the core of the time as often as the shell does.
func (s *Simulation) tick() {
	s.step(controller.Tick{})
	s.After(s.o.Lease/16, s.tick)
}

// step gives one event to the core and does what it commands.
func (s *Simulation) step(e controller.Event) {
	if s.done || s.err != nil {
		return
	}
	var commands []controller.Command
	var err error
	if s.o.Around == nil {
		commands, err = s.core.Step(s.Now(), e)
	} else {
		s.o.Around(func() { commands, err = s.core.Step(s.Now(), e) })
	}
	s.steps++
	if err != nil {
		s.err = err
		return
	}
	for _, command := range commands {
		s.obey(command)
	}
	if s.core.Counts().Waiting == 0 {
		s.queueEmpty(s.seconds())
	}
	if s.core.Dirty() && !s.syncing {
		s.syncing = true
		s.After(s.o.Sync, func() {
			s.syncing = false
			s.step(controller.Synced{})
		})
	}
}

// obey does one command.
func (s *Simulation) obey(command controller.Command) {
	switch c := command.(type) {
	case controller.Answer:
		q := s.asked[c.Ticket]
		delete(s.asked, c.Ticket)
		s.After(s.o.Latency, func() { q.agent.hear(c.Reply, q.ask) })
	case controller.Tell:
		a := s.agents[c.Incarnation]
		if a != nil && (len(c.Control.Lost) > 0 || c.Control.Work || c.Control.Drain) {
			s.After(s.o.Latency, func() { a.control(c.Control) })
		}
	case controller.ReadSpool:
		if a := s.agents[c.Incarnation]; a != nil {
			spool := a.spool
			a.spool = nil
			for _, r := range spool {
				s.step(controller.Reported{Report: r})
			}
			if a.gone {
				delete(s.agents, a.id)
			}
		}
		s.step(controller.SpoolRead(c))
	case controller.Finished:
		s.done = true
	}
}

// request carries an agent's request to the controller.
func (s *Simulation) request(a *agent, r broker.Request) {
	r.Version, r.Incarnation = broker.MessageVersion, a.id
	s.After(s.o.Latency, func() {
		s.ticket++
		s.asked[s.ticket] = asked{a, r.Ask != nil}
		s.step(controller.Requested{Ticket: s.ticket, Request: r})
	})
}
