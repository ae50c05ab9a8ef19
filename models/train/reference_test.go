package train

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/tasks"
)

// notebook is the notebook's cell: 64 units, 16 sequences of 100 steps, Adam at 1e-3.
func notebook(t *testing.T, train sweep.Values) *trainer {
	t.Helper()
	n, err := newTrainer(sweep.Config{Task: sweep.Section{Name: "delay_comparison"}, Model: sweep.Section{Name: "leaky_rnn"}, Train: train, Seed: 2, DataSeed: 2}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A network64 is the network of C5 in float64 with its backpropagation through time, in plain loops that share nothing with the program.
type network64 struct {
	hidden                           int
	wIn, wRec, bRec, wOut, bOut      []float64
	dwIn, dwRec, dbRec, dwOut, dbOut []float64
}

func newNetwork64(weights []float32, hidden int) *network64 {
	all := make([]float64, len(weights))
	for i, v := range weights {
		all[i] = float64(v)
	}
	cut := func(n int) []float64 {
		part := all[:n]
		all = all[n:]
		return part
	}
	w := &network64{hidden: hidden, wIn: cut(2 * hidden), wRec: cut(hidden * hidden), bRec: cut(hidden), wOut: cut(hidden * 3), bOut: cut(3)}
	w.dwIn, w.dwRec, w.dbRec = make([]float64, 2*hidden), make([]float64, hidden*hidden), make([]float64, hidden)
	w.dwOut, w.dbOut = make([]float64, hidden*3), make([]float64, 3)
	return w
}

// gradient is the flat gradient, in the order of the weights.
func (w *network64) gradient() []float64 {
	var g []float64
	for _, part := range [][]float64{w.dwIn, w.dwRec, w.dbRec, w.dwOut, w.dbOut} {
		g = append(g, part...)
	}
	return g
}

// sequence runs sequence s of a batch forward from h = 0 and backward, adds to the gradients, and returns its share of the mean loss.
func (w *network64) sequence(b *tasks.Batch, s int) (loss float64) {
	n, points := w.hidden, float64(b.Steps*b.Size)
	h := make([][]float64, b.Steps+1)
	h[0] = make([]float64, n)
	dy := make([][3]float64, b.Steps)
	for t := range b.Steps {
		x, label := b.Inputs[2*(t*b.Size+s):], b.Labels[t*b.Size+s]
		h[t+1] = make([]float64, n)
		y := [3]float64{w.bOut[0], w.bOut[1], w.bOut[2]}
		for j := range n {
			z := w.bRec[j] + float64(x[0])*w.wIn[j] + float64(x[1])*w.wIn[n+j]
			for i, v := range h[t] {
				z += v * w.wRec[i*n+j]
			}
			h[t+1][j] = max(0, z)
			for k := range y {
				y[k] += h[t+1][j] * w.wOut[j*3+k]
			}
		}
		sum := math.Exp(y[0]) + math.Exp(y[1]) + math.Exp(y[2])
		loss += (math.Log(sum) - y[label]) / points
		for k := range y {
			dy[t][k] = math.Exp(y[k]) / sum / points
		}
		dy[t][label] -= 1 / points
	}
	w.backward(b, s, h, dy)
	return loss
}

func (w *network64) backward(b *tasks.Batch, s int, h [][]float64, dy [][3]float64) {
	n := w.hidden
	carried := make([]float64, n)
	for t := b.Steps - 1; t >= 0; t-- {
		x := b.Inputs[2*(t*b.Size+s):]
		next := make([]float64, n)
		for k, d := range dy[t] {
			w.dbOut[k] += d
		}
		for j := range n {
			d := carried[j]
			for k, e := range dy[t] {
				d += e * w.wOut[j*3+k]
				w.dwOut[j*3+k] += e * h[t+1][j]
			}
			if h[t+1][j] == 0 {
				continue
			}
			w.dbRec[j] += d
			w.dwIn[j] += d * float64(x[0])
			w.dwIn[n+j] += d * float64(x[1])
			for i, v := range h[t] {
				w.dwRec[i*n+j] += d * v
				next[i] += d * w.wRec[i*n+j]
			}
		}
		carried = next
	}
}

// One update of the notebook's cell on every machine, at the beginning and after some training: loss, every gradient, and every weight after Adam. A loss of float32 with
// 1,600 terms, and gradients over 100 steps, may be off by some units in the last place of their largest terms.
func TestOneUpdateAgreesWithFloat64(t *testing.T) {
	for _, machine := range declared("machine").Choices {
		t.Run(machine, func(t *testing.T) { agreeWithFloat64(t, notebook(t, sweep.Values{"machine": machine})) })
	}
}

func agreeWithFloat64(t *testing.T, n *trainer) {
	t.Helper()
	m, v := make([]float64, len(n.weights)), make([]float64, len(n.weights)) // Adam's, in float64 over the program's gradients
	for step := 1; step <= 40; step++ {
		before := append([]float32(nil), n.weights...)
		metrics, finite, err := n.update()
		if err != nil || !finite {
			t.Fatalf("update %d: finite %t, error %v", step, finite, err)
		}
		correction := math.Sqrt(1-math.Pow(0.999, float64(step))) / (1 - math.Pow(0.9, float64(step)))
		for i, g := range n.gradients {
			m[i], v[i] = 0.9*m[i]+0.1*float64(g), 0.999*v[i]+0.001*float64(g)*float64(g)
			want := float64(before[i]) - 1e-3*correction*m[i]/(math.Sqrt(v[i])+1e-8)
			if math.Abs(float64(n.weights[i])-want) > 2e-7*(1+math.Abs(want)) {
				t.Fatalf("update %d: weight %d becomes %g, want %g", step, i, n.weights[i], want)
			}
		}
		if step != 1 && step != 40 {
			continue
		}
		ref := newNetwork64(before, 64)
		loss := 0.0
		for s := range n.batch.Size {
			loss += ref.sequence(&n.batch, s)
		}
		if math.Abs(metrics[0].Value-loss) > 1e-6*loss {
			t.Errorf("update %d: the loss is %g, want %g", step, metrics[0].Value, loss)
		}
		compareGradients(t, step, n, ref.gradient())
	}
}

func compareGradients(t *testing.T, step int, n *trainer, want []float64) {
	t.Helper()
	params := n.model.Params()
	for i, got := range graph.Split(params, n.gradients) {
		part := want[:len(got)]
		want = want[len(got):]
		largest, worst := 0.0, 0.0
		for k, g := range got {
			largest, worst = max(largest, math.Abs(part[k])), max(worst, math.Abs(float64(g)-part[k]))
		}
		t.Logf("update %d: %s is off by %.1e of %.1e", step, params[i].Name, worst, largest)
		if worst > 5e-6*largest {
			t.Errorf("update %d: the gradient of %s is off by %g, its largest element is %g", step, params[i].Name, worst, largest)
		}
	}
}

// The weights after a few updates, as a number. Every processor, with any GOAMD64, gives these bits; a change is a new revision.
func TestGoldenBits(t *testing.T) {
	for _, c := range []struct {
		train sweep.Values
		want  uint64
	}{
		{sweep.Values{"machine": "reference", "batch": int64(5), "length": int64(33), "lr": 3e-3}, 0x94392292427ac150},
		{sweep.Values{"machine": "reference", "batch": int64(5), "length": int64(33), "optimizer": "sgd", "lr": 0.1, "momentum": 0.9}, 0x5b9d3a6e8a7f2c87},
		{sweep.Values{"batch": int64(5), "length": int64(33), "lr": 3e-3}, 0x9f34413623d68cf6},
		{sweep.Values{"batch": int64(5), "length": int64(33), "optimizer": "sgd", "lr": 0.1, "momentum": 0.9}, 0x3c6de50d2fc2b57},
	} {
		n := notebook(t, c.train)
		for range 12 {
			if _, finite, err := n.update(); err != nil || !finite {
				t.Fatalf("finite %t, error %v", finite, err)
			}
		}
		hash := fnv.New64a()
		if err := binary.Write(hash, binary.LittleEndian, n.weights); err != nil {
			t.Fatal(err)
		}
		if got := hash.Sum64(); got != c.want {
			t.Errorf("%v: the weights' digest is %#x, want %#x", c.train, got, c.want)
		}
	}
}
