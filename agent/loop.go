package agent

import (
	"context"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// A job is one attempt in the hands of this agent.
type job struct {
	granted broker.Granted
	slot    *slot // nil: it waits here
	stopped sweep.Cause
	waits   time.Time // since when it waits here
	began   time.Time // when its slot began it; zero: it has not
	killAt  time.Time // when its process is killed, if it was told to stop; zero: it was not
	recall  bool      // its slot was told to give it back
	dead    bool      // its process has died, and it is being found out why
}

func (j *job) hold() sweep.Hold { return j.granted.Hold() }

// A supervisor is the state of an agent. Everything in it belongs to the goroutine of run.
type supervisor struct {
	o           Options
	incarnation sweep.Incarnation
	spool       *spool.Spool
	log         *logFile
	reporter    *reporter
	hello       broker.Hello

	slots   []*slot
	events  chan slotEvent
	serial  int
	early   int  // processes in a row that a signal ended before they were ready
	warm    bool // all slots have been ready once: the agent asks from then on
	jobs    map[seat]*job
	waiting []*job // granted, and not given to a slot yet
	deaths  chan *job
	dying   map[*job]func() results.End // whose process a signal has ended

	contact
	clock
	granted     int       // trials, ever
	leaving     Departure // why this agent leaves; "": it does not
	signalled   bool      // and a signal made it
	pausedUntil time.Time // after a full disk
	typical     float64   // seconds that a trial takes, lately; 0: unknown
	numbers     []numbered
	memoryKills int
	fatal       error
}

func newSupervisor(o Options, i sweep.Incarnation, s *spool.Spool, log *logFile) *supervisor {
	return &supervisor{o: o, incarnation: i, spool: s, log: log, reporter: newReporter(i, s, o.Log), events: make(chan slotEvent, 1024),
		jobs: map[seat]*job{}, deaths: make(chan *job, 64), dying: map[*job]func() results.End{}, contact: newContact(), memoryKills: memoryKills()}
}

// run is the agent's only decision maker.
func (a *supervisor) run(ctx context.Context) error {
	go a.reporter.run()
	go a.converse()
	a.startClock(ctx)
	for range a.o.Slots {
		a.newSlot()
	}
	ticks := time.NewTicker(a.o.Heartbeat / 10)
	defer ticks.Stop()
	done := ctx.Done()
	for !a.over() {
		select {
		case e := <-a.events:
			a.slotEvent(e)
		case j := <-a.deaths:
			a.buryOne(j)
		case n := <-a.reporter.said:
			a.numbers = append(a.numbers, n)
		case h := <-a.heard:
			a.hear(h)
		case s := <-a.o.Signals:
			a.o.Log.Info().Str("signal", s.String()).Msg("the agent hands over and leaves")
			a.signalled = true
			a.leave(signalled(s))
			a.bury()
		case end := <-a.ends:
			a.learnEnd(end)
		case <-done:
			done = nil
			a.leave(LeftTold)
		case now := <-ticks.C:
			a.tick(now)
		}
		a.dispatch()
		a.askIfHungry()
	}
	return a.close()
}

// finish reports the end of an attempt in place of its process.
func (a *supervisor) finish(j *job, end results.End) {
	a.report(results.TrialReport{Trial: j.granted.ID, Attempt: j.granted.Attempt, Rank: j.hold().Rank, End: &end})
	a.drop(j)
}

// over tells whether nothing keeps the agent here any more.
func (a *supervisor) over() bool {
	return a.fatal != nil || a.leaving != "" && len(a.jobs) == 0
}

// leave begins the end: what waits is given back, what runs is told to save and hand over.
func (a *supervisor) leave(why Departure) {
	if a.leaving != "" {
		return
	}
	a.o.Log.Info().Str("why", string(why)).Int("trials", len(a.jobs)).Msg("the agent leaves")
	a.leaving = why
	for _, j := range a.jobs {
		a.stop(j, why.cause())
	}
}

// stop ends a job: at once where it has not begun.
func (a *supervisor) stop(j *job, why sweep.Cause) {
	if j.stopped != "" || j.dead {
		return
	}
	j.stopped = why
	if a.dying[j] != nil { // it is dead already, and judged in a moment
		return
	}
	if j.slot == nil {
		a.finish(j, results.End{Cause: why, Detail: "it was not running"})
		return
	}
	a.sendStop(j)
}

// sendStop tells a slot to stop a job. One that has not begun is given back, or will be told again when it begins: it must not cost another one its process.
func (a *supervisor) sendStop(j *job) {
	if !j.began.IsZero() {
		j.killAt = time.Now().Add(a.o.Grace)
	}
	j.slot.orders <- order{Stop: &stopOrder{j.hold(), j.stopped}}
}

// drop forgets a job.
func (a *supervisor) drop(j *job) {
	if a.jobs[j.seat()] == j {
		delete(a.jobs, j.seat())
	}
	for i, w := range a.waiting {
		if w == j {
			a.waiting = append(a.waiting[:i:i], a.waiting[i+1:]...)
			break
		}
	}
	if j.slot == nil {
		return
	}
	for i, w := range j.slot.jobs {
		if w == j {
			j.slot.jobs = append(j.slot.jobs[:i:i], j.slot.jobs[i+1:]...)
			break
		}
	}
}

// report passes what a slot says to the reporter, and hears it meanwhile: neither ever waits for the other.
func (a *supervisor) report(r results.TrialReport) {
	for {
		select {
		case a.reporter.in <- r:
			return
		case n := <-a.reporter.said:
			a.numbers = append(a.numbers, n)
		}
	}
}

// tick looks after what takes too long.
func (a *supervisor) tick(now time.Time) {
	for _, s := range a.slots {
		a.lookAfter(s, now)
	}
	a.handBack(now)
	if now.Sub(a.published) > 2*a.o.Heartbeat && !a.spool.Done() {
		a.published = now
		select {
		case a.reporter.again <- struct{}{}:
		default:
		}
	}
	a.keepContact(now)
	a.watchClock(now)
}

// close ends the slots, has everything spooled and, where there is a controller, sent, and says goodbye.
func (a *supervisor) close() error {
	gaveUp := time.AfterFunc(a.o.Grace, func() { close(a.reporter.giveUp) })
	defer gaveUp.Stop()
	for _, s := range a.slots {
		close(s.orders)
		s.kill()
	}
	go func() {
		for range a.events { // what dying processes still say
		}
	}()
	for _, s := range a.slots {
		<-s.exited
	}
	close(a.events)
	go func() {
		for range a.reporter.said {
		}
	}()
	close(a.reporter.in)
	<-a.reporter.done
	close(a.reporter.said)
	a.farewell()
	return a.fatal
}
