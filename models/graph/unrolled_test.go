package graph

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neurosweep/sweep/random"
)

// unrolled computes what a machine does from one graph in which the step is repeated for each time step, with Gorgonia's gradients of the
// whole: time is not handled at all. Building it is quadratic in the number of steps.
func unrolled[F Float](t *testing.T, c Cell, l Loss, b *Batch[F], w []F, truncate int) result[F] {
	t.Helper()
	g := newBuilder(dtype[F](), b.Size, 0)
	var x, params, y, dy, gradients []*Node
	var zeros []*Node
	err := build(func() {
		for _, p := range c.Params() {
			params = append(params, g.input("param "+p.Name, max(p.Rows, 1), p.Cols, weightInput))
		}
		var state []*Node
		if s, ok := c.(Starter); ok {
			state = s.Start(g, params)
		} else {
			for _, width := range c.States() {
				zeros = append(zeros, g.input(fmt.Sprint("first state ", len(zeros)), b.Size, width, dataInput))
			}
			state = zeros
		}
		for step := range b.Steps {
			x = append(x, g.input(fmt.Sprint("x ", step), b.Size, c.Inputs(), dataInput))
			dy = append(dy, g.input(fmt.Sprint("dy ", step), b.Size, c.Outputs(), dataInput))
			if truncate > 0 && step > 0 && step%truncate == 0 {
				for i, n := range state {
					state[i] = g.StopGradient(n)
				}
			}
			var out *Node
			out, state = c.Step(g, x[step], state, params)
			y, state = append(y, out), slices.Clone(state)
		}
		var err error
		if gradients, err = g.differentiate(y, dy, params); err != nil {
			fail("%w", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	inputs := slices.Concat(x, dy, params, zeros, g.zeros)
	for _, n := range g.noise {
		inputs = append(inputs, n.node)
	}
	tape, err := newTape[F](g, inputs, slices.Concat(y, gradients))
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range Split(c.Params(), w) {
		copy(tape.inputs[params[i]], part)
	}
	for step, n := range x {
		copy(tape.inputs[n], b.Inputs[step*b.Size*c.Inputs():])
	}
	fillUnrolledNoise(t, tape, g, c, b)
	return twice(t, tape, c, l, b, y, dy, gradients)
}

// twice runs a tape for the outputs, and again with their gradients.
func twice[F Float](t *testing.T, tape *tape[F], c Cell, l Loss, b *Batch[F], y, dy, gradients []*Node) (r result[F]) {
	t.Helper()
	if err := tape.run(); err != nil {
		t.Fatal(err)
	}
	for _, n := range y {
		r.outputs = append(r.outputs, tape.value(n)...)
	}
	loss, err := newLossTape[F](l, b.points(), c.Outputs())
	if err != nil {
		t.Fatal(err)
	}
	value, slope, err := loss.compute(l, b, r.outputs)
	if err != nil {
		t.Fatal(err)
	}
	r.loss = float64(value)
	for step, n := range dy {
		copy(tape.inputs[n], slope[step*b.Size*c.Outputs():])
	}
	if err := tape.run(); err != nil {
		t.Fatal(err)
	}
	for i, p := range c.Params() {
		values := make([]F, p.Size())
		if gradients[i] != nil {
			copy(values, tape.value(gradients[i]))
		}
		r.gradients = append(r.gradients, values...)
	}
	return r
}

// fillUnrolledNoise counts blocks through start and steps, as Batch.Noise says.
func fillUnrolledNoise[F Float](t *testing.T, tape *tape[F], g *Builder, c Cell, b *Batch[F]) {
	t.Helper()
	block := b.Noise.Call << 24
	for _, n := range g.noise {
		rows, cols := shape(n.node)
		for r := range rows {
			for j := range cols {
				four := make([]float32, 4)
				random.At(b.Noise.Seed, b.Noise.Stream, uint32(r), block+uint64(j/4)).Normals(four)
				tape.inputs[n.node][r*cols+j] = F(four[j%4])
			}
		}
		block += uint64((cols + 3) / 4)
	}
}

// sameResult holds a result against another: numbers relative to the largest of a kind.
func sameResult[F Float](t *testing.T, what string, got, want result[F], limit float64) {
	t.Helper()
	if !(math.Abs(got.loss-want.loss) <= limit*math.Abs(want.loss)) {
		t.Errorf("%s: loss %g, want %g", what, got.loss, want.loss)
	}
	for _, c := range []struct {
		name      string
		got, want []F
	}{{"output", got.outputs, want.outputs}, {"gradient", got.gradients, want.gradients}} {
		largest := 0.0
		for _, v := range c.want {
			largest = max(largest, math.Abs(float64(v)))
		}
		for i, v := range c.want {
			if !(math.Abs(float64(c.got[i]-v)) <= limit*largest) {
				t.Errorf("%s: %s %d is %g, want %g", what, c.name, i, c.got[i], v)
				break
			}
		}
	}
}

// The machine goes through time on its own; unrolled, Gorgonia does. Masks, both losses, truncation, starts and noise included.
func TestStepwiseIsUnrolled(t *testing.T) {
	all := cells()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		r := rand.New(rand.NewPCG(21, uint64(i)))
		for _, s := range []struct {
			steps, size, truncate int
			loss, masked          Loss
		}{{1, 1, 0, CrossEntropy, ""}, {7, 3, 0, CrossEntropy, CrossEntropy}, {6, 4, 0, SquaredError, SquaredError}, {7, 2, 3, SquaredError, ""}, {6, 5, 1, CrossEntropy, ""}, {5, 1, 9, SquaredError, ""}} {
			what := fmt.Sprintf("%s, %+v", name, s)
			checkUnrolled[float64](t, what, r, c, s.loss, s.masked, s.steps, s.size, s.truncate, 1e-12)
			checkUnrolled[float32](t, what, r, c, s.loss, s.masked, s.steps, s.size, s.truncate, 5e-6)
		}
	}
}

func checkUnrolled[F Float](t *testing.T, what string, r *rand.Rand, c Cell, loss, masked Loss, steps, size, truncate int, limit float64) {
	t.Helper()
	b, w := sample[F](r, c, steps, size, masked)
	m, err := NewReference[F](c, loss)
	if err != nil {
		t.Fatal(err)
	}
	m.Truncate = truncate
	got, err := gradientsOf(m, c, b, w)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	sameResult(t, what, got, unrolled(t, c, loss, b, w, truncate), limit)
	forward := make([]F, len(got.outputs))
	if err := m.Forward(b, w, forward); err != nil || !slices.Equal(forward, got.outputs) {
		t.Errorf("%s: Forward and Gradients give different outputs, or %v", what, err)
	}
}

// The steps that a seed makes, on which other machines are held against this one.
func TestStepwiseIsUnrolledOnRandomSteps(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(23, seed))
		checkUnrolled[float64](t, fmt.Sprint("random step ", seed), r, randomCell(seed), SquaredError, "", 4, 3, int(seed%5), 1e-10)
	}
}
