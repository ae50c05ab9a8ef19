package kernel

// runGeneric is Run in plain Go: the instructions in turn over a block of a row, block by block, row by row.
func (p *Program[F]) runGeneric(rows, cols int, streams []Strided[F]) {
	for i, v := range p.Consts {
		fill(p.block(p.registers+i), v)
	}
	for row := range rows {
		for i := range p.streams {
			if s := &streams[i]; s.Column {
				fill(p.block(p.registers+len(p.Consts)+i), s.Data[row*s.Stride])
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
			return p.block(p.registers + len(p.Consts) + o.index())[:n]
		}
		at := row*s.Stride + from
		return s.Data[at : at+n]
	}
	for _, in := range p.code {
		dst, a := resolve(in.Dst), resolve(in.A)
		switch in.Op.Operands() {
		case 1:
			f := unaryOf[F](in.Op)
			for i := range dst {
				dst[i] = f(a[i])
			}
		case 2:
			f, b := binaryOf[F](in.Op), resolve(in.B)
			for i := range dst {
				dst[i] = f(a[i], b[i])
			}
		default:
			f, b, c := ternaryOf[F](in.Op), resolve(in.B), resolve(in.C)
			for i := range dst {
				dst[i] = f(a[i], b[i], c[i])
			}
		}
	}
}

func fill[F Float](s []F, v F) {
	for i := range s {
		s[i] = v
	}
}
