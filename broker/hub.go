package broker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"neurosweep/sweep"
)

// The stream of reports: it holds what the controller has not committed yet. When it is full, agents keep reports in their spools.
const (
	maxStreamBytes = 256 << 20
	fetchReports   = 256
	consumerName   = "controller"
)

func streamName(id string) string { return "REPORTS-" + id }

// Asked is an agent's request. It must be answered once.
type Asked struct {
	Request Request
	message *nats.Msg
}

// A Delivery is one report as it arrived.
type Delivery struct {
	Data    []byte
	message jetstream.Msg
}

// Ack tells the stream that this report, and all before it, are committed. A lost Ack does no harm: the report is delivered again.
func (d Delivery) Ack() error { return d.message.Ack() }

// A Hub is the controller's end of the broker. Its channels are closed by Close.
type Hub struct {
	address Address
	nc      *nats.Conn
	js      jetstream.JetStream
	log     zerolog.Logger
	asks    chan Asked
	reports chan Delivery
	links   chan bool
	failed  chan error
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// OpenHub connects the controller of a term to its broker.
func OpenHub(ctx context.Context, a Address, id Identity, log zerolog.Logger) (*Hub, error) {
	h := &Hub{address: a, log: log, asks: make(chan Asked, 1024), reports: make(chan Delivery, fetchReports), links: make(chan bool, 16), failed: make(chan error, 1)}
	nc, err := connect(a, "neurosweep controller", a.controller(id),
		nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.CustomInboxPrefix(controllerInbox(a.ID)),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { h.link(false) }),
		nats.ReconnectHandler(func(*nats.Conn) { h.link(true) }),
		nats.ClosedHandler(func(nc *nats.Conn) {
			h.failed <- denied(a, a.controller(id), cmp.Or(nc.LastError(), nats.ErrConnectionClosed))
		}))
	if err != nil {
		return nil, err
	}
	h.nc = nc
	if h.js, err = jetstream.New(nc); err != nil {
		nc.Close()
		return nil, err
	}
	if _, err := h.consumer(ctx); err != nil {
		nc.Close()
		return nil, fmt.Errorf("make the stream of reports at %s: %w", a.where(), err)
	}
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	asks, err := nc.Subscribe(AskSubject(a.ID), func(m *nats.Msg) { h.asked(ctx, m) })
	if err == nil {
		err = asks.SetPendingLimits(-1, -1)
	}
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		h.stop()
		nc.Close()
		return nil, err
	}
	h.done.Go(func() { h.fetch(ctx) })
	return h, nil
}

func (h *Hub) link(up bool) {
	select {
	case h.links <- up:
	default: // the controller is far behind: it will hear of the next change
	}
}

func (h *Hub) asked(ctx context.Context, m *nats.Msg) {
	var r Request
	if err := json.Unmarshal(m.Data, &r); err != nil {
		h.log.Warn().Err(err).Msg("a request that is none")
		return
	}
	select {
	case h.asks <- Asked{r, m}:
	case <-ctx.Done():
	}
}

// consumer makes sure that stream and consumer exist, and returns the latter.
func (h *Hub) consumer(ctx context.Context) (jetstream.Consumer, error) {
	name := streamName(h.address.ID)
	_, err := h.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{ReportSubject(h.address.ID, "*")}, Storage: jetstream.MemoryStorage,
		Retention: jetstream.InterestPolicy, Discard: jetstream.DiscardNew, MaxBytes: maxStreamBytes, Duplicates: time.Second,
	})
	if err != nil {
		return nil, err
	}
	return h.js.CreateOrUpdateConsumer(ctx, name, jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckAllPolicy, MaxAckPending: -1, MaxWaiting: 4096, AckWait: 30 * time.Second,
	})
}

// fetch delivers reports until the hub is closed. Whatever goes wrong, it begins again: reports are numbered, and may come twice.
func (h *Hub) fetch(ctx context.Context) {
	defer close(h.reports)
	for ctx.Err() == nil {
		if err := h.fetchOnce(ctx); err != nil && ctx.Err() == nil {
			h.log.Debug().Err(err).Msg("the stream of reports is opened again")
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
		}
	}
}

func (h *Hub) fetchOnce(ctx context.Context) error {
	c, err := h.consumer(ctx)
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(fetchReports), jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(10*time.Second))
	if err != nil {
		return err
	}
	defer messages.Stop()
	stopped := context.AfterFunc(ctx, messages.Stop)
	defer stopped()
	for {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		select {
		case h.reports <- Delivery{m.Data(), m}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Asks delivers the agents' requests.
func (h *Hub) Asks() <-chan Asked { return h.asks }

// Reports delivers the agents' reports, each agent's in their order, some more than once.
func (h *Hub) Reports() <-chan Delivery { return h.reports }

// Links tells when the connection is lost (false) and there again (true).
func (h *Hub) Links() <-chan bool { return h.links }

// Failed says why the connection has ended for good: a server of others does not let this user in any more. Close is another reason.
func (h *Hub) Failed() <-chan error { return h.failed }

// Answer answers a request.
func (h *Hub) Answer(a Asked, r Reply) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return a.message.Respond(data)
}

// Tell sends a control message to an incarnation. It may get lost: everything that matters is said again in the answer to the next heartbeat.
func (h *Hub) Tell(i sweep.Incarnation, c Control) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return h.nc.Publish(ControlSubject(h.address.ID, i), data)
}

// Flush waits until what was told and answered has reached the server.
func (h *Hub) Flush(ctx context.Context) error { return h.nc.FlushWithContext(ctx) }

// Close ends the connection.
func (h *Hub) Close() error {
	h.stop()
	h.done.Wait()
	err := h.nc.FlushTimeout(time.Second)
	h.nc.Close()
	if errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrTimeout) {
		return nil
	}
	return err
}
