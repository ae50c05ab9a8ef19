package train

import "neurosweep/models/kernel"

// adamW is Loshchilov and Hutter's (Decoupled weight decay regularization, 2019), in the order of PyTorch's AdamW: weights shrink first,
//
//	θ = θ·(1 - lr·λ)
//
// and then follow adam's corrected form, whose moments know nothing of the decay λ.
type adamW struct{ adam }

func newAdamW(s settings) rule { return adamW{adam{s.beta1, s.beta2, s.epsilon, true}} }

func (adamW) coupled() bool { return false }

func (o adamW) write(f *formula, g kernel.Operand) {
	f.put(f.weight(), f.mul(f.weight(), f.rate(2)))
	o.adam.write(f, g)
}

func (o adamW) rates(t int, lr, decay float64) [maxRates]float64 {
	mean, root := o.bias(t)
	return [maxRates]float64{lr / mean, root, 1 - float64(lr*decay)}
}
