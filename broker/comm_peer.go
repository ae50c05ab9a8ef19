package broker

import (
	"context"
	"fmt"
	"sync"
)

// Sizes of what is on its way between ranks.
const (
	chunkBytes  = 256 << 10 // of content in one message, at most; the broker takes 1 MiB
	largeWindow = 4 << 20   // on its way from one rank to another and not taken by a call there, at most
	smallWindow = 2 * (chunkBytes + headerBytes)
	allWindows  = 32 << 20 // on its way to one rank, at most, where that leaves each smallWindow: half of what the broker keeps for a client
)

// window is how much a rank of a group may have on its way to another one.
func window(size int) uint64 {
	return uint64(max(smallWindow, min(largeWindow, allWindows/max(size-1, 1))))
}

// A peer is the sending side towards one other rank: what it was sent is kept until it has arrived, and no more is sent than the window allows.
type peer struct {
	rank int // in the world

	mutex    sync.Mutex // held while a chunk is published: chunks leave in the order of their numbers
	sent     uint64     // cost of all chunks sent
	arrived  uint64     // of those that have arrived
	consumed uint64     // of those that a call there has taken
	unacked  []unacked  // sent and, for all we know, not arrived
	room     chan struct{}
	asked    uint64   // arrived, when we last looked
	free     [][]byte // memory of messages

	whole chan struct{} // capacity 1: full while a message of several chunks is sent by Send
}

type unacked struct {
	seq  uint64
	data []byte
}

func newPeer(rank int) *peer { return &peer{rank: rank, whole: make(chan struct{}, 1)} }

// cost is what a chunk with n bytes of content costs of the window.
func cost(n int) uint64 { return headerBytes + uint64(n) }

// send sends one chunk of content to a peer: as soon as the window allows. A chunk that is larger than the window waits until nothing else is on its way.
func (e *endpoint) send(ctx context.Context, p *peer, h header, content Buffer) error {
	n := content.Len() * content.kind().bytes()
	h.kind, h.from, h.session = kindData, uint32(e.group.Rank), e.session
	p.mutex.Lock()
	for p.sent != p.consumed && p.sent-p.consumed+cost(n) > e.window {
		if p.room == nil {
			p.room = make(chan struct{})
		}
		room := p.room
		p.mutex.Unlock()
		if err := e.wait(ctx, p.rank, room); err != nil {
			return err
		}
		p.mutex.Lock()
	}
	defer p.mutex.Unlock()
	if err := e.broken(p.rank); err != nil {
		return err
	}
	h.seq, h.arrived, h.consumed = p.sent, 0, 0
	h.arrived, h.consumed = e.received(p.rank)
	data := h.encode(p.memory(), n)
	content.encode(data[headerBytes:])
	p.sent += cost(n)
	p.unacked = append(p.unacked, unacked{h.seq, data})
	e.publish(p.rank, data)
	return nil
}

// memory is that of a message which has arrived, or nil.
func (p *peer) memory() []byte {
	n := len(p.free)
	if n == 0 {
		return nil
	}
	b := p.free[n-1]
	p.free = p.free[:n-1]
	return b
}

// acknowledged notes what the peer has got. With resend, what follows is sent again.
func (e *endpoint) acknowledged(p *peer, arrived, consumed uint64, resend bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if arrived > p.sent || consumed > arrived {
		e.fail(&RankError{Rank: p.rank, Name: e.name(p.rank), Why: fmt.Sprintf("acknowledged %d bytes of %d", arrived, p.sent)})
		return
	}
	p.arrived, p.consumed = max(p.arrived, arrived), max(p.consumed, consumed)
	done := 0
	for done < len(p.unacked) && p.unacked[done].seq < p.arrived {
		if len(p.free) < 8 {
			p.free = append(p.free, p.unacked[done].data)
		}
		done++
	}
	p.unacked = append(p.unacked[:0], p.unacked[done:]...)
	if p.room != nil {
		close(p.room)
		p.room = nil
	}
	if resend && arrived == p.arrived {
		for _, u := range p.unacked {
			e.publish(p.rank, u.data)
		}
	}
}

// ask asks the peer what it has got, if something is on its way since the last time.
func (e *endpoint) ask(p *peer) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.unacked) > 0 && p.asked == p.arrived || p.room != nil {
		e.publish(p.rank, header{kind: kindAsk, from: uint32(e.group.Rank), session: e.session, seq: p.sent}.with(nil))
	}
	p.asked = p.arrived
}

// connected makes good for what was lost while there was no connection, in both directions. (What gets lost even so is found by watch.)
func (e *endpoint) connected() {
	if e.current() == 0 {
		return
	}
	for r, p := range e.peers {
		if p != nil {
			e.acknowledge(r, kindResend)
			p.mutex.Lock()
			for _, u := range p.unacked {
				e.publish(r, u.data)
			}
			p.mutex.Unlock()
		}
	}
}
