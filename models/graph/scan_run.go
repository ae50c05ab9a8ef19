package graph

import (
	"fmt"

	"neurosweep/models/kernel"
)

// run executes a region for so many rows of the batch.
func (f *frame[F]) run(r region, rows int) error {
	list := f.code.regions[r]
	for j := range list {
		i := &list[j]
		n := rows
		if i.rows > 0 {
			n = i.rows
		}
		switch i.kind {
		case callElements:
			f.elements(i, n)
		case callProduct:
			c, a := &i.operands[0], &i.operands[1]
			var start, y []F
			if i.start != nil {
				start = f.data(i.start)
			}
			if i.then == kernel.ThenDReLU {
				y = f.data(&i.operands[2])
			}
			i.product.Run(n, f.data(c), f.data(a), f.shared.packed[i.packed:], start, y, f.ahead)
		case callOuter:
			c, a, b := &i.operands[0], &i.operands[1], &i.operands[2]
			if !i.accumulate {
				clearRows(f.data(c), c.stride, i.k, i.n)
			}
			f.set.MulTN(f.data(c), c.stride, f.data(a), a.stride, f.data(b), b.stride, i.k, i.n, n)
		case callSumRows:
			c, a := &i.operands[0], &i.operands[1]
			if !i.accumulate {
				clearRows(f.data(c), c.stride, 1, i.n)
			}
			f.set.AddRows(f.data(c), f.data(a), a.stride, i.n, n)
		default:
			if err := f.rare(i, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *frame[F]) elements(i *instr[F], rows int) {
	for k := range i.operands {
		i.streams[k].Data = f.data(&i.operands[k])
	}
	i.elements.Run(rows, i.n, i.streams)
}

func clearRows[F Float](c []F, stride, rows, cols int) {
	for r := range rows {
		clear(c[r*stride : r*stride+cols])
	}
}

// rare executes what few networks need.
func (f *frame[F]) rare(i *instr[F], rows int) error {
	if i.kind == callPack {
		w := &i.operands[0]
		f.set.Pack(f.shared.packed[i.packed:], f.data(w), i.k, i.n, w.stride, i.transposed)
		return nil
	}
	c, a := &i.operands[0], &i.operands[1]
	to, from := f.data(c), f.data(a)
	switch i.kind {
	case callCopy:
		for r := range rows {
			copy(to[r*c.stride:r*c.stride+i.n], from[r*a.stride:])
		}
	case callTranspose:
		for r := range rows {
			for j, x := range from[r*a.stride : r*a.stride+i.k] {
				to[j*c.stride+r] = x
			}
		}
	case callSumCols, callMaxCols:
		for r := range rows {
			to[r*c.stride] = reduceRow(i.kind, from[r*a.stride:r*a.stride+i.k])
		}
	case callGather:
		index := &i.operands[2]
		at := f.data(index)
		for r := range rows {
			k, err := whole(at[r*index.stride], i.k)
			if err != nil {
				return fmt.Errorf("gather: %w", err)
			}
			copy(to[r*c.stride:r*c.stride+i.n], from[k*a.stride:])
		}
	case callScatter:
		f.scatter(i, rows, to, from)
	}
	return nil
}

// reduceRow is the sum of a row in ascending order, or its largest element, a NaN where one is.
func reduceRow[F Float](kind instrKind, row []F) F {
	if kind == callSumCols {
		var sum F
		for _, x := range row {
			sum += x
		}
		return sum
	}
	top := row[0]
	for _, x := range row[1:] {
		top = max(top, x)
	}
	return top
}

func (f *frame[F]) scatter(i *instr[F], rows int, to, from []F) {
	c, a, index := &i.operands[0], &i.operands[1], &i.operands[2]
	if !i.accumulate {
		clearRows(to, c.stride, i.k, i.n)
	}
	at := f.data(index)
	for r := range rows {
		k := int(at[r*index.stride]) // gather has checked it
		row := to[k*c.stride : k*c.stride+i.n]
		for j, x := range from[r*a.stride : r*a.stride+i.n] {
			row[j] += x
		}
	}
}
