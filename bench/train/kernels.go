package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"neurosweep/models/kernel"
	"neurosweep/sweep/random"
)

// A kernelGoal is a kernel that is timed alone, on one thread.
type kernelGoal struct {
	name    string
	isa     kernel.ISA
	work    float64 // of a call: operations, or values
	of      bool    // whether the value is a fraction of the peak; otherwise it is a rate, and the goal one at referencePeak
	goal    float64
	prepare func() error // makes run
	run     func()
}

// referencePeak is the peak in GFLOP/s at which the goals of rates hold; they are scaled with the run's own.
const referencePeak = 153

// Upper bounds of a core with that peak, in 10⁹ values a second, from its counts of instructions and of divisions; tanh and sigmoid have goals in parts of them.
const (
	sigmoidBound = 3.8
	tanhBound    = 3.2
)

// kernels lists the goals of the instruction sets that there are.
func kernels(isas []kernel.ISA) (all []*kernelGoal) {
	for _, isa := range []kernel.ISA{kernel.AVX512, kernel.AVX2} {
		if !slices.Contains(isas, isa) {
			continue
		}
		large, small := 0.85, 0.78
		if isa == kernel.AVX2 {
			large, small = 0.87, 0.80
		}
		all = append(all, product(isa, 1000, 384, 128, large), product(isa, 800, 384, 128, large), product(isa, 16, 192, 64, small))
		exp, tanh, sigmoid, normals := 3.5, 0.6*tanhBound, 0.6*sigmoidBound, 0.9
		if isa == kernel.AVX2 {
			exp, tanh, sigmoid, normals = 0, 0, 0, 0
		}
		all = append(all, function(isa, "exp", kernel.OpExp, exp), function(isa, "tanh", kernel.OpTanh, tanh), function(isa, "sigmoid", kernel.OpSigmoid, sigmoid), normal(isa, normals))
	}
	return all
}

// numbers are n normal numbers.
func numbers(n int) []float32 {
	x := kernel.Aligned[float32](n)
	kernel.Set32(kernel.Generic).Normals(x, 1, random.Data, 0, 0)
	return x
}

func product(isa kernel.ISA, m, n, k int, goal float64) *kernelGoal {
	g := &kernelGoal{name: fmt.Sprintf("GEMM %d×%d×%d, %s", m, n, k, isa), isa: isa, work: 2 * float64(m*n*k), of: true, goal: goal}
	g.prepare = func() error {
		s := kernel.Set32(isa)
		a, b, c := numbers(m*k), numbers(k*n), kernel.Aligned[float32](m*n)
		packed := kernel.Aligned[float32](s.PackedSize(k, n))
		s.Pack(packed, b, k, n, n, false)
		g.run = func() { s.MulPacked(c, n, a, k, packed, m, n, k, nil, false) }
		return nil
	}
	return g
}

// cached is a number of values of which two arrays fit into the first-level cache.
const cached = 2048

func function(isa kernel.ISA, name string, op kernel.Op, goal float64) *kernelGoal {
	g := &kernelGoal{name: fmt.Sprintf("%s, %s", name, isa), isa: isa, work: cached, goal: goal}
	g.prepare = func() error {
		p, err := kernel.Set32(isa).Compile([]kernel.Instr{{Op: op, Dst: kernel.Stream(1), A: kernel.Stream(0)}}, nil)
		streams := []kernel.Strided[float32]{{Data: numbers(cached), Stride: cached}, {Data: kernel.Aligned[float32](cached), Stride: cached}}
		g.run = func() { p.Run(1, cached, streams) }
		return err
	}
	return g
}

func normal(isa kernel.ISA, goal float64) *kernelGoal {
	g := &kernelGoal{name: fmt.Sprintf("normals, %s", isa), isa: isa, work: cached, goal: goal}
	g.prepare = func() error {
		s, x := kernel.Set32(isa), kernel.Aligned[float32](cached)
		g.run = func() { s.Normals(x, 1, random.Noise, 2, 3) }
		return nil
	}
	return g
}

// How a kernel takes turns with the peak: slices of a good fifth of a millisecond, so many of each.
const (
	kernelSlice = 200 * time.Microsecond
	kernelTurns = 1500
)

// measure compares the fastest slice of a kernel with the fastest of the peak.
func (g *kernelGoal) measure() (row, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := g.prepare(); err != nil {
		return row{}, fmt.Errorf("%s: %w", g.name, err)
	}
	calls := 1
	for ; timed(g.run, calls) < kernelSlice; calls *= 2 {
	}
	fastest, peak := math.Inf(1), 0.0
	for range kernelTurns {
		fastest = min(fastest, float64(timed(g.run, calls).Nanoseconds())/float64(calls))
		peak = max(peak, kernel.Peak(g.isa, 0))
	}
	rate := g.work / fastest // GFLOP/s, or 10⁹ values a second
	r := row{name: g.name, threads: 1, against: "FMA peak", theirs: fmt.Sprintf("%.1f GFLOP/s", peak)}
	if g.of {
		r.ours, r.value, r.goal = fmt.Sprintf("%.1f GFLOP/s", rate), rate/peak, g.goal
	} else {
		r.ours, r.value, r.unit, r.goal = fmt.Sprintf("%.2f G/s", rate), rate, " G/s", g.goal*peak/referencePeak
	}
	return r, nil
}

func timed(f func(), calls int) time.Duration {
	begin := time.Now()
	for range calls {
		f()
	}
	return time.Since(begin)
}
