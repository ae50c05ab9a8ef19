package controller

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// Options say how a controller runs. The zero value of everything but Dir and Spec means the default.
type Options struct {
	Dir  string          // the sweep's folder, made by results.Create
	Spec *sweep.Spec     // the frozen spec of that folder
	NATS broker.External // a server of others; without a URL: a broker of our own, inside this process
	Log  zerolog.Logger

	Listen       broker.Listen // where our own broker listens (loopback)
	Outlived     bool          // the agents outlive this controller: when ctx ends, or another controller wants the term, it steps down, and they go on
	Takeover     bool          // ask a live holder of the term to step down, and wait until it has
	RequestsOnly bool          // do what control/requests wants and return: no broker, no agents
	Binary       string        // digest of this program, that agents must have in Hello and former controllers had; "": any
	PartWait     time.Duration // of schedule: static: how long the part of a rank that is gone waits for an agent before the sweep is stopped (0: for ever)

	// OutOfMemory asks the scheduler which of some jobs, by the names that agents give, were ended for lack of memory; nil: nobody can be asked. The agents are silent or
	// dead, and lose their leases when it returns.
	OutOfMemory func(ctx context.Context, jobs []string) (map[string]bool, error)

	AcceptBinary bool // go on with a sweep that another program has run so far

	// Ready is called once, when agents can connect and there is work for them. ctx ends when Run does.
	Ready func(ctx context.Context)
	// Progress is called from Run's own goroutine, at most every 100 ms and at the end.
	Progress func(Progress)

	Heartbeat time.Duration // of agents (5 s)
	Expiry    time.Duration // of a lease that no heartbeat renews (6 heartbeats)
	Flush     time.Duration // between two flushes of log rows into Parquet (30 s)
	FlushRows int           // rows in the log that cause a flush (65,536)
	Drain     time.Duration // for agents to hand over when the controller leaves (10 s)
	Farewell  time.Duration // for agents to leave after the sweep has ended (5 s)
	Term      TermOptions
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Heartbeat, 5*time.Second)
	set(&o.Expiry, 6*o.Heartbeat)
	set(&o.Flush, 30*time.Second)
	set(&o.Drain, 10*time.Second)
	set(&o.Farewell, 5*time.Second)
	if o.FlushRows == 0 {
		o.FlushRows = 1 << 16
	}
	o.Term = o.Term.withDefaults()
	return o
}

// A Summary is how a run of the controller ended.
type Summary struct {
	State    string                // ended, stopped; running or paused where it was interrupted
	Trials   int                   // planned so far
	Ended    int                   // with any outcome
	Failed   int                   // with the outcome failed
	Outcomes map[sweep.Outcome]int // trials by outcome
	Digest   string                // of the four tables after the final compaction; "" before
}

// Progress is how far a sweep is.
type Progress struct {
	Trials  int  // planned so far
	Finite  bool // Trials is, or for a random sweep Cap will be, all there are
	Cap     int  // all trials of a finite plan
	Ended   int
	Failed  int
	Running int
	Waiting int
	Agents  int
	Elapsed time.Duration // of this run of the controller
	Rate    float64       // ended trials a second, over the last minute of this run at most
	Best    *BestSoFar    // nil: nothing is measured yet
}

// BestSoFar is the best value of the metric that select names among all checkpoints committed so far.
type BestSoFar struct {
	Trial     sweep.TrialID
	Update    int
	Metric    string
	Condition string
	Value     float64
}
