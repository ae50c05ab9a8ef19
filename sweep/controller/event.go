package controller

import (
	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// An Event is something that happened outside the core. It is one of the types below.
type Event interface{ event() }

// Begun is the first event of a controller: it has taken its term and knows the past, and what people have wanted meanwhile.
type Begun struct {
	Holder   string
	Requests []Request
}

// Requested is an agent's request. Ticket names the request in the Answer to it.
type Requested struct {
	Ticket  uint64
	Request broker.Request
}

// Reported is a report as it arrived: for the first time, again, or out of order; by the broker or from a spool.
type Reported struct{ Report *results.Report }

// SpoolRead says that all reports which the spool of an incarnation held were given to the core since its ReadSpool.
type SpoolRead struct{ Incarnation sweep.Incarnation }

// Synced says that all entries which the core has appended are durable.
type Synced struct{}

// Died says that the process of an incarnation is known to be gone, before its lease has expired.
type Died struct{ Incarnation sweep.Incarnation }

// JobAsked answers an AskJob: whether the scheduler has ended the job for lack of memory. Where nobody knows, it has not.
type JobAsked struct {
	Incarnation sweep.Incarnation
	OutOfMemory bool
}

// Tick comes a few times a heartbeat, whatever else happens.
type Tick struct{}

// Link says that the connection to the broker was lost (Up false) or is there again.
type Link struct{ Up bool }

// Drawn answers a Draw: the next trials of the plan, the position of the sampler behind them, and whether there are no more.
type Drawn struct {
	Trials []sweep.Trial
	Draws  int
	End    bool
}

// Asked is a user's request to a live sweep.
type Asked struct{ Request Request }

// Interrupted says that this controller is to leave: agents hand their trials over, the sweep's state stays what it was.
type Interrupted struct{}

// SteppedDown says that this controller is to leave without its agents: they go on with what they have, and find the next controller.
type SteppedDown struct{}

// GiveUp ends the waiting for agents that were told to leave: what they still hold is taken from them.
type GiveUp struct{}

// Measured tells the best value of the target's metric that an earlier controller has committed: it may have died before it acted on it.
type Measured struct {
	Trial sweep.TrialID
	Value float64
}

func (Begun) event()       {}
func (Died) event()        {}
func (JobAsked) event()    {}
func (Requested) event()   {}
func (Reported) event()    {}
func (SpoolRead) event()   {}
func (Synced) event()      {}
func (Tick) event()        {}
func (Link) event()        {}
func (Drawn) event()       {}
func (Asked) event()       {}
func (Interrupted) event() {}
func (SteppedDown) event() {}
func (GiveUp) event()      {}
func (Measured) event()    {}

// A Command is what the core wants done, in the order given. It is one of the types below.
type Command interface{ command() }

// Answer answers the Requested with the same ticket.
type Answer struct {
	Ticket uint64
	Reply  broker.Reply
}

// Tell sends a control message to an incarnation.
type Tell struct {
	Incarnation sweep.Incarnation
	Control     broker.Control
}

// ReadSpool wants the reports of an incarnation's spool, each as Reported, and SpoolRead after the last, all before any other event.
type ReadSpool struct{ Incarnation sweep.Incarnation }

// AskJob wants the scheduler to be asked how the job of an agent has ended that is silent or dead, and the answer as JobAsked, soon or late but in any case.
type AskJob struct {
	Incarnation sweep.Incarnation
	Job         string
}

// Draw wants at least so many more trials of the plan, as Drawn, before any other event.
type Draw struct{ Trials int }

// Finished says that the controller's work is over; it is the last command.
type Finished struct{ State string } // StateEnded: compact and end the sweep; StateStopped; "": interrupted, or stepped down

func (Answer) command()    {}
func (Tell) command()      {}
func (ReadSpool) command() {}
func (AskJob) command()    {}
func (Draw) command()      {}
func (Finished) command()  {}

// The states of a sweep (results.Change). A sweep that has no log yet is waiting.
const (
	StateRunning = "running"
	StatePaused  = "paused"
	StateStopped = "stopped"
	StateEnded   = "ended"
)
