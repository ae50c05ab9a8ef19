package train

import (
	"math"

	"neurosweep/models/kernel"
)

const adamName = "adam"

// The two forms of epsilon in adam.
const (
	uncorrectedName = "uncorrected"
	correctedName   = "corrected"
)

// adam is Kingma and Ba's optimiser (Adam, 2015):
//
//	m = β₁·m + (1-β₁)·g,  v = β₂·v + (1-β₂)·g²
//
// By default in the form of the last paragraph of their section 2, which adds epsilon to the root before the bias is corrected (brainpy and the
// DelayComparison notebook do so):
//
//	θ = θ - lr·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
//
// and in that of their algorithm 1 where train.epsilon_form is corrected, in the order of PyTorch's Adam:
//
//	θ = θ - lr/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε)
type adam struct {
	beta1, beta2, epsilon float64
	corrected             bool
}

func newAdam(s settings) rule { return adam{s.beta1, s.beta2, s.epsilon, s.corrected} }

func (adam) slots() int    { return 2 }
func (adam) coupled() bool { return true }

func (o adam) write(f *formula, g kernel.Operand) {
	m := f.put(f.slot(0), f.average(o.beta1, f.slot(0), g))
	v := f.put(f.slot(1), f.average(o.beta2, f.slot(1), f.mul(g, g)))
	f.descend(m, v, o.epsilon, o.corrected)
}

func (o adam) rates(t int, lr, _ float64) [maxRates]float64 {
	mean, root := o.bias(t)
	if o.corrected {
		return [maxRates]float64{lr / mean, root}
	}
	return [maxRates]float64{float64(lr*root) / mean}
}

// bias is 1-β₁ᵗ and √(1-β₂ᵗ).
func (o adam) bias(t int) (mean, root float64) {
	return 1 - power(o.beta1, t), math.Sqrt(1 - power(o.beta2, t))
}

// average writes decay·a + (1-decay)·b.
func (f *formula) average(decay float64, a, b kernel.Operand) kernel.Operand {
	a = f.mul(f.constant(decay), a)
	return f.add(a, f.mul(f.constant(1-decay), b))
}

// descend writes θ = θ - rate(0)·m/(√v/rate(1) + ε), where the division by rate(1) is left out unless corrected.
func (f *formula) descend(m, v kernel.Operand, epsilon float64, corrected bool) {
	root := f.sqrt(v)
	if corrected {
		root = f.div(root, f.rate(1))
	}
	root = f.add(root, f.constant(epsilon))
	f.put(f.weight(), f.sub(f.weight(), f.div(f.mul(f.rate(0), m), root)))
}
