package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"neurosweep/broker"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

// Run is the controller of a sweep: it takes a term, goes on where the log stands, and returns when the sweep has ended or was stopped, when ctx ended and the
// agents have handed over, or when it may not or cannot go on, with an error: *HeldError where another controller lives, ErrTermLost where another has taken
// the sweep over, *BinaryError where another program has run it so far. Whatever was committed before an error stays, and the next Run goes on from there.
func Run(ctx context.Context, o Options) (Summary, error) {
	o = o.withDefaults()
	o.Term.Takeover = o.Takeover
	former := o.Binary
	if o.Binary != "" {
		var err error
		if former, err = formerBinary(o); err != nil {
			return Summary{}, err
		}
	}
	term, err := TakeTerm(ctx, o.Dir, o.Term)
	if err != nil {
		return Summary{}, err
	}
	s, err := newShell(o, term)
	if err != nil {
		return Summary{}, errors.Join(err, term.Release())
	}
	s.former = former
	err = s.run(ctx)
	err = errors.Join(err, s.close(err == nil))
	return s.summary(), err
}

// A shell is what connects a Core to the world. Everything in it belongs to the goroutine of run, unless it says otherwise.
type shell struct {
	o      Options
	term   *Term
	writer *results.Writer
	plan   *search.Plan
	core   *Core
	teller *teller
	server *broker.Server // nil: an external one, or none
	hub    *broker.Hub    // nil: none

	former    string // the digest of the program that has run the sweep so far
	begun     time.Time
	asked     map[uint64]broker.Asked // by ticket
	ticket    uint64
	delivered *broker.Delivery // the last report that was taken and not acknowledged
	finished  *Finished
	lost      chan error // the term

	flushing  chan error // the result of the flush that runs; nil: none does
	lastFlush time.Time
	watched   map[sweep.Incarnation]int // processes of agents on this machine
	jobs      jobs

	progress
}

func newShell(o Options, term *Term) (*shell, error) {
	s := &shell{o: o, term: term, begun: time.Now(), lastFlush: time.Now(), asked: map[uint64]broker.Asked{}, lost: make(chan error, 1),
		watched: map[sweep.Incarnation]int{}}
	var err error
	if s.writer, err = results.OpenWriter(o.Dir, term.Number(), o.Spec, results.WriterOptions{Log: o.Log}); err != nil {
		return nil, err
	}
	state := s.writer.State()
	if s.plan, err = search.Open(o.Spec); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	var seen []sweep.CellID
	past := make([]Past, 0, state.Planned())
	for t := range state.Trials {
		seen = append(seen, t.Cell)
		past = append(past, pastOf(t))
	}
	s.plan.Skip(state.Draws(), seen)
	s.teller = &teller{Ledger: s.writer, log: o.Log}
	s.jobs = newJobs(o)
	s.core = NewCore(CoreOptions{
		Spec: o.Spec, Term: term.Number(), Expiry: o.Expiry, Digest: o.Spec.Digest(), Binary: o.Binary, Finite: o.Spec.Method == "grid", Ranks: ranks(o.Spec),
		Quarantined: state.Quarantined(), Former: state.FormerAgents(), AsksJobs: o.OutOfMemory != nil, PartWait: o.PartWait,
	}, s.teller, past)
	s.startProgress(state)
	return s, nil
}

// ranks says how many ranks train a trial; nil: one.
func ranks(spec *sweep.Spec) func(sweep.Trial) int {
	if spec.Ranks <= 1 {
		return nil
	}
	return func(t sweep.Trial) int {
		n, err := train.Ranks(spec, t)
		if err != nil { // the attempt will say why
			return 1
		}
		return n
	}
}

// pastOf is what the log says of a trial.
func pastOf(t *results.TrialState) Past {
	p := Past{Trial: t.Trial, Outcome: t.Outcome, Cause: t.Cause, Updates: t.Extended(), Last: t.Before + len(t.Attempts)}
	for _, a := range t.Attempts {
		p.Attempts = append(p.Attempts, PastAttempt{Number: a.Number, Incarnation: a.Incarnation, Agent: a.Agent, Ranks: a.Ranks, Ended: a.Ended, Taken: a.Taken,
			End: a.End, Suspect: a.Suspect, Newest: a.Newest})
	}
	return p
}

// open makes the broker, and says where it is.
func (s *shell) open(ctx context.Context) error {
	id, err := broker.Prepare(s.o.Dir)
	if err != nil {
		return err
	}
	var address, own broker.Address // for agents, and for this process
	if s.o.NATS.URL != "" {
		if address, err = s.o.NATS.Address(id, s.term.Number()); err != nil {
			return err
		}
		own = address
	} else {
		if s.server, err = broker.Start(s.o.Dir, id, s.o.Listen); err != nil {
			return err
		}
		address, own = s.server.Address(s.term.Number()), s.server.Own(s.term.Number())
	}
	if s.hub, err = broker.OpenHub(ctx, own, id, s.o.Log); err != nil {
		return err
	}
	return address.Write(s.o.Dir)
}

// run does the controller's work.
func (s *shell) run(ctx context.Context) error {
	renewing, stop := context.WithCancel(context.Background())
	defer stop()
	go s.renew(renewing)
	err := s.begin()
	if err != nil || s.finished != nil || s.o.RequestsOnly {
		return s.conclude(err)
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	s.o.Log.Info().Str("sweep", s.o.Spec.Name).Int("term", s.term.Number()).Int("trials", s.core.Counts().Planned).Msg("the controller is ready")
	if s.o.Ready != nil {
		ready, cancel := context.WithCancel(ctx)
		defer cancel()
		s.o.Ready(ready)
	}
	return s.conclude(s.loop(ctx))
}

// begin puts the core where the last controller has left the sweep.
func (s *shell) begin() error {
	requests := s.pending()
	if err := s.step(Begun{Holder: s.term.Holder().String(), Requests: requests}); err != nil {
		return err
	}
	if err := errors.Join(s.keepBinary(s.former), s.readSpools(), s.recallTarget()); err != nil {
		return err
	}
	if err := s.commit(); err != nil {
		return err
	}
	return doneWith(requests)
}

// renew keeps the term.
func (s *shell) renew(ctx context.Context) {
	ticks := time.NewTicker(s.o.Term.renew())
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if err := s.term.Renew(); errors.Is(err, ErrTermLost) {
				s.lost <- err
				return
			} else if err != nil {
				s.o.Log.Warn().Err(err).Msg("the term could not be renewed; it is tried again")
			}
		}
	}
}

// conclude ends the sweep in the books, if that is what the core wants.
func (s *shell) conclude(err error) error {
	if err == nil {
		err = s.awaitFlush()
	}
	if err != nil || s.finished == nil {
		return err
	}
	if s.finished.State != StateEnded {
		return s.writer.Flush(context.Background())
	}
	digest, err := s.writer.Finish()
	if err != nil {
		return fmt.Errorf("compact the finished tables: %w", err)
	}
	s.digest = digest
	if err := s.teller.Append(results.Entry{State: &results.Change{State: StateEnded}}); err != nil {
		return err
	}
	if err := s.commit(); err != nil {
		return err
	}
	return errors.Join(s.writer.Flush(context.Background()), s.removeSpools())
}

// close ends what was opened, in the reverse order.
func (s *shell) close(clean bool) error {
	var err error
	if s.hub != nil {
		err = s.hub.Close()
	}
	if s.server != nil {
		s.server.Close()
	}
	_ = s.awaitFlush() // a flush that failed is tried again by the next controller
	if closing := s.writer.Close(); clean {
		err = errors.Join(err, closing)
	}
	return errors.Join(err, s.term.Release())
}
