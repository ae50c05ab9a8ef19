package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// longestGoodbye is how long who leaves waits for the word that everything has arrived.
const longestGoodbye = 5 * time.Second

// end closes the connection.
func (e *endpoint) end() {
	e.stop()
	e.done.Wait()
	_ = e.nc.FlushTimeout(time.Second) // what a lost connection had to say is lost
	e.nc.Close()
}

// close leaves the group when what was sent has arrived.
func (e *endpoint) close() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), min(e.group.Silence, longestGoodbye), errors.New("it was not confirmed in time"))
	defer cancel()
	var lost error
	for _, p := range e.peers {
		if p == nil {
			continue
		}
		if err := e.settle(ctx, p); err != nil && lost == nil {
			lost = fmt.Errorf("leave group %s: what rank %d sent to rank %d may not have arrived: %w", e.group.Name, e.group.Rank, p.rank, err)
		}
	}
	if dead := new(RankError); errors.As(e.broken(e.group.Rank), &dead) {
		if data, err := json.Marshal(death{dead.Rank, dead.Why}); err == nil {
			e.publishAll(header{kind: kindDeath, from: uint32(e.group.Rank), session: e.session}.with(data))
		}
	} else {
		for r, p := range e.peers {
			if p != nil {
				e.acknowledge(r, kindLeave)
			}
		}
	}
	e.fail(errClosed)
	e.end()
	return lost
}

// settle waits until what was sent to a peer has arrived.
func (e *endpoint) settle(ctx context.Context, p *peer) error {
	for {
		p.mutex.Lock()
		if len(p.unacked) == 0 {
			p.mutex.Unlock()
			return nil
		}
		if p.room == nil {
			p.room = make(chan struct{})
		}
		room := p.room
		e.publish(p.rank, header{kind: kindAsk, from: uint32(e.group.Rank), session: e.session, seq: p.sent}.with(nil))
		p.mutex.Unlock()
		if err := e.wait(ctx, p.rank, room); err != nil {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			if len(p.unacked) == 0 { // it had got everything when it left
				return nil
			}
			return err
		}
	}
}
