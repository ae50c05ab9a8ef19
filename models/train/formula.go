package train

import "neurosweep/models/kernel"

// A formula is an optimiser's update of one weight, written down as a program over four kinds of numbers: weights, gradients, the optimiser's slots, and constants.
// Every method appends one operation, whose result is rounded.
//
// A result is used once, as an operand of a later operation: its register is then free again. Numbers that were put into a stream, and those that
// were kept, can be used any number of times.
type formula struct {
	code   []kernel.Instr
	consts []float64
	used   []bool // registers
	kept   map[kernel.Operand]bool
}

// The streams of a formula, before those of the slots.
const (
	weightStream = iota
	gradientStream
	slotStreams
)

func (f *formula) weight() kernel.Operand    { return kernel.Stream(weightStream) }
func (f *formula) gradient() kernel.Operand  { return kernel.Stream(gradientStream) }
func (f *formula) slot(i int) kernel.Operand { return kernel.Stream(slotStreams + i) }

// rate is constant number i of those that change from update to update (rule.rates).
func (f *formula) rate(i int) kernel.Operand { return kernel.Const(rateConsts + i) }

// constant is a number that never changes.
func (f *formula) constant(v float64) kernel.Operand {
	f.consts = append(f.consts, v)
	return kernel.Const(len(f.consts) - 1)
}

func (f *formula) mul(a, b kernel.Operand) kernel.Operand { return f.compute(kernel.OpMul, a, b) }
func (f *formula) add(a, b kernel.Operand) kernel.Operand { return f.compute(kernel.OpAdd, a, b) }
func (f *formula) sub(a, b kernel.Operand) kernel.Operand { return f.compute(kernel.OpSub, a, b) }
func (f *formula) div(a, b kernel.Operand) kernel.Operand { return f.compute(kernel.OpDiv, a, b) }
func (f *formula) sqrt(a kernel.Operand) kernel.Operand   { return f.compute(kernel.OpSqrt, a) }

// keep allows a result to be used more than once.
func (f *formula) keep(v kernel.Operand) kernel.Operand {
	f.kept[v] = true
	return v
}

// put has the last result written to a stream instead of a register, and returns the stream.
func (f *formula) put(stream, result kernel.Operand) kernel.Operand {
	f.release(result)
	f.code[len(f.code)-1].Dst = stream
	return stream
}

func (f *formula) compute(op kernel.Op, operands ...kernel.Operand) kernel.Operand {
	for _, v := range operands {
		f.release(v)
	}
	n := 0
	for n < len(f.used) && f.used[n] {
		n++
	}
	if n == len(f.used) {
		f.used = append(f.used, false)
	}
	f.used[n] = true
	in := kernel.Instr{Op: op, Dst: kernel.Register(n), A: operands[0]}
	if len(operands) > 1 {
		in.B = operands[1]
	}
	f.code = append(f.code, in)
	return in.Dst
}

// release frees the register of a result that has been used.
func (f *formula) release(v kernel.Operand) {
	for n := range f.used {
		if v == kernel.Register(n) && !f.kept[v] {
			f.used[n] = false
		}
	}
}

// decayed writes the gradient that an optimiser takes: the batch's one, scaled by the clipping factor where there is a limit, with weight decay
// added to it where it is coupled.
func (f *formula) decayed(clip, decay bool) kernel.Operand {
	g := f.gradient()
	if clip {
		g = f.mul(g, kernel.Const(clipConst))
	}
	if decay {
		g = f.add(g, f.mul(f.weight(), kernel.Const(decayConst)))
	}
	return f.keep(g)
}

// The first constants of every formula change from update to update: the clipping factor, the weight decay of a group, and the rule's own rates.
const (
	clipConst = iota
	decayConst
	rateConsts
	varying = rateConsts + maxRates
)

// newFormula writes a rule's formula.
func newFormula(r rule, clip, decay bool) *formula {
	f := &formula{consts: make([]float64, varying), kept: map[kernel.Operand]bool{}}
	r.write(f, f.decayed(clip, decay))
	return f
}
