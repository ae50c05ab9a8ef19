package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in package kernel's machine.
const (
	atOperands = 0  // *uintptr: where each operand of the block is
	atCode     = 8  // *record
	atStreams  = 16 // *stream
	atCount    = 24 // streams
	atRows     = 32 // that have not begun
	atCols     = 40 // of a row
	atCol      = 48 // columns of the row that are done, with this block
	atBudget   = 56 // blocks until the call returns
	atGroups   = 64 // bytes of the whole groups of the block
	atRest     = 72 // elements after those
	atFill     = 80 // bytes of a broadcast column's block that are used
	atMasks    = 88 // of the rest: 64 bits, or 32 lanes of ones
)

// Offsets in a stream: where the next row begins, bytes from row to row, bytes from block to block, and for a broadcast column the block that it fills.
const (
	atRow      = 0
	atStep     = 8
	atAdvance  = 16
	atColumn   = 24
	streamSize = 32
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
	DECQ(rows)
	MOVQ(rows, field(atRows))
	t.beginRow()
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
	ADDQ(Imm(8), place)
	DECQ(left)
	JNZ(LabelRef(label))
}

// beginRow points the operands at the next row, and fills the blocks of broadcast columns.
func (t *target) beginRow() {
	eachStream("row", func(s, place reg.GPVirtual) {
		row, column := GP64(), GP64()
		MOVQ(Mem{Base: s, Disp: atRow}, row)
		MOVQ(Mem{Base: s, Disp: atColumn}, column)
		TESTQ(column, column)
		JZ(LabelRef("whole"))
		v := t.vector()
		VBROADCASTSS(Mem{Base: row}, v)
		at := GP64()
		XORQ(at, at)
		Label("fill")
		for i := range groupVectors {
			VMOVUPS(v, Mem{Base: column, Index: at, Scale: 1, Disp: i * t.bytes()})
		}
		ADDQ(U32(groupVectors*t.bytes()), at)
		CMPQ(at, Mem{Base: machine, Disp: atFill})
		JLT(LabelRef("fill"))
		MOVQ(column, Mem{Base: place})
		JMP(LabelRef("begun"))
		Label("whole")
		MOVQ(row, Mem{Base: place})
		Label("begun")
		ADDQ(Mem{Base: s, Disp: atStep}, row)
		MOVQ(row, Mem{Base: s, Disp: atRow})
	})
}

// advance moves the operands on to the row's next block.
func (t *target) advance() {
	eachStream("stream", func(s, place reg.GPVirtual) {
		by := GP64()
		MOVQ(Mem{Base: s, Disp: atAdvance}, by)
		ADDQ(by, Mem{Base: place})
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
