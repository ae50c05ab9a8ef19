package tasks

import (
	"testing"

	"neurosweep/sweep"
)

// BenchmarkNext makes training batches at the sizes of the documents: what an update waits for before it can begin.
func BenchmarkNext(b *testing.B) {
	for _, c := range []struct {
		task          string
		batch, length int
	}{{"delay_comparison", 16, 100}, {flipFlopName, 800, 0}, {flipFlopName, 64, 0}} {
		task, err := New(sweep.Section{Name: c.task})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.task, func(b *testing.B) {
			data := task.Data(0, c.batch, c.length)
			var batch Batch
			data.Next(&batch)
			b.ReportAllocs()
			b.SetBytes(int64(4 * len(batch.Inputs)))
			for b.Loop() {
				data.Next(&batch)
			}
		})
	}
}

// BenchmarkDataSet makes the data set of three_bit_flip_flop, as each trial does once.
func BenchmarkDataSet(b *testing.B) {
	task, err := New(sweep.Section{Name: flipFlopName})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		task.Data(0, 800, 0)
	}
}
