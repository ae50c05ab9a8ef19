package kernel

import "fmt"

// blockSize is the number of elements that an instruction works on before the next one takes its turn: a kibibyte of float32 for a register, so that
// streams and registers of a program stay in the first-level cache.
const blockSize = 256

// spare is how far the assembly writes beyond the last block.
const spare = 64

// A Program is straight-line code of element-wise operations that runs over the elements of matrices: one pass over memory however many operations it has.
// It owns its registers, so that it serves one goroutine at a time: Clone it for others.
type Program[F Float] struct {
	// Consts are the values of the constants. They may be changed between runs, their number may not.
	Consts []F

	isa       ISA
	code      []Instr
	streams   int    // as many as the code names
	written   []bool // of the streams: whether the code writes it
	registers int
	constants int
	memory    []F // the registers, then the constants, blockSize elements each, then the broadcast columns

	twins []twin[F] // of the instructions, for plain Go

	// For the assembly.
	machine *machine
	records []record
	flows   []flow
	places  []place
	data    []*F
}

// Compile makes a program of code for elements of type F; consts are copied. The limits are 2¹⁴ streams, registers and constants each, but only what fits the first-level cache is
// fast: about 30 of them in all. An error tells of code that names what is not there, or reads a register before it is written.
func (s *Set[F]) Compile(code []Instr, consts []F) (*Program[F], error) {
	p := &Program[F]{isa: s.ISA, Consts: append([]F(nil), consts...), code: append([]Instr(nil), code...)}
	set := map[Operand]bool{} // the registers that have been written
	for i, in := range code {
		if err := p.check(in, set); err != nil {
			return nil, fmt.Errorf("compiling an element-wise program: instruction %d (%v): %w", i, in, err)
		}
	}
	if p.streams == 0 {
		return nil, fmt.Errorf("compiling an element-wise program: %d instructions name no stream, so that nothing comes out", len(code))
	}
	if p.isa != Generic {
		p.registers++ // between the parts of a function
	}
	p.allocate()
	return p, nil
}

// check is a pass over one instruction: it refuses what cannot run, and counts streams and registers.
func (p *Program[F]) check(in Instr, set map[Operand]bool) error {
	operands := []Operand{in.A, in.B, in.C}
	n := in.Op.Operands()
	if n == 0 {
		return fmt.Errorf("there is no operation %d", in.Op)
	}
	for i, o := range operands {
		if i >= n {
			if o != 0 {
				return fmt.Errorf("%v has %d operands", in.Op, n)
			}
			continue
		}
		switch o.kind() {
		case 0:
			return fmt.Errorf("operand %d of %d is missing or out of range", i+1, n)
		case streamKind:
			p.streams = max(p.streams, o.index()+1)
		case registerKind:
			if !set[o] {
				return fmt.Errorf("it reads %v, which nothing has written", o)
			}
		case constKind:
			if o.index() >= len(p.Consts) {
				return fmt.Errorf("there is no %v among %d constants", o, len(p.Consts))
			}
		}
	}
	switch in.Dst.kind() {
	case streamKind:
		p.streams = max(p.streams, in.Dst.index()+1)
	case registerKind:
		p.registers = max(p.registers, in.Dst.index()+1)
		set[in.Dst] = true
	default:
		return fmt.Errorf("the result must go to a stream or a register")
	}
	return nil
}

// allocate makes the program's memory.
func (p *Program[F]) allocate() {
	p.written, p.constants = make([]bool, p.streams), len(p.Consts)
	for _, in := range p.code {
		if in.Dst.kind() == streamKind {
			p.written[in.Dst.index()] = true
		}
	}
	p.memory = Aligned[F]((p.registers+p.constants+p.streams)*blockSize + spare)
	if p.isa != Generic {
		p.prepare()
		return
	}
	p.twins = make([]twin[F], len(p.code))
	for i, in := range p.code {
		p.twins[i] = twinOf[F](in.Op)
	}
}

// Clone is the program with registers and constants of its own, to run beside this one.
func (p *Program[F]) Clone() *Program[F] {
	q := *p
	q.Consts = append([]F(nil), p.Consts...)
	q.allocate()
	return &q
}

// Streams is the number of streams that Run needs.
func (p *Program[F]) Streams() int { return p.streams }

// A Strided is a stream of a Run: a matrix whose row i begins at Data[i·Stride]. Stride 0 repeats one row (a row broadcast). With Column, the rows have one
// element each, which stands for the whole row (a column broadcast; with Stride 0, a scalar).
type Strided[F Float] struct {
	Data   []F
	Stride int
	Column bool
}

// Run executes the program for every element of rows×cols; rows or cols 0 does nothing. A stream that is written needs rows that do not overlap, and may be read at the same element; other than that, streams that are
// written must not overlap any other. It panics like an index out of range where a stream is missing, too short, or written through a broadcast. It does not allocate.
func (p *Program[F]) Run(rows, cols int, streams []Strided[F]) {
	if rows <= 0 || cols <= 0 {
		return
	}
	whole := true // whether all rows follow each other without gaps
	for i := range streams[:p.streams] {
		s := &streams[i]
		width := cols
		if s.Column {
			width = 1
		}
		_ = s.Data[(rows-1)*s.Stride+width-1]
		if s.Stride < 0 || p.written[i] && (s.Column || s.Stride < cols && rows > 1) {
			panic(fmt.Sprintf("kernel: stream %d has stride %d for rows of %d", i, s.Stride, cols))
		}
		whole = whole && s.Stride == cols && !s.Column
	}
	if whole {
		cols *= rows
		rows = 1
	}
	if p.isa == Generic {
		p.runGeneric(rows, cols, streams)
	} else {
		p.runMachine(rows, cols, streams)
	}
}
