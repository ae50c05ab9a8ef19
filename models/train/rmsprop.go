package train

import "neurosweep/models/kernel"

// rmsprop is Hinton's (lecture 6e of his course of 2012) with momentum, as PyTorch's RMSprop has it (not centred):
//
//	v = α·v + (1-α)·g²,  b = µ·b + g/(√v + ε),  θ = θ - lr·b
type rmsprop struct{ alpha, epsilon, momentum float64 }

func newRMSprop(s settings) rule { return rmsprop{s.alpha, s.epsilon, s.momentum} }

func (rmsprop) slots() int    { return 2 }
func (rmsprop) coupled() bool { return true }

func (o rmsprop) write(f *formula, g kernel.Operand) {
	v := f.put(f.slot(0), f.average(o.alpha, f.slot(0), f.mul(g, g)))
	scaled := f.div(g, f.add(f.sqrt(v), f.constant(o.epsilon)))
	b := f.put(f.slot(1), f.add(f.mul(f.constant(o.momentum), f.slot(1)), scaled))
	f.put(f.weight(), f.sub(f.weight(), f.mul(f.rate(0), b)))
}

func (rmsprop) rates(_ int, lr, _ float64) [maxRates]float64 { return [maxRates]float64{lr} }
