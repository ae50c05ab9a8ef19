package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/broker"
	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

const patience = 30 * time.Second // for anything that should take a moment

// newSweep makes a sweep's folder and plan.
func newSweep(t testing.TB, text string) (string, []sweep.Trial) {
	t.Helper()
	spec, err := sweep.Parse("test.yaml", []byte(text), nil, train.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := search.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := plan.Len()
	trials, _, err := plan.Next(n)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{sweep.SpoolDir, sweep.LogDir, sweep.ControlDir, sweep.WeightsDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, sweep.SpecFile), spec.Freeze(), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir, trials
}

// A desk is the other side of the protocol: a real broker, and someone who gives out what is in its queue, keeps the books, and answers. It
// decides nothing; the tests do.
type desk struct {
	t      testing.TB
	server *broker.Server
	hub    *broker.Hub
	done   sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	late    bool // the test has waited for too long
	books

	queue    []broker.Granted
	granted  map[uint64][]broker.Granted // by sequence of the ask; one agent
	wanted   int                         // most trials a single ask may get; 0: as many as it wants
	lost     []sweep.Hold
	drain    bool
	refuse   string
	deaf     int  // so many asks get no answer
	silent   bool // commits are not announced
	requests []broker.Request
}

// books is what a controller's log would hold: it outlives a desk.
type books struct {
	high    map[sweep.Incarnation]uint64
	reports []*results.Report
	ends    map[sweep.Hold][]results.End
	seen    int // reports that arrived, again ones included
}

// openDesk opens the desk of a term.
func openDesk(t testing.TB, dir string, term int, b books) *desk {
	t.Helper()
	if b.high == nil {
		b = books{high: map[sweep.Incarnation]uint64{}, ends: map[sweep.Hold][]results.End{}}
	}
	id, err := broker.Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, books: b, granted: map[uint64][]broker.Granted{}}
	d.changed = sync.NewCond(&d.mu)
	if d.server, err = broker.Start(dir, id, broker.Listen{}); err != nil {
		t.Fatal(err)
	}
	a := d.server.Address(term)
	if d.hub, err = broker.OpenHub(context.Background(), a, id, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	d.done.Go(func() { d.serve(term) })
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	return d
}

// close ends desk and broker, with the broker's store.
func (d *desk) close() {
	_ = d.hub.Close() // a test may have ended the server before
	d.server.Close()
	d.done.Wait()
}

func (d *desk) serve(term int) {
	reports, stop := d.hub.Reports(), make(chan struct{})
	d.done.Go(func() {
		for {
			select {
			case a := <-d.hub.Asks():
				if r, ok := d.answer(a.Request); ok {
					r.Version, r.Term = broker.MessageVersion, term
					_ = d.hub.Answer(a, r) // the agent asks again
				}
			case <-stop:
				return
			}
		}
	})
	for delivery := range reports {
		d.take(delivery)
	}
	close(stop)
}

// answer answers a request; false: it does not.
func (d *desk) answer(r broker.Request) (reply broker.Reply, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed.Broadcast()
	d.requests = append(d.requests, r)
	switch {
	case r.Hello != nil:
		return broker.Reply{Refused: d.refuse}, true
	case r.Beat != nil:
		for _, h := range r.Beat.Holding {
			if slices.Contains(d.lost, h) {
				reply.Lost = append(reply.Lost, h)
			}
		}
		reply.Drain = d.drain
	case r.Ask != nil:
		if d.granted[r.Ask.Sequence] == nil {
			n := min(r.Ask.Free, len(d.queue))
			if d.wanted > 0 {
				n = min(n, d.wanted)
			}
			d.granted[r.Ask.Sequence] = append([]broker.Granted{}, d.queue[:n]...)
			d.queue = d.queue[n:]
		}
		reply.Trials = d.granted[r.Ask.Sequence]
		if d.deaf > 0 {
			d.deaf--
			return reply, false
		}
	}
	return reply, true
}

// take enters one report in the books, if it is the next of its incarnation, and announces it.
func (d *desk) take(delivery broker.Delivery) {
	var r results.Report
	if err := json.Unmarshal(delivery.Data, &r); err != nil {
		d.t.Errorf("a report that is none: %v", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed.Broadcast()
	d.seen++
	if r.Sequence == d.high[r.Incarnation]+1 {
		d.enter(&r)
	}
	if !d.silent {
		_ = delivery.Ack() // lost acknowledgements do no harm
		_ = d.hub.Tell(r.Incarnation, broker.Control{Version: broker.MessageVersion, Committed: d.high[r.Incarnation]})
	}
}

func (b *books) enter(r *results.Report) {
	b.high[r.Incarnation] = r.Sequence
	b.reports = append(b.reports, r)
	for _, t := range r.Trials {
		if t.End != nil {
			h := sweep.Hold{Trial: t.Trial, Attempt: t.Attempt, Rank: t.Rank}
			b.ends[h] = append(b.ends[h], *t.End)
		}
	}
}

// give puts trials into the queue, each with an attempt, and tells whoever is there.
func (d *desk) give(attempt int, trials ...sweep.Trial) { d.giveFrom(0, attempt, trials...) }

// giveFrom gives trials that go on from an update.
func (d *desk) giveFrom(resume, attempt int, trials ...sweep.Trial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	told := map[sweep.Incarnation]bool{}
	for _, t := range trials {
		d.queue = append(d.queue, broker.Granted{Trial: t, Attempt: attempt, Resume: resume})
	}
	for _, r := range d.requests {
		if !told[r.Incarnation] {
			told[r.Incarnation] = true
			_ = d.hub.Tell(r.Incarnation, broker.Control{Version: broker.MessageVersion, Work: true})
		}
	}
}

// change changes what the desk does.
func (d *desk) change(how func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	how()
}

// await waits until a condition on the books holds.
func (d *desk) await(what string, condition func() bool) {
	d.t.Helper()
	timer := time.AfterFunc(patience, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.late = true
		d.changed.Broadcast()
	})
	defer timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !condition() {
		if d.late {
			d.t.Fatalf("wait for %s: it does not come. Ends: %v; queue %d; the last requests: %s", what, d.ends, len(d.queue), lastRequests(d.requests))
		}
		d.changed.Wait()
	}
}

func lastRequests(all []broker.Request) string {
	text, err := json.Marshal(all[max(0, len(all)-4):])
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// ended waits for the end of an attempt, which may come only once.
func (d *desk) ended(id sweep.TrialID, attempt int) results.End {
	d.t.Helper()
	return d.rankEnded(hold(id, attempt))
}

// rankEnded is ended for one rank.
func (d *desk) rankEnded(h sweep.Hold) results.End {
	d.t.Helper()
	d.await("the end of an attempt", func() bool { return len(d.ends[h]) > 0 })
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.ends[h]); n > 1 {
		d.t.Errorf("attempt %d at %s, rank %d, has ended %d times", h.Attempt, h.Trial, h.Rank, n)
	}
	return d.ends[h][0]
}

// holding tells whether the last heartbeat named an attempt. It is called with the lock held.
func (d *desk) holding(h sweep.Hold) bool {
	for i := len(d.requests) - 1; i >= 0; i-- {
		if b := d.requests[i].Beat; b != nil {
			return slices.Contains(b.Holding, h)
		}
	}
	return false
}
