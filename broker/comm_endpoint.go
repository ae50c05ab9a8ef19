package broker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// An endpoint is a rank's end of a group: one connection, which the communicators of all its Splits share.
type endpoint struct {
	group   Group
	address Address
	nc      *nats.Conn
	window  uint64
	peers   []*peer // by rank in the world; nil for ourselves
	stop    context.CancelFunc
	done    sync.WaitGroup
	joining joining

	session uint64   // set before anything but the handshake is sent
	names   []string // by rank; as session

	failed chan struct{} // closed when failure is set

	mutex   sync.Mutex
	failure error
	queues  map[key]*queue
	claimed map[key]bool    // for which a Recv waits
	inboxes []inboxState    // by rank: what has come from it
	left    []bool          // by rank
	leaves  chan struct{}   // closed and replaced when one leaves
	silent  []time.Duration // by rank: for how long nothing was heard of it
	early   [][]byte        // data that came before the welcome
}

// inboxState is the receiving side of what one rank sends.
type inboxState struct {
	arrived, consumed uint64 // as in a header
	told              uint64 // consumed, when we last said so
	gap               uint64 // arrived+1 when a gap was last seen
}

// A key says which call a chunk is for.
type key struct {
	comm       uint64
	from       int
	collective bool
	tag        uint64
}

// A queue holds the chunks for one key. Only one call at a time takes them.
type queue struct {
	chunks []chunk
	wake   chan struct{} // capacity 1
}

type chunk struct {
	header
	content []byte
}

// subject is where a rank of the group hears what is for it.
func (e *endpoint) subject(rank int) string {
	return CommSubject(e.address.ID, e.group.Name, fmt.Sprint(rank))
}

// everyone is where all ranks of the group hear.
const everyone = "all"

// publish sends a message to a rank. Without a connection it is lost: chunks are sent again, heartbeats come again.
func (e *endpoint) publish(rank int, data []byte) { _ = e.nc.Publish(e.subject(rank), data) }

func (e *endpoint) publishAll(data []byte) {
	_ = e.nc.Publish(CommSubject(e.address.ID, e.group.Name, everyone), data)
}

// received is what has come from a rank.
func (e *endpoint) received(rank int) (arrived, consumed uint64) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	i := &e.inboxes[rank]
	i.told = i.consumed
	return i.arrived, i.consumed
}

// acknowledge tells a rank what has come from it.
func (e *endpoint) acknowledge(rank int, k kind) {
	h := header{kind: k, from: uint32(e.group.Rank), session: e.session}
	h.arrived, h.consumed = e.received(rank)
	e.publish(rank, h.with(nil))
}

// fail notes why the group is over. The first reason stays.
func (e *endpoint) fail(err error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.failure == nil {
		e.failure = err
		close(e.failed)
	}
}

// broken says why nothing can be sent to, or awaited from, a rank.
func (e *endpoint) broken(rank int) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.failure != nil {
		return e.failure
	}
	if e.left[rank] {
		return &RankError{Rank: rank, Name: e.names[rank], Why: "has left: it closed its Comm"}
	}
	return nil
}

// wait waits for something that rank does.
func (e *endpoint) wait(ctx context.Context, rank int, c <-chan struct{}) error {
	for {
		e.mutex.Lock()
		leaves := e.leaves
		e.mutex.Unlock()
		if err := e.broken(rank); err != nil {
			return err
		}
		select {
		case <-c:
			return nil
		case <-e.failed:
		case <-leaves:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// data takes a chunk that has come.
func (e *endpoint) data(h header, content []byte) {
	from := int(h.from)
	e.acknowledged(e.peers[from], h.arrived, h.consumed, false)
	e.mutex.Lock()
	i := &e.inboxes[from]
	if h.seq != i.arrived {
		again := h.seq > i.arrived && i.gap != i.arrived+1
		if again {
			i.gap = i.arrived + 1
		}
		e.mutex.Unlock()
		if again {
			e.acknowledge(from, kindResend)
		}
		return
	}
	i.arrived += cost(len(content))
	q := e.queue(key{h.comm, from, h.call != callSend, h.tag})
	q.chunks = append(q.chunks, chunk{h, content})
	e.mutex.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// queue is that of a key. The mutex is held.
func (e *endpoint) queue(k key) *queue {
	q := e.queues[k]
	if q == nil {
		q = &queue{wake: make(chan struct{}, 1)}
		e.queues[k] = q
	}
	return q
}

// receive waits for the next chunk of a key. What has come can be taken even when the group has failed.
func (e *endpoint) receive(ctx context.Context, k key) (chunk, error) {
	for {
		e.mutex.Lock()
		q := e.queue(k)
		if len(q.chunks) > 0 {
			c := q.chunks[0]
			q.chunks[0] = chunk{}
			if q.chunks = q.chunks[1:]; len(q.chunks) == 0 && c.offset+uint64(len(c.content)) == c.total {
				delete(e.queues, k)
			}
			i := &e.inboxes[k.from]
			i.consumed += cost(len(c.content))
			tell := i.consumed-i.told >= e.window/4
			e.mutex.Unlock()
			if tell {
				e.acknowledge(k.from, kindAck)
			}
			return c, nil
		}
		e.mutex.Unlock()
		if err := e.wait(ctx, k.from, q.wake); err != nil {
			e.mutex.Lock()
			empty := len(q.chunks) == 0
			e.mutex.Unlock()
			if empty {
				return chunk{}, err
			}
		}
	}
}
