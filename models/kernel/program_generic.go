package kernel

// runGeneric is Run in plain Go: the instructions in turn over a block of a row, block by block, row by row.
func (p *Program[F]) runGeneric(rows, cols int, streams []Strided[F]) {
	for i, v := range p.Consts[:p.constants] {
		fill(p.block(p.registers+i), v)
	}
	for row := range rows {
		for i := range p.streams {
			if s := &streams[i]; s.Column {
				fill(p.block(p.registers+p.constants+i), s.Data[row*s.Stride])
			}
		}
		for from := 0; from < cols; from += blockSize {
			p.runBlock(row, from, min(blockSize, cols-from), streams)
		}
	}
}

// block is piece i of the program's memory.
func (p *Program[F]) block(i int) []F { return p.memory[i*blockSize : (i+1)*blockSize] }

// runBlock executes the program for n elements of a row.
func (p *Program[F]) runBlock(row, from, n int, streams []Strided[F]) {
	resolve := func(o Operand) []F {
		switch o.kind() {
		case registerKind:
			return p.block(o.index())[:n]
		case constKind:
			return p.block(p.registers + o.index())[:n]
		}
		s := &streams[o.index()]
		if s.Column {
			return p.block(p.registers + p.constants + o.index())[:n]
		}
		at := row*s.Stride + from
		return s.Data[at : at+n]
	}
	for i, in := range p.code {
		dst, a, twin := resolve(in.Dst), resolve(in.A), &p.twins[i]
		switch in.Op.Operands() {
		case 1:
			for i := range dst {
				dst[i] = twin.unary(a[i])
			}
		case 2:
			b := resolve(in.B)
			for i := range dst {
				dst[i] = twin.binary(a[i], b[i])
			}
		default:
			b, c := resolve(in.B), resolve(in.C)
			for i := range dst {
				dst[i] = twin.ternary(a[i], b[i], c[i])
			}
		}
	}
}

// A twin is an operation in plain Go: one of the three.
type twin[F Float] struct {
	unary   func(a F) F
	binary  func(a, b F) F
	ternary func(a, b, c F) F
}

func twinOf[F Float](o Op) (t twin[F]) {
	switch o.Operands() {
	case 1:
		t.unary = unaryOf[F](o)
	case 2:
		t.binary = binaryOf[F](o)
	default:
		t.ternary = ternaryOf[F](o)
	}
	return t
}

func fill[F Float](s []F, v F) {
	for i := range s {
		s[i] = v
	}
}
