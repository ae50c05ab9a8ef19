package train

import "math"

// Optimisers by name.
const (
	adamName = "adam"
	sgdName  = "sgd"

	uncorrectedName = "uncorrected"
	correctedName   = "corrected"
)

func optimizerNames() []string { return []string{adamName, sgdName} }

// An optimizer changes weights by gradients. It keeps a number for each weight in each of its slots, and nothing else: update
// count, slots and settings determine what it does next.
type optimizer interface {
	// apply does update number t, counting from 1.
	apply(t int, weights, gradients []float32)
	slots() [][]float32
}

func newOptimizer(s settings, weights int) optimizer {
	if s.optimizer == sgdName {
		return &sgd{s, make([]float32, weights)}
	}
	return &adam{s, make([]float32, weights), make([]float32, weights)}
}

// sgd is gradient descent with momentum: v = µ·v + g, θ = θ - lr·v.
type sgd struct {
	settings
	velocity []float32
}

func (o *sgd) slots() [][]float32 { return [][]float32{o.velocity} }

func (o *sgd) apply(t int, weights, gradients []float32) {
	lr, momentum := float32(o.lr*o.schedule.at(t)), float32(o.momentum)
	for i, g := range gradients {
		v := float32(momentum*o.velocity[i]) + g
		o.velocity[i] = v
		weights[i] -= float32(lr * v)
	}
}

// adam is Kingma and Ba's optimiser in the form of their section 2's last paragraph, which adds epsilon to the root before the bias is
// corrected (brainpy and the DelayComparison notebook do so; PyTorch does not):
//
//	m = β₁·m + (1-β₁)·g,  v = β₂·v + (1-β₂)·g²
//	θ = θ - lr·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
type adam struct {
	settings
	mean, square []float32
}

func (o *adam) slots() [][]float32 { return [][]float32{o.mean, o.square} }

func (o *adam) apply(t int, weights, gradients []float32) {
	rate := float32(o.lr * o.schedule.at(t) * math.Sqrt(1-power(o.beta2, t)) / (1 - power(o.beta1, t)))
	b1, c1 := float32(o.beta1), float32(1-o.beta1)
	b2, c2 := float32(o.beta2), float32(1-o.beta2)
	epsilon := float32(o.epsilon)
	for i, g := range gradients {
		m := float32(b1*o.mean[i]) + float32(c1*g)
		v := float32(b2*o.square[i]) + float32(c2*float32(g*g))
		o.mean[i], o.square[i] = m, v
		root := float32(math.Sqrt(float64(v))) // correctly rounded in float32
		weights[i] -= float32(rate*m) / (root + epsilon)
	}
}
