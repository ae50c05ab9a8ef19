package graph

import (
	"fmt"
	"slices"

	"neurosweep/models/kernel"
)

// An elementEmitter turns a task of element-wise operations into a kernel program.
type elementEmitter[F Float] struct {
	e         *emitter[F]
	values    []*value
	instr     instr[F]
	consts    []F
	where     map[*value]kernel.Operand
	free      []int // registers
	registers int
}

// elements emits a task of element-wise operations.
func (e *emitter[F]) elements(r region, t task) {
	v := t.values[0]
	x := elementEmitter[F]{e: e, values: t.values, where: map[*value]kernel.Operand{}, instr: instr[F]{kind: callElements, rows: rowsOf(v), n: v.cols}}
	for i, v := range t.values {
		x.value(i, v)
	}
	p, err := e.set.Compile(x.instr.code, x.consts)
	if err != nil && e.failed == nil {
		e.failed = fmt.Errorf("compiling %v: %w", v, err)
	}
	x.instr.elements = p
	e.add(r, x.instr)
}

func (x *elementEmitter[F]) value(i int, v *value) {
	in := kernel.Instr{Op: elementOps[v.op]}
	for j, to := range []*kernel.Operand{&in.A, &in.B, &in.C} {
		if j < len(v.args) {
			*to = x.operand(v, v.args[j])
		}
	}
	for _, a := range slices.Compact(slices.Clone(v.args)) { // registers that are read for the last time
		if x.inside(a) && !x.e.stored[a.id] && !x.usedAfter(i, a) {
			x.release(a)
		}
	}
	if x.e.stored[v.id] {
		in.Dst = x.stream(x.e.operand(v), false)
	} else {
		in.Dst = x.register()
	}
	x.where[v] = in.Dst
	x.instr.code = append(x.instr.code, in)
}

func (x *elementEmitter[F]) inside(v *value) bool { return slices.Contains(x.values, v) }

func (x *elementEmitter[F]) usedAfter(i int, v *value) bool {
	return slices.ContainsFunc(x.values[i+1:], func(u *value) bool { return slices.Contains(u.args, v) })
}

// operand is where v's operand a is found.
func (x *elementEmitter[F]) operand(v, a *value) kernel.Operand {
	if o, ok := x.where[a]; ok {
		return o
	}
	var o kernel.Operand
	if a.op == opConst {
		x.consts = append(x.consts, F(a.c))
		o = kernel.Const(len(x.consts) - 1)
	} else {
		from := x.e.operand(a)
		if !a.batch && a.rows == 1 && (v.batch || v.rows > 1) {
			from.stride = 0
		}
		o = x.stream(from, a.cols == 1 && v.cols > 1)
	}
	x.where[a] = o
	return o
}

func (x *elementEmitter[F]) stream(o operand[F], column bool) kernel.Operand {
	x.instr.operands, x.instr.streams = append(x.instr.operands, o), append(x.instr.streams, kernel.Strided[F]{Stride: o.stride, Column: column})
	return kernel.Stream(len(x.instr.operands) - 1)
}

func (x *elementEmitter[F]) register() kernel.Operand {
	if n := len(x.free); n > 0 {
		r := x.free[n-1]
		x.free = x.free[:n-1]
		return kernel.Register(r)
	}
	x.registers++
	return kernel.Register(x.registers - 1)
}

// release gives a register back; Dst of the instruction that reads it last may be the same.
func (x *elementEmitter[F]) release(v *value) {
	for r := range x.registers {
		if x.where[v] == kernel.Register(r) {
			if !slices.Contains(x.free, r) {
				x.free = append(x.free, r)
			}
		}
	}
}
