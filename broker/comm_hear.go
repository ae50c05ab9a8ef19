package broker

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// refused fails the group when the server forbids what its ranks must do.
func (e *endpoint) refused(err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		e.fail(fmt.Errorf("the broker does not let ranks talk: %w", err))
	}
}

// hear takes a message. Chunks and what is about them come on our own subject, so in the order in which they were sent.
func (e *endpoint) hear(data []byte) {
	h, content, err := decode(data)
	session := e.current()
	if err != nil {
		if session == 0 {
			e.fail(err)
		}
		return
	}
	from := int(h.from)
	switch h.kind {
	case kindHello:
		e.greeted(content)
		return
	case kindWelcome:
		e.welcomed(h, content)
		return
	case kindRefuse:
		var r refusal
		if json.Unmarshal(content, &r) == nil && (r.Nonce == e.joining.hello.Nonce || r.Nonce == "" && session == 0) {
			e.fail(errors.New(r.Why))
		}
		return
	case kindDeath:
		var d death
		if (h.session == 0 || h.session == session) && json.Unmarshal(content, &d) == nil {
			e.died(d)
		}
		return
	}
	if session == 0 && e.group.Rank != 0 && h.kind == kindData {
		e.mutex.Lock()
		e.early = append(e.early, data)
		e.mutex.Unlock()
		return
	}
	if session == 0 || h.session != session || from >= e.group.Size || from == e.group.Rank {
		return
	}
	e.heard(from)
	switch h.kind {
	case kindData:
		e.data(h, content)
	case kindAsk:
		k := kindAck
		if arrived, _ := e.received(from); arrived < h.seq {
			k = kindResend
		}
		e.acknowledge(from, k)
	case kindAck, kindResend:
		e.acknowledged(e.peers[from], h.arrived, h.consumed, h.kind == kindResend)
	case kindBeat:
		e.beaten(content)
	case kindLeave:
		e.acknowledged(e.peers[from], h.arrived, h.consumed, false)
		e.leave(from)
	}
}

// current is the session, 0 before the welcome.
func (e *endpoint) current() uint64 {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.session
}
