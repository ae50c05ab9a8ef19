package train

import "neurosweep/models/kernel"

// adaBelief is Zhuang et al.'s (AdaBelief optimizer: adapting stepsizes by the belief in observed gradients, 2020, algorithm 2; optax's adabelief is
// the same with eps = eps_root):
//
//	m = β₁·m + (1-β₁)·g,  s = β₂·s + (1-β₂)·(g-m)² + ε
//	θ = θ - lr/(1-β₁ᵗ) · m/(√s/√(1-β₂ᵗ) + ε)
type adaBelief struct{ adam }

func newAdaBelief(s settings) rule { return adaBelief{adam{s.beta1, s.beta2, s.epsilon, true}} }

func (o adaBelief) write(f *formula, g kernel.Operand) {
	m := f.put(f.slot(0), f.average(o.beta1, f.slot(0), g))
	d := f.keep(f.sub(g, m))
	s := f.put(f.slot(1), f.add(f.average(o.beta2, f.slot(1), f.mul(d, d)), f.constant(o.epsilon)))
	f.descend(m, s, o.epsilon, true)
}
