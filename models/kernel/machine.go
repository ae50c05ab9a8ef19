package kernel

import "unsafe"

// A record is an instruction as the assembly reads it: where its code is, and where the table of operands has the places of its operands, in bytes.
type record struct {
	entry        uintptr
	dst, a, b, c uint32
}

// A flow is a stream as the assembly reads it.
type flow struct {
	row     uintptr // where the next row begins
	step    uintptr // bytes from row to row
	advance uintptr // bytes from block to block of a row
	column  uintptr // the block that a broadcast column fills, else 0
}

// A place is where the assembly finds an operand in the block at hand.
type place struct {
	address uintptr
	pitch   uintptr // bytes from row to row of the block
}

// A machine is the state of a running program that the assembly keeps. The generator knows the offsets of its fields, which a test checks. Addresses are plain
// numbers, for they go beyond their slices in the end; the program keeps what they point into.
type machine struct {
	operands uintptr // to the places of streams, registers, constants
	code     uintptr // to records
	flows    uintptr
	count    int // of flows
	rows     int // that have not begun
	cols     int // of a row
	col      int // columns of the row that are done
	budget   int // blocks until the call returns
	groups   int // the assembly's own: the size of the block
	rest     int
	fill     int // bytes of a row of a broadcast column's block
	together int // rows that a block has at most: several where they are short
	segments int // rows of the block
	masks    [128]byte
}

// callBlocks bounds a call of the assembly, in blocks times instructions: it cannot be interrupted, and the garbage collector would wait for it. The slowest take 0.1 µs
// for a block.
const callBlocks = 512

// secondPart has the functions that the assembly cuts in two: the first part, at the operation's own place in the table of addresses, leaves its result in a spare register,
// and the second, whose place this is, goes on from there and from the operand.
var secondPart = map[Op]Op{OpSigmoid: opCount, OpTanh: opCount + 1, OpSoftplus: opCount + 2}

// endOfProgram is the place of the operation that ends every program, the last in the table.
const endOfProgram = opCount + 3

// prepare makes what the assembly reads.
func (p *Program[F]) prepare() {
	entries := operationsOf(p.isa)
	p.places = make([]place, p.streams+p.registers+p.constants)
	for i := range p.places[p.streams:] {
		p.places[p.streams+i].address = addressOf(p.block(i))
	}
	p.records = nil
	between := p.place(Register(p.registers - 1))
	for _, in := range p.code {
		dst, a, b := p.place(in.Dst), p.place(in.A), p.place(in.B)
		if second, ok := secondPart[in.Op]; ok {
			p.records = append(p.records, record{entry: entries[in.Op], dst: between, a: a}, record{entry: entries[second], dst: dst, a: a, b: between})
		} else {
			p.records = append(p.records, record{entries[in.Op], dst, a, b, p.place(in.C)})
		}
	}
	p.records = append(p.records, record{entry: entries[endOfProgram]})
	p.flows, p.data = make([]flow, p.streams), make([]*F, p.streams)
	p.machine = &machine{operands: addressOf(p.places), code: addressOf(p.records), flows: addressOf(p.flows), count: p.streams}
}

func addressOf[T any](s []T) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }

// place is where the table has an operand, in bytes; 0 for none.
func (p *Program[F]) place(o Operand) uint32 {
	i := o.index()
	switch o.kind() {
	case registerKind:
		i += p.streams
	case constKind:
		i += p.streams + p.registers
	}
	return uint32(i) * uint32(unsafe.Sizeof(place{}))
}

// runMachine is Run in assembly.
func (p *Program[F]) runMachine(rows, cols int, streams []Strided[F]) {
	const size = 4 // of a float32: there is no other in assembly
	for i, v := range p.Consts[:p.constants] {
		if b := p.block(p.registers + i); toBits(float32(b[0])) != toBits(float32(v)) {
			fill(b, v)
		}
	}
	pitch := uintptr(min(cols, blockSize) * size)
	for i := range p.registers {
		p.places[p.streams+i].pitch = pitch
	}
	for i := range p.flows {
		s, f := &streams[i], &p.flows[i]
		p.data[i] = unsafe.SliceData(s.Data) // keeps it, and off the stack, which may move
		f.row, f.step, f.advance, f.column = addressOf(s.Data), uintptr(s.Stride*size), blockSize*size, 0
		p.places[i].pitch = f.step
		if s.Column {
			p.places[i].pitch = pitch
			f.advance, f.column = 0, addressOf(p.block(p.registers+p.constants+i))
		}
	}
	m := p.machine
	m.rows, m.cols, m.col, m.fill, m.together = rows, cols, cols, int(pitch), max(1, blockSize/cols)
	for m.rows > 0 || m.col < m.cols {
		m.budget = max(1, callBlocks/len(p.records))
		p.isa.run(m)
	}
}
