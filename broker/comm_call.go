package broker

import (
	"context"
	"errors"
	"fmt"
)

// A turn is one call of this rank: what its chunks have in common.
type turn struct {
	c      *Comm
	ctx    context.Context
	header header
}

// errMixed says that ranks are in calls that do not belong together.
var errMixed = errors.New("the ranks' calls do not belong together")

// collective makes one collective call: f sends and receives. A call that fails on the way fails the group, because the other ranks would wait for ever.
func (c *Comm) collective(ctx context.Context, what call, root int, op Op, b Buffer, f func(t *turn) error) error {
	if root < 0 || root >= c.Size() {
		return c.blame(what, fmt.Errorf("there is no root %d: ranks are 0 to %d", root, c.Size()-1))
	}
	if !c.inCall.CompareAndSwap(false, true) {
		return c.blame(what, errors.New("this communicator is in another collective call: make them one after the other"))
	}
	defer c.inCall.Store(false)
	t := &turn{c, ctx, header{call: what, elem: b.kind(), op: op, root: uint32(root), comm: c.id, tag: c.calls}}
	c.calls++
	err := context.Cause(ctx)
	if err == nil {
		err = c.e.broken(c.ranks[c.rank])
	}
	if err == nil {
		err = f(t)
	}
	if err == nil {
		return nil
	}
	if dead := new(RankError); !errors.As(err, &dead) && !errors.Is(err, errClosed) {
		c.e.giveUp(fmt.Sprintf("left its %v before the end: %v", what, err))
	}
	return c.blame(what, err)
}

// blame says which call of whom an error is about.
func (c *Comm) blame(what call, err error) error {
	return fmt.Errorf("%v of rank %d of %d of group %s: %w", what, c.rank, c.Size(), c.e.group.Name, err)
}

// pieces is how many chunks n elements are: at least one.
func pieces(b Buffer, n int) int {
	per := chunkBytes / b.kind().bytes()
	return max(1, (n+per-1)/per)
}

// piece is the i-th chunk of a buffer.
func piece(b Buffer, i int) Buffer {
	per := chunkBytes / b.kind().bytes()
	return b.part(min(i*per, b.Len()), min((i+1)*per, b.Len()))
}

// send sends the i-th chunk of a message of n elements. to is a rank of the communicator.
func (t *turn) send(to, i, n int, content Buffer) error {
	h := t.header
	h.total, h.offset = uint64(n*content.kind().bytes()), uint64(i*(chunkBytes/content.kind().bytes())*content.kind().bytes())
	return t.c.e.send(t.ctx, t.c.e.peers[t.c.ranks[to]], h, content)
}

// receive waits for the i-th chunk of a message of n elements like b, and checks that it is one.
func (t *turn) receive(from, i, n int, b Buffer) ([]byte, error) {
	world := t.c.ranks[from]
	c, err := t.c.e.receive(t.ctx, key{t.header.comm, world, true, t.header.tag})
	if err != nil {
		return nil, err
	}
	mine, theirs := describe(t.header), describe(c.header)
	if mine != theirs {
		return nil, fmt.Errorf("%w: rank %d is in %s, this rank in %s", errMixed, from, theirs, mine)
	}
	size := b.kind().bytes()
	if want := uint64(n * size); c.total != want {
		return nil, fmt.Errorf("%w: rank %d has %d elements for it, this rank %d", errMixed, from, c.total/uint64(size), n)
	}
	if per := chunkBytes / size; c.offset != uint64(i*per*size) || len(c.content) != min(n-i*per, per)*size {
		return nil, fmt.Errorf("%w: chunk %d of rank %d begins at byte %d and has %d bytes", errMixed, i, from, c.offset, len(c.content))
	}
	return c.content, nil
}

// describe is a call in words, the same on all its ranks.
func describe(h header) string {
	text := h.call.String()
	switch h.call {
	case callReduce, callAllreduce:
		text += fmt.Sprintf("(%v of %v, root %d)", h.op, h.elem, h.root)
	case callBarrier, callSplit:
	default:
		text += fmt.Sprintf("(%v, root %d)", h.elem, h.root)
	}
	return text
}

// Send sends a buffer to another rank, which must Recv it with the same tag (≥ 0). It returns when the buffer may be changed, which may be before the message arrives. From one rank to another only so
// much (at most 4 MiB) can be on its way: who sends more waits until the other side receives, and messages are best received in the order in which they were sent.
func (c *Comm) Send(ctx context.Context, to, tag int, b Buffer) error {
	if err := c.pair(to, tag); err != nil {
		return c.blame(callSend, err)
	}
	p := c.e.peers[c.ranks[to]]
	if err := c.e.enter(ctx, p); err != nil {
		return c.blame(callSend, err)
	}
	defer func() { <-p.whole }()
	t := &turn{c, ctx, header{call: callSend, elem: b.kind(), comm: c.id, tag: uint64(tag)}}
	for i := range pieces(b, b.Len()) {
		if err := t.send(to, i, b.Len(), piece(b, i)); err != nil {
			if dead := new(RankError); i > 0 && !errors.As(err, &dead) {
				c.e.giveUp(fmt.Sprintf("left a Send to rank %d before the end: %v", to, err))
			}
			return c.blame(callSend, err)
		}
	}
	return nil
}

// enter waits until no other Send to the peer is on the way.
func (e *endpoint) enter(ctx context.Context, p *peer) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case p.whole <- struct{}{}:
		return nil
	case <-e.failed:
		return e.broken(p.rank)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pair checks the arguments of Send and Recv.
func (c *Comm) pair(other, tag int) error {
	switch {
	case other < 0 || other >= c.Size():
		return fmt.Errorf("there is no rank %d: ranks are 0 to %d", other, c.Size()-1)
	case other == c.rank:
		return errors.New("a rank cannot send to itself")
	case tag < 0:
		return fmt.Errorf("tag %d is negative", tag)
	}
	return nil
}

// Recv receives the next message that a rank sent with a tag, and returns its number of elements: at most as many as the buffer has, of the same type; otherwise the message is lost, and that an error.
// Only one Recv at a time may wait for the same rank and tag.
func (c *Comm) Recv(ctx context.Context, from, tag int, b Buffer) (n int, err error) {
	if err := c.pair(from, tag); err != nil {
		return 0, c.blame(callRecv, err)
	}
	k := key{c.id, c.ranks[from], false, uint64(tag)}
	if !c.e.claim(k, true) {
		return 0, c.blame(callRecv, fmt.Errorf("another Recv waits for tag %d of rank %d", tag, from))
	}
	defer c.e.claim(k, false)
	size := b.kind().bytes()
	for begun := false; ; begun = true {
		ch, err := c.e.receive(ctx, k)
		if err != nil {
			if dead := new(RankError); begun && !errors.As(err, &dead) {
				c.e.giveUp(fmt.Sprintf("left a Recv from rank %d before the end: %v", from, err))
			}
			return 0, c.blame(callRecv, err)
		}
		fits := ch.elem == b.kind() && ch.total <= uint64(b.Len()*size)
		if fits {
			b.part(int(ch.offset)/size, (int(ch.offset)+len(ch.content))/size).decode(ch.content)
		}
		if ch.offset+uint64(len(ch.content)) < ch.total {
			continue
		}
		if !fits {
			return 0, c.blame(callRecv, fmt.Errorf("rank %d sent %d bytes of %v with tag %d, the buffer has room for %d of %v", from, ch.total, ch.elem, tag, b.Len()*size, b.kind()))
		}
		return int(ch.total) / size, nil
	}
}

// claim begins or ends a Recv for a key; false if there is one.
func (e *endpoint) claim(k key, begin bool) bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if begin && e.claimed[k] {
		return false
	}
	if begin {
		e.claimed[k] = true
	} else {
		delete(e.claimed, k)
	}
	return true
}
