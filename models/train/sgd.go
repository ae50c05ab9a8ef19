package train

import "neurosweep/models/kernel"

// sgd is gradient descent with momentum, as PyTorch's SGD has it (no dampening, no Nesterov): v = µ·v + g, θ = θ - lr·v.
type sgd struct{ momentum float64 }

func newSGD(s settings) rule { return sgd{s.momentum} }

func (sgd) slots() int    { return 1 }
func (sgd) coupled() bool { return true }

func (o sgd) write(f *formula, g kernel.Operand) {
	v := f.put(f.slot(0), f.add(f.mul(f.constant(o.momentum), f.slot(0)), g))
	f.put(f.weight(), f.sub(f.weight(), f.mul(f.rate(0), v)))
}

func (sgd) rates(_ int, lr, _ float64) [maxRates]float64 { return [maxRates]float64{lr} }
