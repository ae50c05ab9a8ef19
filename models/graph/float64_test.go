package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// leaky is the network of the tests: h' = relu((1-a)·h + a·(x·Wi + h·Wr + b)), y = h'·Wo + c.
type leaky struct {
	in, hidden, out int
	a               float64
}

func (l leaky) Inputs() int { return l.in }

func (l leaky) Outputs() int { return l.out }

func (l leaky) States() []int { return []int{l.hidden} }

func (l leaky) Params() []Param {
	return []Param{{"wi", l.in, l.hidden}, {"wr", l.hidden, l.hidden}, {"b", 0, l.hidden}, {"wo", l.hidden, l.out}, {"c", 0, l.out}}
}

func (l leaky) Step(b *Builder, x *Node, state, p []*Node) (*Node, []*Node) {
	h := state[0]
	z := b.Affine(p[2], Product{x, p[0]}, Product{h, p[1]})
	if l.a != 1 {
		z = b.Add(b.Scale(1-l.a, h), b.Scale(l.a, z))
	}
	h = b.ReLU(z)
	return b.Affine(p[4], Product{h, p[3]}), []*Node{h}
}

func randomBatch(r *rand.Rand, steps, size, in, classes int) *Batch[float32] {
	b := &Batch[float32]{Steps: steps, Size: size, Inputs: make([]float32, steps*size*in), Labels: make([]int32, steps*size)}
	for i := range b.Inputs {
		b.Inputs[i] = float32(r.NormFloat64())
	}
	for i := range b.Labels {
		b.Labels[i] = int32(r.IntN(classes))
	}
	return b
}

func randomWeights(r *rand.Rand, c Cell) []float32 {
	var w []float32
	for _, p := range c.Params() {
		for range p.Size() {
			w = append(w, float32(r.NormFloat64()*0.11))
		}
	}
	return w
}

// A leaky64 is the leaky network in float64: weights and their gradients, in plain loops that share nothing with this package.
type leaky64 struct {
	leaky
	wi, wr, b, wo, c      []float64
	dwi, dwr, db, dwo, dc []float64
}

func newLeaky64(l leaky, weights []float32) (net leaky64, gradients []float64) {
	w := make([]float64, len(weights))
	for i, v := range weights {
		w[i] = float64(v)
	}
	gradients = make([]float64, len(w))
	at := 0
	cut := func(n int) (part, gradient []float64) {
		at += n
		return w[at-n : at], gradients[at-n : at]
	}
	net.leaky = l
	net.wi, net.dwi = cut(l.in * l.hidden)
	net.wr, net.dwr = cut(l.hidden * l.hidden)
	net.b, net.db = cut(l.hidden)
	net.wo, net.dwo = cut(l.hidden * l.out)
	net.c, net.dc = cut(l.out)
	return net, gradients
}

// bptt is loss, gradients and outputs by backpropagation through time.
func bptt(l leaky, b *Batch[float32], weights []float32) (loss float64, gradients, outputs []float64) {
	net, gradients := newLeaky64(l, weights)
	mask := func(p int) float64 {
		if b.Mask == nil {
			return 1
		}
		return float64(b.Mask[p])
	}
	total := 0.0
	for p := range b.Labels {
		total += mask(p)
	}
	outputs = make([]float64, len(b.Labels)*l.out)
	for s := range b.Size {
		h, dy := [][]float64{make([]float64, l.hidden)}, make([][]float64, b.Steps)
		for t := range b.Steps {
			p := t*b.Size + s
			y := outputs[p*l.out : (p+1)*l.out]
			h = append(h, net.step(b.Inputs[p*l.in:(p+1)*l.in], h[t], y))
			sum := 0.0
			for _, v := range y {
				sum += math.Exp(v)
			}
			loss += mask(p) * (math.Log(sum) - y[b.Labels[p]]) / total
			dy[t] = make([]float64, l.out)
			for k := range y {
				dy[t][k] = mask(p) * math.Exp(y[k]) / sum / total
			}
			dy[t][b.Labels[p]] -= mask(p) / total
		}
		carried := make([]float64, l.hidden)
		for t := b.Steps - 1; t >= 0; t-- {
			p := t*b.Size + s
			carried = net.back(b.Inputs[p*l.in:(p+1)*l.in], h[t], h[t+1], dy[t], carried)
		}
	}
	return loss, gradients, outputs
}

// step is one time step: it returns the next state and writes the output.
func (n leaky64) step(x []float32, h, y []float64) []float64 {
	next := make([]float64, n.hidden)
	copy(y, n.c)
	for j := range next {
		z := n.b[j]
		for i, v := range x {
			z += float64(v) * n.wi[i*n.hidden+j]
		}
		for i, v := range h {
			z += v * n.wr[i*n.hidden+j]
		}
		next[j] = math.Max(0, (1-n.a)*h[j]+n.a*z)
		for k := range y {
			y[k] += next[j] * n.wo[j*n.out+k]
		}
	}
	return next
}

// back adds one time step's gradients, given those of its output and of its next state, and returns that of its state.
func (n leaky64) back(x []float32, h, next, dy, carried []float64) []float64 {
	dh := make([]float64, n.hidden)
	for k, e := range dy {
		n.dc[k] += e
	}
	for j := range n.hidden {
		d := carried[j]
		for k, e := range dy {
			d += e * n.wo[j*n.out+k]
			n.dwo[j*n.out+k] += next[j] * e
		}
		if next[j] <= 0 {
			continue
		}
		dh[j] += (1 - n.a) * d
		d *= n.a
		n.db[j] += d
		for i, v := range x {
			n.dwi[i*n.hidden+j] += float64(v) * d
		}
		for i, v := range h {
			n.dwr[i*n.hidden+j] += v * d
			dh[i] += n.wr[i*n.hidden+j] * d
		}
	}
	return dh
}

// distance is the norm of the difference relative to the norm of want.
func distance(got []float32, want []float64) float64 {
	var d, n float64
	for i, w := range want {
		d += (float64(got[i]) - w) * (float64(got[i]) - w)
		n += w * w
	}
	return math.Sqrt(d / n)
}

// Float32 with sums of up to 700 terms: 2e-6 of the norm is some 30 units in the last place.
func TestGradientsAgreeWithFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		l           leaky
		steps, size int
		masked      bool
	}{
		{leaky{2, 6, 3, 1}, 7, 5, false}, {leaky{3, 9, 2, 0.4}, 11, 4, true}, {leaky{2, 64, 3, 1}, 44, 16, false},
		{leaky{1, 1, 2, 0.5}, 5, 1, true}, {leaky{4, 4, 4, 1}, 4, 4, false}, {leaky{2, 20, 17, 0.3}, 1, 3, true},
	} {
		m, err := NewReference[float32](c.l, CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		b, w := randomBatch(r, c.steps, c.size, c.l.in, c.l.out), randomWeights(r, c.l)
		if c.masked {
			b.Mask = make([]float32, len(b.Labels))
			for i := range b.Mask {
				b.Mask[i] = r.Float32() * float32(i%3)
			}
		}
		g, y := make([]float32, len(w)), make([]float32, len(b.Labels)*c.l.out)
		loss, err := m.Gradients(b, w, g, y)
		if err != nil {
			t.Fatal(err)
		}
		wantLoss, wantG, wantY := bptt(c.l, b, w)
		if math.Abs(loss-wantLoss) > 1e-6*wantLoss {
			t.Errorf("%+v: loss %g, want %g", c, loss, wantLoss)
		}
		if d := distance(y, wantY); d > 2e-6 {
			t.Errorf("%+v: outputs are off by %g", c, d)
		}
		parts := Split(c.l.Params(), g)
		for i, p := range c.l.Params() {
			want := wantG[:p.Size()]
			wantG = wantG[p.Size():]
			if d := distance(parts[i], want); d > 2e-6 {
				t.Errorf("%+v: the gradient of %s is off by %g", c, p.Name, d)
			}
		}
		forward := make([]float32, len(y))
		if err := m.Forward(b, w, forward); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(forward, y) {
			t.Errorf("%+v: Forward and Gradients give different outputs", c)
		}
	}
}
