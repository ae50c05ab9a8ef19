package kernel

import (
	"math"
	"runtime"
	"sync"
	"testing"
)

// maxError is what functions.go promises, in units in the last place.
var maxError = map[Op]float64{OpExp: 1.04, OpLog: 0.89, OpSigmoid: 1.51, OpTanh: 1.99, OpSoftplus: 1.68, OpSin: 1.56, OpCos: 1.56}

// unit is the last place of a correct result; that of denormal numbers is the smallest of them.
func unit(want float64) float64 {
	_, e := math.Frexp(want)
	return math.Ldexp(1, max(e-24, -149))
}

// errorOf is the distance of a function's result from the correct one, in units in the last place: 0 where both are the same infinity or not numbers, infinite where only one is.
func errorOf(op Op, x, y float32) float64 {
	want := doubles[op](float64(x))
	if (op == OpSin || op == OpCos) && math.Abs(float64(x)) > AngleLimit {
		want = math.NaN()
	}
	rounded := float32(want)
	switch {
	case y == rounded || want != want && y != y:
		return min(math.Abs(float64(y)-want)/unit(want), 0.5)
	case want != want || y != y:
		return math.Inf(1)
	}
	return math.Abs(float64(y)-want) / unit(want)
}

// sweepFunctions hands every stride-th of all 2³² arguments to a function of every instruction set, which must agree, and compares with the standard library. For all
// arguments plain Go is too slow, and left out where there is another.
func sweepFunctions(t *testing.T, op Op, stride int) {
	const chunk = 1 << 14
	isas := ISAs()
	if stride == 1 && len(isas) > 1 {
		isas = isas[1:]
	}
	steps := (1<<32 + stride - 1) / stride
	chunks := make(chan int)
	var wait sync.WaitGroup
	var lock sync.Mutex
	worst, at := 0.0, float32(0)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			x, y, other := make([]float32, chunk), make([]float32, chunk), make([]float32, chunk)
			var programs []*Program[float32]
			for _, isa := range isas {
				programs = append(programs, operationProgram(t, isa, op))
			}
			for from := range chunks {
				n := min(chunk, steps-from)
				for i := range n {
					x[i] = fromBits(uint32((from + i) * stride))
				}
				for k, p := range programs {
					into := y
					if k > 0 {
						into = other
					}
					p.Run(1, n, []Strided[float32]{{Data: into}, {Data: x}})
					if i := firstDifference(into[:n], y[:n]); i >= 0 {
						t.Errorf("%s: %v(%x) = %x, but %x for %s", isas[k], op, x[i], into[i], y[i], isas[0])
					}
				}
				for i := range n {
					if e := errorOf(op, x[i], y[i]); e > maxError[op]/2 {
						lock.Lock()
						if e > worst {
							worst, at = e, x[i]
						}
						lock.Unlock()
					}
				}
			}
		})
	}
	for from := 0; from < steps; from += chunk {
		chunks <- from
	}
	close(chunks)
	wait.Wait()
	t.Logf("%v: at most %.4f units in the last place, at %x (%g)", op, worst, at, at)
	if worst > maxError[op] {
		t.Errorf("%v(%x) is off by %.4f units in the last place, more than %.2f", op, at, worst, maxError[op])
	}
}

// A sample of all arguments; the soak test takes them all.
func TestFunctions(t *testing.T) {
	for op := range maxError {
		sweepFunctions(t, op, 4099)
	}
}

func TestFunctionsAtTheEdges(t *testing.T) {
	for op := range maxError {
		for _, isa := range ISAs() {
			p := operationProgram(t, isa, op)
			y := make([]float32, len(edges))
			p.Run(1, len(edges), []Strided[float32]{{Data: y}, {Data: edges}})
			for i, x := range edges {
				if e := errorOf(op, x, y[i]); e > maxError[op] {
					t.Errorf("%s: %v(%x) = %x is off by %.2f units in the last place", isa, op, x, y[i], e)
				}
				if x == 0 && op == OpTanh && toBits(y[i]) != toBits(x) {
					t.Errorf("%s: %v(%g) = %g", isa, op, x, y[i])
				}
			}
		}
	}
}

// The functions end where they should: at most 1, and exactly there.
func TestSaturation(t *testing.T) {
	for _, c := range []struct {
		op      Op
		x, want float32
	}{
		{OpTanh, 9.2, 1}, {OpTanh, -20, -1}, {OpTanh, float32(math.Inf(1)), 1}, {OpSigmoid, 40, 1}, {OpSigmoid, -200, 0}, {OpSigmoid, float32(math.Inf(-1)), 0},
		{OpSoftplus, 100, 100}, {OpSoftplus, -200, 0}, {OpExp, 89, float32(math.Inf(1))}, {OpExp, -104, 0}, {OpExp, 0, 1}, {OpLog, 1, 0}, {OpCos, 0, 1},
	} {
		if y := singles[c.op](c.x); y != c.want {
			t.Errorf("%v(%g) = %g, want %g", c.op, c.x, y, c.want)
		}
	}
	for x := float32(8); x < 9.2; x += 1.0 / 4096 {
		if y := tanh32(x); y > 1 || y < 0.9999 {
			t.Fatalf("tanh(%g) = %x", x, y)
		}
	}
}
