package broker

import (
	"encoding/binary"
	"fmt"
)

// commVersion is the first byte of every message between ranks.
const commVersion = 1

// kind is what a message between ranks is.
type kind uint8

const (
	kindHello   kind = iota + 1 // JSON: a rank says who it is, to rank 0, until it is answered
	kindWelcome                 // JSON: rank 0 answers: all are there, and agree
	kindRefuse                  // JSON: they do not agree
	kindData                    // a chunk
	kindAsk                     // seq: so much has been sent; answered by kindAck
	kindAck                     // arrived and consumed
	kindResend                  // as kindAck; and what follows arrived is missing
	kindBeat                    // JSON: a heartbeat
	kindDeath                   // JSON: a rank is dead, or has given up
	kindLeave                   // as kindAck; and the rank has closed its Comm
)

// headerBytes is the size of a header, and what a chunk costs of the window beside its content.
const headerBytes = 80

// A header begins every message between ranks: little-endian numbers at fixed places.
//
// What one rank sends to another is numbered as TCP does it, by what it costs: headerBytes and the content of each chunk. seq is the cost of all chunks before this one.
// arrived is the cost of all chunks of the other direction that have come, in order, without a gap; consumed that of the chunks that a call has taken.
type header struct {
	kind     kind
	call     call   // data: which call this is part of
	elem     elem   // data: of what
	op       Op     // data of a reduction: how
	from     uint32 // rank in the world
	root     uint32 // data: the call's root
	session  uint64 // drawn by rank 0: messages of others who used the same group's name are not ours
	seq      uint64 // see above
	arrived  uint64 // see above
	consumed uint64 // see above
	comm     uint64 // data: the communicator
	tag      uint64 // data: the tag of Send, or the number of the collective call
	total    uint64 // data: bytes of the whole message
	offset   uint64 // data: where this chunk begins in it
}

// encode makes a message of a header and n bytes of content, which the caller fills in. buffer is used if it is large enough.
func (h header) encode(buffer []byte, n int) []byte {
	if cap(buffer) < headerBytes+n {
		buffer = make([]byte, headerBytes+n)
	}
	b := buffer[:headerBytes+n]
	b[0], b[1], b[2], b[3], b[4] = commVersion, byte(h.kind), byte(h.call), byte(h.elem), byte(h.op)
	b[5], b[6], b[7] = 0, 0, 0
	binary.LittleEndian.PutUint32(b[8:], h.from)
	binary.LittleEndian.PutUint32(b[12:], h.root)
	for i, x := range []uint64{h.session, h.seq, h.arrived, h.consumed, h.comm, h.tag, h.total, h.offset} {
		binary.LittleEndian.PutUint64(b[16+8*i:], x)
	}
	return b
}

// with makes a message of a header and a content.
func (h header) with(content []byte) []byte {
	b := h.encode(nil, len(content))
	copy(b[headerBytes:], content)
	return b
}

// decode splits a message into header and content.
func decode(b []byte) (h header, content []byte, err error) {
	if len(b) < headerBytes {
		return h, nil, fmt.Errorf("a message between ranks has %d bytes, fewer than its header of %d", len(b), headerBytes)
	}
	if b[0] != commVersion {
		return h, nil, fmt.Errorf("a message between ranks has version %d, this program speaks version %d: start all ranks from the same binary", b[0], commVersion)
	}
	h.kind, h.call, h.elem, h.op = kind(b[1]), call(b[2]), elem(b[3]), Op(b[4])
	h.from, h.root = binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	for i, x := range []*uint64{&h.session, &h.seq, &h.arrived, &h.consumed, &h.comm, &h.tag, &h.total, &h.offset} {
		*x = binary.LittleEndian.Uint64(b[16+8*i:])
	}
	content = b[headerBytes:]
	if h.kind == kindData && h.offset+uint64(len(content)) > h.total {
		return h, nil, fmt.Errorf("a chunk of rank %d reaches over the end of its message", h.from)
	}
	return h, content, nil
}

// call is the code of a call, in every chunk, so that calls that do not belong together are found out.
type call uint8

const (
	callSend call = iota + 1
	callBarrier
	callBcast
	callScatter
	callGather
	callAllgather
	callReduce
	callAllreduce
	callSplit
	callRecv // never sent
)

// String is the call's name.
func (c call) String() string {
	names := [...]string{"?", "Send", "Barrier", "Bcast", "Scatter", "Gather", "Allgather", "Reduce", "Allreduce", "Split", "Recv"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("call %d", uint8(c))
}
