package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"neurosweep/models/kernel"
)

// BenchmarkScan times whole training steps without the optimiser. min-ms is the shortest, %peak the share of the peak that it reached: operations as
// Flops counts them by the best slice of a loop of multiply-adds, run between the steps, times threads.
func BenchmarkScan(b *testing.B) {
	for _, s := range []struct {
		name                 string
		cell                 Cell
		loss                 Loss
		steps, size, threads int
	}{
		{"delay comparison", leaky{2, 64, 3, 1}, CrossEntropy, 100, 16, 1},
		{"gru 32", gruCell(3, 128, 3), SquaredError, 500, 32, 1},
		{"gru 64", gruCell(3, 128, 3), SquaredError, 500, 64, 1},
		{"gru 64", gruCell(3, 128, 3), SquaredError, 500, 64, 2},
		{"gru 800", gruCell(3, 128, 3), SquaredError, 500, 800, 2},
		{"node 800", nodeCell(3, 3, 64, 3), SquaredError, 500, 800, 1},
	} {
		b.Run(fmt.Sprintf("%s, %d threads", s.name, s.threads), func(b *testing.B) {
			benchmarkScan(b, s.cell, s.loss, s.steps, s.size, s.threads)
		})
	}
}

func benchmarkScan(b *testing.B, c Cell, l Loss, steps, size, threads int) {
	r := rand.New(rand.NewPCG(1, 2))
	isa, err := kernel.Choose()
	if err != nil {
		b.Fatal(err)
	}
	m, err := NewScan(c, l, ScanOptions[float32]{Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	batch, weights := testBatch[float32](r, c, l, steps, size, false), testNumbers[float32](r, Size(c.Params()), 0.1)
	gradients, outputs := make([]float32, len(weights)), make([]float32, steps*size*c.Outputs())
	flops, err := Flops(c, steps, size)
	if err != nil {
		b.Fatal(err)
	}
	least, peak := time.Duration(1<<62), 0.0
	for b.Loop() {
		begin := time.Now()
		if _, err := m.Gradients(batch, weights, gradients, outputs); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(begin))
		b.StopTimer()
		peak = max(peak, kernel.Peak(isa, 2*time.Millisecond))
		b.StartTimer()
	}
	b.ReportMetric(least.Seconds()*1e3, "min-ms")
	b.ReportMetric(peak, "peak-GFLOP/s")
	b.ReportMetric(100*flops/least.Seconds()/1e9/peak/float64(threads), "%peak")
}
