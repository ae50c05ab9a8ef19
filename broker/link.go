package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"neurosweep/sweep"
)

// A Link is an agent's connection to the controller's broker. When it is lost it stays so: Closed.
type Link struct {
	address     Address
	incarnation sweep.Incarnation
	nc          *nats.Conn
	js          jetstream.JetStream
	controls    chan Control
	closed      chan struct{}
}

// Dial connects an incarnation to the broker at an address, with the key that lies in the sweep's folder.
func Dial(dir string, a Address, i sweep.Incarnation) (*Link, error) {
	l := &Link{address: a, incarnation: i, controls: make(chan Control, 4096), closed: make(chan struct{})}
	u, err := a.agent(dir)
	if err != nil {
		return nil, err
	}
	l.nc, err = connect(a, "neurosweep agent "+string(i), u, nats.NoReconnect(), nats.CustomInboxPrefix(inbox(a.ID, string(i))),
		nats.ClosedHandler(func(*nats.Conn) { close(l.closed) }))
	if err != nil {
		return nil, err
	}
	if l.js, err = jetstream.New(l.nc); err == nil {
		_, err = l.nc.Subscribe(ControlSubject(a.ID, i), l.control)
	}
	if err == nil {
		err = l.nc.Flush()
	}
	if err != nil {
		l.nc.Close()
		return nil, err
	}
	return l, nil
}

// control passes a message on. An agent that does not keep up loses some: the answers to its heartbeats say the same again.
func (l *Link) control(m *nats.Msg) {
	var c Control
	if err := json.Unmarshal(m.Data, &c); err != nil || c.Version != MessageVersion {
		return
	}
	select {
	case l.controls <- c:
	default:
	}
}

// Address is where the broker is.
func (l *Link) Address() Address { return l.address }

// Controls delivers what the controller says unasked.
func (l *Link) Controls() <-chan Control { return l.controls }

// Closed is closed when the connection is lost.
func (l *Link) Closed() <-chan struct{} { return l.closed }

// Request sends a request to the controller and waits for its answer, until ctx ends.
func (l *Link) Request(ctx context.Context, r Request) (Reply, error) {
	r.Version, r.Incarnation = MessageVersion, l.incarnation
	var reply Reply
	data, err := json.Marshal(r)
	if err != nil {
		return reply, err
	}
	m, err := l.nc.RequestWithContext(ctx, AskSubject(l.address.ID), data)
	if err != nil {
		return reply, fmt.Errorf("ask the controller: %w", err)
	}
	if err := json.Unmarshal(m.Data, &reply); err != nil {
		return reply, fmt.Errorf("the controller's answer is no JSON: %w", err)
	}
	if reply.Version != MessageVersion {
		return reply, fmt.Errorf("the controller speaks version %d of the protocol, this agent version %d: start both from the same binary", reply.Version, MessageVersion)
	}
	return reply, nil
}

// ErrFull says that the stream of reports takes no more now.
var ErrFull = errors.New("the broker's stream of reports is full")

// Publish puts a report into the stream and waits for the confirmation. A report that is larger than a message can be is left to the spool, without an error.
func (l *Link) Publish(ctx context.Context, report []byte) error {
	if int64(len(report)) > l.nc.MaxPayload() {
		return nil // the next report makes a gap, and the controller then reads the spool
	}
	_, err := l.js.Publish(ctx, ReportSubject(l.address.ID, l.incarnation), report)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.Code == 503 {
		return fmt.Errorf("%w: %s", ErrFull, api.Description)
	}
	return err
}

// RankExited tells the ranks of a group that one of them has ended without closing its Comm: whoever started the process says so as soon as it sees it.
// why completes "rank 3 …": "is dead: killed by signal 9".
func (l *Link) RankExited(group string, rank int, why string) error {
	if !token.MatchString(group) {
		return fmt.Errorf("tell of a dead rank: no group can be called %q", group)
	}
	data, err := json.Marshal(death{rank, why})
	if err != nil {
		return err
	}
	if err := l.nc.Publish(CommSubject(l.address.ID, group, everyone), header{kind: kindDeath}.with(data)); err != nil {
		return fmt.Errorf("tell group %s that rank %d is dead: %w", group, rank, err)
	}
	return nil
}

// Close ends the connection, after what was sent is on its way.
func (l *Link) Close() {
	_ = l.nc.Flush() // a connection that is lost cannot be flushed, and need not be
	l.nc.Close()
}
