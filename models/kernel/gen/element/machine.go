package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in package kernel's machine.
const (
	atOperands = 0   // *place: where each operand of the block is
	atCode     = 8   // *record
	atStreams  = 16  // *stream
	atCount    = 24  // streams
	atRows     = 32  // that have not begun
	atCols     = 40  // of a row
	atCol      = 48  // columns of the row that are done, with this block
	atBudget   = 56  // blocks until the call returns
	atGroups   = 64  // bytes of the whole groups of the block
	atRest     = 72  // elements after those
	atFill     = 80  // bytes of a row of a broadcast column's block
	atTogether = 88  // rows that a block has at most: several where they are short
	atSegments = 96  // rows of the block
	atMasks    = 104 // of the rest of a row: 64 bits, or 32 lanes of ones
)

// Offsets in a stream: where the next row begins, bytes from row to row, bytes from block to block, and for a broadcast column the block that it fills.
const (
	atRow      = 0
	atStep     = 8
	atAdvance  = 16
	atColumn   = 24
	streamSize = 32
)

// Offsets in a place, that of an operand in the block at hand: its address, and the bytes from row to row of the block.
const (
	atAddress = 0
	atPitch   = 8
	placeSize = 16
)

// Offsets in a record, an instruction: the address of its code, and the places of its operands in the table, in bytes.
const (
	atEntry    = 0
	atDst      = 8
	atSources  = 12
	recordSize = 24
)

// blockSize is the number of elements of a block.
const blockSize = 256

// Registers that hold the machine between its operations.
var (
	machine  = reg.RDI
	record   = reg.RSI
	operands = reg.RBX
)

// jump goes to the code of the record: the operations are threaded, each jumps to the next. It keeps the machine's registers alive for the allocator.
func jump() {
	to := GP64()
	MOVQ(Mem{Base: record, Disp: atEntry}, to)
	Instruction(&ir.Instruction{
		Opcode: "JMP", Operands: []Op{to}, Inputs: []Op{to, machine, record, operands}, IsTerminal: true,
	})
}

// next goes to the following record.
func next() {
	ADDQ(Imm(recordSize), record)
	jump()
}

// run emits the machine's loop over rows and blocks. It is also the operation that ends every program.
func (t *target) run() {
	TEXT("run"+t.suffix, NOSPLIT, "func(m *byte)")
	Doc("run" + t.suffix + " executes the program of a machine until its rows or its budget are at an end; m points at a machine.")
	Pragma("noescape")
	Load(Param("m"), machine)
	field := func(at int) Mem { return Mem{Base: machine, Disp: at} }
	col, cols, rows := GP64(), GP64(), GP64()
	DECQ(field(atBudget))
	JL(LabelRef("return"))
	MOVQ(field(atOperands), operands)
	MOVQ(field(atCol), col)
	MOVQ(field(atCols), cols)
	CMPQ(col, cols)
	JLT(LabelRef("sameRow"))
	MOVQ(field(atRows), rows)
	TESTQ(rows, rows)
	JZ(LabelRef("return"))
	segments := GP64()
	MOVQ(field(atTogether), segments)
	CMPQ(segments, rows)
	JLE(LabelRef("enough"))
	MOVQ(rows, segments)
	Label("enough")
	MOVQ(segments, field(atSegments))
	SUBQ(segments, rows)
	MOVQ(rows, field(atRows))
	t.beginRows()
	XORQ(col, col)
	JMP(LabelRef("block"))
	Label("sameRow")
	t.advance()
	Label("block")
	t.measure(col, cols)
	MOVQ(field(atCode), record)
	jump()
	Label("return")
	VZEROUPPER()
	RET()
}

// eachStream emits a loop over the streams: s points at one, and place at where the operand table has it.
func eachStream(label string, body func(s, place reg.GPVirtual)) {
	s, place, left := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: machine, Disp: atStreams}, s)
	MOVQ(operands, place)
	MOVQ(Mem{Base: machine, Disp: atCount}, left)
	Label(label)
	body(s, place)
	ADDQ(Imm(streamSize), s)
	ADDQ(Imm(placeSize), place)
	DECQ(left)
	JNZ(LabelRef(label))
}

// beginRows points the operands at the rows of the next block, and fills the blocks of broadcast columns.
func (t *target) beginRows() {
	eachStream("stream", func(s, place reg.GPVirtual) {
		row, column, segments := GP64(), GP64(), GP64()
		MOVQ(Mem{Base: s, Disp: atRow}, row)
		MOVQ(Mem{Base: s, Disp: atColumn}, column)
		MOVQ(Mem{Base: machine, Disp: atSegments}, segments)
		TESTQ(column, column)
		JZ(LabelRef("whole"))
		MOVQ(column, Mem{Base: place, Disp: atAddress})
		t.fillColumn(s, row, column, segments)
		JMP(LabelRef("begun"))
		Label("whole")
		MOVQ(row, Mem{Base: place, Disp: atAddress})
		IMULQ(Mem{Base: s, Disp: atStep}, segments)
		ADDQ(segments, row)
		Label("begun")
		MOVQ(row, Mem{Base: s, Disp: atRow})
	})
}

// fillColumn writes rows of equal numbers to the block of a broadcast column. What it writes beyond a row is the next one's, or the next column's, or spare.
func (t *target) fillColumn(s, row, column, segments reg.GPVirtual) {
	v, at, pitch := t.vector(), GP64(), GP64()
	MOVQ(Mem{Base: machine, Disp: atFill}, pitch)
	Label("fillRow")
	VBROADCASTSS(Mem{Base: row}, v)
	XORQ(at, at)
	Label("fill")
	for i := range groupVectors {
		VMOVUPS(v, Mem{Base: column, Index: at, Scale: 1, Disp: i * t.bytes()})
	}
	ADDQ(U32(groupVectors*t.bytes()), at)
	CMPQ(at, pitch)
	JLT(LabelRef("fill"))
	ADDQ(Mem{Base: s, Disp: atStep}, row)
	ADDQ(pitch, column)
	DECQ(segments)
	JNZ(LabelRef("fillRow"))
}

// advance moves the operands on to the row's next block.
func (t *target) advance() {
	eachStream("advance", func(s, place reg.GPVirtual) {
		by := GP64()
		MOVQ(Mem{Base: s, Disp: atAdvance}, by)
		ADDQ(by, Mem{Base: place, Disp: atAddress})
	})
}

// measure finds the size of the block that begins at a column, and the masks of what is left over after its whole groups.
func (t *target) measure(col, cols reg.GPVirtual) {
	group := groupVectors * t.lanes
	field := func(at int) Mem { return Mem{Base: machine, Disp: at} }
	n, rest := GP64(), GP64()
	MOVQ(cols, n)
	SUBQ(col, n)
	CMPQ(n, U32(blockSize))
	JLE(LabelRef("short"))
	MOVQ(U32(blockSize), n)
	Label("short")
	ADDQ(n, col)
	MOVQ(col, field(atCol))
	MOVQ(n, rest)
	ANDQ(Imm(uint64(group-1)), rest)
	SUBQ(rest, n)
	SHLQ(Imm(2), n)
	MOVQ(n, field(atGroups))
	CMPQ(rest, field(atRest))
	JE(LabelRef("masked"))
	MOVQ(rest, field(atRest))
	if t.wide {
		ones := GP64()
		MOVQ(I64(-1), ones)
		MOVQ(rest, reg.RCX)
		SHLQ(reg.CL, ones)
		NOTQ(ones)
		MOVQ(ones, field(atMasks))
	} else {
		limit, index, mask := t.vector(), t.vector(), t.vector()
		VPBROADCASTD(field(atRest), limit)
		for i := range groupVectors {
			VMOVDQU(t.indices(i), index)
			VPCMPGTD(index, limit, mask)
			VMOVDQU(mask, field(atMasks+i*t.bytes()))
		}
	}
	Label("masked")
}
