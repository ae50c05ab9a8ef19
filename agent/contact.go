package agent

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"time"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// A contact is what the supervisor knows of its controller.
type contact struct {
	heard   chan heard
	speak   chan broker.Request
	link    *broker.Link
	greeted bool

	asking    bool // an ask is on its way, or waits to be repeated
	sequence  uint64
	free      int // of the ask on its way
	empty     bool
	askedAt   time.Time
	beatAt    time.Time
	lastHeard time.Time // from a controller, for the agent's patience
	published time.Time // when the spool was last sent again
}

func newContact() contact {
	now := time.Now()
	return contact{heard: make(chan heard, 256), speak: make(chan broker.Request, 16), lastHeard: now, published: now}
}

// heard is something that came from the controller, or about it.
type heard struct {
	link    *broker.Link // a new one
	lost    bool         // the link is
	control *broker.Control
	request *broker.Request // that was answered, or not
	reply   broker.Reply
	err     error
}

// How long a request waits for its answer, and how often the agent looks for a broker.
const (
	answerWithin = 10 * time.Second
	lookEvery    = 300 * time.Millisecond
	lookSeldom   = 3 * time.Second // after a while: thousands of agents may look
)

// converse keeps a link to whichever broker there is, and carries requests one after the other.
func (a *supervisor) converse() {
	defer close(a.heard)
	for {
		link := a.dial()
		if link == nil {
			return
		}
		a.heard <- heard{link: link}
		over := a.serve(link)
		link.Close()
		a.heard <- heard{lost: true}
		if over {
			return
		}
	}
}

// dial looks for a broker until there is one; nil: the supervisor has ended.
func (a *supervisor) dial() *broker.Link {
	said := ""
	for look := lookEvery; ; look = min(look+look/4, lookSeldom) {
		address, err := broker.ReadAddress(a.o.Dir)
		if err == nil {
			var link *broker.Link
			if link, err = broker.Dial(a.o.Dir, address, a.incarnation); err == nil {
				return link
			}
		}
		var access *broker.AccessError
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &access) && err.Error() != said:
			said = err.Error()
			a.o.Log.Warn().Err(err).Msg("the broker does not let this agent in")
		default:
			a.o.Log.Debug().Err(err).Msg("no controller can be reached")
		}
		select {
		case _, ok := <-a.speak: // a request of a link that is gone
			if !ok {
				return nil
			}
		case <-time.After(look/2 + rand.N(look)):
		}
	}
}

// serve carries requests over a link until it is lost (false), or the supervisor ends (true).
func (a *supervisor) serve(link *broker.Link) (over bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-link.Closed():
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return false
		case c := <-link.Controls():
			a.heard <- heard{control: &c}
		case r, ok := <-a.speak:
			if !ok {
				return true
			}
			within, done := context.WithTimeout(ctx, min(answerWithin, 3*a.o.Heartbeat))
			reply, err := link.Request(within, r)
			done()
			a.heard <- heard{request: &r, reply: reply, err: err}
		}
	}
}

// say sends a request; false: too many are on their way.
func (a *supervisor) say(r broker.Request) bool {
	select {
	case a.speak <- r:
		return true
	default:
		return false
	}
}

func (a *supervisor) holding() []sweep.Hold {
	holding := make([]sweep.Hold, 0, len(a.jobs))
	for _, j := range a.jobs {
		holding = append(holding, j.hold())
	}
	return holding
}

// greet says hello with everything that this agent holds.
func (a *supervisor) greet() {
	h := a.hello
	h.Holding = a.holding()
	a.beatAt = time.Now()
	a.say(broker.Request{Hello: &h})
}

// hear takes what came from the controller.
func (a *supervisor) hear(h heard) {
	switch {
	case h.link != nil:
		a.link, a.greeted = h.link, false
		a.reporter.links <- h.link
		a.published = time.Now()
		a.greet()
	case h.lost:
		a.link, a.greeted, a.askedAt = nil, false, time.Time{}
		a.reporter.links <- nil
		a.o.Contact(false)
	case h.control != nil:
		a.lastHeard = time.Now()
		a.control(*h.control)
	case h.err != nil:
		a.o.Log.Debug().Err(h.err).Msg("a request was not answered")
		a.o.Contact(false)
		if h.request.Ask != nil {
			a.askedAt = time.Now().Add(lookEvery - answerWithin) // repeat it, but not at once: a broker without a controller answers so at once
		}
	default:
		a.lastHeard = time.Now()
		a.o.Contact(true)
		a.answered(*h.request, h.reply)
	}
}

func (a *supervisor) control(c broker.Control) {
	a.commit(c.Committed)
	a.lose(c.Lost)
	if c.Work {
		a.empty = false
	}
	if c.Drain {
		a.leave(told(c.Why))
	}
}

// answered takes the answer to a request.
func (a *supervisor) answered(q broker.Request, r broker.Reply) {
	switch {
	case r.Refused != "":
		a.fatal = &RefusedError{r.Refused}
		return
	case r.Unknown:
		a.greeted = false
		if q.Hello != nil { // the controller has done with this incarnation
			a.leave(LeftTold)
			return
		}
		a.greet()
		return
	}
	a.lose(r.Lost)
	if q.Hello != nil {
		a.greeted = true
	}
	if q.Ask != nil && a.asking && q.Ask.Sequence == a.sequence {
		a.asking = false
		a.empty = len(r.Trials) == 0
		for _, g := range r.Trials {
			a.take(g)
		}
	}
	if r.Drain || r.Done {
		a.leave(told(r.Why))
	}
}

// take takes a granted trial.
func (a *supervisor) take(g broker.Granted) {
	j := &job{granted: g, waits: time.Now()}
	if old := a.jobs[j.seat()]; old != nil {
		if old.granted.Attempt >= g.Attempt {
			return
		}
		a.stop(old, sweep.CauseCancelled) // the controller has taken it from us, and given it again
	}
	a.jobs[j.seat()] = j
	a.granted++
	if a.leaving != "" {
		a.stop(j, a.leaving.cause())
		return
	}
	a.waiting = append(a.waiting, j)
}

// lose stops attempts that are not ours any more.
func (a *supervisor) lose(lost []sweep.Hold) {
	for _, h := range lost {
		if j := a.jobs[seatOf(h)]; j != nil && j.granted.Attempt == h.Attempt {
			a.stop(j, sweep.CauseCancelled)
		}
	}
}

// commit takes the announcement that reports up to a sequence are committed.
func (a *supervisor) commit(sequence uint64) {
	if sequence == 0 {
		return
	}
	a.spool.Committed(sequence)
	n := 0
	for ; n < len(a.numbers) && a.numbers[n].sequence <= sequence; n++ {
		c := a.numbers[n]
		if j := a.jobs[seat{trial: c.trial}]; j != nil && j.slot != nil {
			j.slot.orders <- order{Committed: &committedOrder{c.trial, c.update}}
		}
	}
	a.numbers = a.numbers[n:]
}

// keepContact beats, repeats what was not answered, and loses patience.
func (a *supervisor) keepContact(now time.Time) {
	if a.link == nil || now.Sub(a.lastHeard) > a.o.Patience {
		if now.Sub(a.lastHeard) > a.o.Patience {
			a.o.Log.Warn().Dur("for", now.Sub(a.lastHeard)).Msg("there is no controller: the agent leaves")
			a.leave(LeftAlone)
		}
		return
	}
	if now.Sub(a.beatAt) >= a.o.Heartbeat {
		if !a.greeted {
			a.greet()
			return
		}
		a.beatAt = now
		a.say(broker.Request{Beat: &broker.Beat{Holding: a.holding()}})
	}
}

// askIfHungry asks for trials where there is room for a quarter of what the agent wants to hold.
func (a *supervisor) askIfHungry() {
	now := time.Now()
	if !a.greeted || !a.warm || !a.known && now.Sub(a.since) < endWithin || a.leaving != "" || a.fatal != nil || now.Before(a.pausedUntil) {
		return
	}
	if a.asking { // the same question again, so that it gets the same answer
		if now.Sub(a.askedAt) > answerWithin && a.say(broker.Request{Ask: &broker.Ask{Sequence: a.sequence, Free: a.free, TimeLeft: a.timeLeft(now)}}) {
			a.askedAt = now
		}
		return
	}
	free := a.capacity() - len(a.jobs)
	if free <= 0 || 4*free < a.capacity() && len(a.waiting) > 0 || a.empty && now.Sub(a.askedAt) < a.o.Heartbeat {
		return
	}
	if a.say(broker.Request{Ask: &broker.Ask{Sequence: a.sequence + 1, Free: free, TimeLeft: a.timeLeft(now)}}) {
		a.asking, a.free, a.askedAt = true, free, now
		a.sequence++
	}
}

// farewell says goodbye, and waits a moment for the commit of what was sent, so that no spool is left behind.
func (a *supervisor) farewell() {
	if a.link != nil && a.greeted {
		a.say(broker.Request{Leave: &broker.Leave{Why: string(a.leaving)}})
		deadline := time.After(min(2*a.o.Heartbeat, 5*time.Second))
		for left := false; !(left && a.spool.Done()) && a.link != nil; {
			select {
			case h, open := <-a.heard:
				switch {
				case h.lost || !open:
					a.link = nil
				case h.control != nil:
					a.commit(h.control.Committed)
				case h.request != nil && h.request.Leave != nil:
					left = true
				}
			case <-deadline:
				a.link = nil
			}
		}
	}
	close(a.speak)
	for range a.heard { // converse ends when it sees that speak is closed
	}
}
