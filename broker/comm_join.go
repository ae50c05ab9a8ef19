package broker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// A hello says who wants to be a rank.
type hello struct {
	Rank   int    `json:"rank"`
	Size   int    `json:"size"`
	Binary string `json:"binary"`
	Spec   string `json:"spec"`
	Host   string `json:"host"`
	PID    int    `json:"pid"`
	Nonce  string `json:"nonce"` // random: two processes that claim one rank differ in it
}

// name is how people find the process.
func (h hello) name() string { return fmt.Sprintf("host %s, process %d", h.Host, h.PID) }

// A welcome says who the ranks are.
type welcome struct {
	Names  []string `json:"names"`
	Nonces []string `json:"nonces"`
}

// A refusal is for the process with a nonce, or if that is empty for all that are not welcome yet.
type refusal struct {
	Nonce string `json:"nonce,omitempty"`
	Why   string `json:"why"`
}

// joining is what an endpoint needs until the group is complete.
type joining struct {
	hello    hello
	hellos   chan hello    // rank 0: what has come
	welcomed chan struct{} // others: closed at the welcome
	welcome  []byte        // rank 0: the message, for who asks again
	nonces   []string      // rank 0: of the ranks
}

// How ranks come together.
const (
	helloEvery = 100 * time.Millisecond
	lingers    = 2 * time.Second // after the first that differs, rank 0 waits for others that do
)

// newEndpoint connects and hears.
func newEndpoint(a Address, u user, g Group) (*endpoint, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	e := &endpoint{
		group: g, address: a, window: window(g.Size), failed: make(chan struct{}), queues: map[key]*queue{}, claimed: map[key]bool{}, inboxes: make([]inboxState, g.Size),
		left: make([]bool, g.Size), leaves: make(chan struct{}), silent: make([]time.Duration, g.Size), stop: func() {},
	}
	e.joining = joining{
		hello:  hello{Rank: g.Rank, Size: g.Size, Binary: g.Binary, Spec: g.Spec, Host: host, PID: os.Getpid(), Nonce: rand.Text()},
		hellos: make(chan hello, 4*min(g.Size, 1024)), welcomed: make(chan struct{}),
	}
	for r := range g.Size {
		var p *peer
		if r != g.Rank {
			p = newPeer(r)
		}
		e.peers = append(e.peers, p)
	}
	e.nc, err = connect(a, fmt.Sprintf("neurosweep rank %d of %s", g.Rank, g.Name), u,
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond), nats.ReconnectBufSize(-1),
		nats.CustomInboxPrefix(inbox(a.ID, "rank")), nats.ReconnectHandler(func(*nats.Conn) { e.connected() }), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { e.refused(err) }),
		nats.ClosedHandler(func(nc *nats.Conn) {
			e.fail(fmt.Errorf("the connection to the broker is closed: %w", errors.Join(errClosed, nc.LastError())))
		}))
	if err != nil {
		return nil, err
	}
	for _, subject := range []string{e.subject(g.Rank), CommSubject(a.ID, g.Name, everyone)} {
		s, err := e.nc.Subscribe(subject, func(m *nats.Msg) { e.hear(m.Data) })
		if err == nil {
			err = s.SetPendingLimits(-1, -1) // the windows limit what can be pending
		}
		if err != nil {
			e.nc.Close()
			return nil, err
		}
	}
	if err := e.nc.Flush(); err != nil {
		e.nc.Close()
		return nil, err
	}
	return e, nil
}

// name is a rank's name, when it is known.
func (e *endpoint) name(rank int) string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if rank == e.group.Rank {
		return e.joining.hello.name()
	}
	if rank < len(e.names) {
		return e.names[rank]
	}
	return "not known yet"
}

// greeted takes a hello, as rank 0. Once the group is complete its ranks get the same answer again, and nobody else is let in.
func (e *endpoint) greeted(content []byte) {
	var h hello
	if json.Unmarshal(content, &h) != nil || e.group.Rank != 0 {
		return
	}
	e.mutex.Lock()
	nonces, answer := e.joining.nonces, e.joining.welcome
	e.mutex.Unlock()
	switch {
	case nonces == nil:
		select {
		case e.joining.hellos <- h:
		default: // it comes again
		}
	case h.Rank >= 0 && h.Rank < len(nonces) && nonces[h.Rank] == h.Nonce:
		if h.Rank > 0 {
			e.publish(h.Rank, answer)
		}
	default:
		e.refuse(h.Nonce, fmt.Sprintf("group %s is complete, and rank %d is another process: each group needs a name of its own", e.group.Name, h.Rank))
	}
}

func (e *endpoint) refuse(nonce, why string) {
	if data, err := json.Marshal(refusal{nonce, why}); err == nil {
		e.publishAll(header{kind: kindRefuse}.with(data))
	}
}

// welcomed takes rank 0's answer, and what has come too early.
func (e *endpoint) welcomed(h header, content []byte) {
	var w welcome
	if json.Unmarshal(content, &w) != nil || e.group.Rank == 0 || len(w.Names) != e.group.Size || len(w.Nonces) != e.group.Size {
		return
	}
	if w.Nonces[e.group.Rank] != e.joining.hello.Nonce {
		return // for an older process of this rank
	}
	e.mutex.Lock()
	again := e.session != 0
	var early [][]byte
	if !again {
		e.session, e.names = h.session, w.Names
		early, e.early = e.early, nil
	}
	e.mutex.Unlock()
	if again {
		return
	}
	for _, data := range early {
		e.hear(data)
	}
	close(e.joining.welcomed)
}

// meet waits until all ranks are there.
func (e *endpoint) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, e.group.Patience, fmt.Errorf("not all ranks came within %v", e.group.Patience))
	defer cancel()
	data, err := json.Marshal(e.joining.hello)
	if err != nil {
		return err
	}
	data = header{kind: kindHello, from: uint32(e.group.Rank)}.with(data)
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	book := guests{e: e, seen: make([]*hello, e.group.Size), known: map[string]bool{}}
	for {
		e.publish(0, data) // rank 0 too: another process that takes itself for rank 0 hears it
		for waits := true; waits; {
			var lingered <-chan time.Time
			if book.lingers != nil {
				lingered = book.lingers.C
			}
			select {
			case <-again.C:
				waits = false
			case h := <-e.joining.hellos:
				if complete := book.enter(h); complete {
					return book.decide()
				}
			case <-lingered:
				return book.decide()
			case <-e.joining.welcomed:
				return nil
			case <-e.failed:
				return e.failure
			case <-ctx.Done():
				err := fmt.Errorf("%w; %s", context.Cause(ctx), book.missing())
				e.giveUp("has given up: " + err.Error())
				return err
			}
		}
	}
}

// guests is rank 0's book of who has come.
type guests struct {
	e       *endpoint
	seen    []*hello
	known   map[string]bool // nonces
	came    int
	differ  []string
	lingers *time.Timer
}

// enter notes a hello. It returns true when all are there.
func (g *guests) enter(h hello) bool {
	if g.known[h.Nonce] {
		return false
	}
	g.known[h.Nonce] = true
	mine := g.e.joining.hello
	us, them := fmt.Sprintf("rank 0 (%s)", mine.name()), fmt.Sprintf("rank %d (%s)", h.Rank, h.name())
	complaints := len(g.differ)
	complain := func(format string, a ...any) { g.differ = append(g.differ, fmt.Sprintf(format, a...)) }
	if h.Size != mine.Size {
		complain("%s was started as one of %d ranks, %s as one of %d", them, h.Size, us, mine.Size)
	} else if h.Rank < 0 || h.Rank >= mine.Size {
		complain("%s is not one of %d ranks", them, mine.Size)
	} else if other := g.seen[h.Rank]; other != nil {
		complain("%s and %s are both rank %d", other.name(), h.name(), h.Rank)
	} else {
		g.seen[h.Rank] = &h
		g.came++
	}
	if h.Binary != mine.Binary {
		complain("%s runs binary %.12s, %s binary %.12s: start all ranks from the same one", them, h.Binary, us, mine.Binary)
	}
	if h.Spec != mine.Spec {
		complain("%s has spec %.12s, %s spec %.12s: give all ranks the same one", them, h.Spec, us, mine.Spec)
	}
	if len(g.differ) > complaints && g.lingers == nil {
		g.lingers = time.NewTimer(lingers)
	}
	return g.came == len(g.seen)
}

// missing says who has not come.
func (g *guests) missing() string {
	if g.e.group.Rank != 0 {
		return "rank 0 did not answer: was it started, with the same group's name, and with the same broker?"
	}
	var missing []string
	for r, h := range g.seen {
		if h == nil {
			missing = append(missing, fmt.Sprint(r))
		}
	}
	return "these ranks did not come: " + strings.Join(missing, ", ")
}

// decide welcomes the ranks, or refuses them.
func (g *guests) decide() error {
	e := g.e
	if g.lingers != nil {
		g.lingers.Stop()
		why := "the ranks do not agree: " + strings.Join(g.differ, "; ")
		e.refuse("", why)
		return errors.New(why)
	}
	var session [8]byte
	_, _ = rand.Read(session[:]) // never fails
	w := welcome{}
	for _, h := range g.seen {
		w.Names, w.Nonces = append(w.Names, h.name()), append(w.Nonces, h.Nonce)
	}
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	h := header{kind: kindWelcome, session: binary.LittleEndian.Uint64(session[:]) | 1}
	e.mutex.Lock()
	e.session, e.names = h.session, w.Names
	e.joining.welcome, e.joining.nonces = h.with(data), w.Nonces
	e.mutex.Unlock()
	for r := 1; r < e.group.Size; r++ {
		e.publish(r, e.joining.welcome)
	}
	return nil
}
