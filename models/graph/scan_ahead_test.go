package graph

import (
	"slices"
	"testing"
	"unsafe"

	"neurosweep/models/kernel"
)

// What a time step saves lies where the products of other time steps bring it in, whatever the number of rows.
func TestWhatIsSavedIsBroughtIn(t *testing.T) {
	m, err := NewScan(gruCell(3, 128, 3), SquaredError, ScanOptions[float32]{Set: kernel.Set32(kernel.Generic), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	const steps = 40
	e := m.train
	e.prepare(steps, 21)
	e.job.batch = &Batch[float32]{Steps: steps, Size: 21}
	w := e.workers[0]
	if len(w.saved) == 0 {
		t.Fatal("nothing is brought in")
	}
	for leaf := range 2 { // of 16 and of 5 rows
		w.take(leaf)
		for _, s := range []int{0, 1, 17, steps - 1} {
			w.slot(s, s/e.shape.BlockSteps*e.shape.BlockSteps)
			for _, i := range slices.Concat(w.step.code.regions[inForwardLoop], w.step.code.regions[inGradientLoop]) {
				for _, o := range i.operands {
					if !broughtIn(w, &o, s) {
						t.Errorf("leaf %d, slot %d: nothing brings in %v", leaf, s, o.place)
					}
				}
			}
		}
	}
}

// broughtIn tells whether an operand of the slot at hand lies in the part of a series that is this slot's, or is none that is saved.
func broughtIn(w *worker[float32], o *operand[float32], slot int) bool {
	if o.memory != savedMemory && o.memory != stateMemory {
		return true
	}
	if o.memory == stateMemory && o.before {
		slot++
	}
	address := func(s []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }
	at := address(w.step.data(o))
	return slices.ContainsFunc(w.saved, func(v series[float32]) bool {
		n := w.rows * v.stride
		from := address(v.memory[slot*n:])
		return at >= from && at+uintptr(4*(w.rows-1)*o.stride) < from+uintptr(4*n)
	})
}

// Small networks save so little that it stays in the cache.
func TestLittleIsNotBroughtIn(t *testing.T) {
	m, err := NewScan(leaky{2, 64, 3, 1}, CrossEntropy, ScanOptions[float32]{Set: kernel.Set32(kernel.Generic), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.train.prepare(100, 16)
	if n := len(m.train.workers[0].saved); n != 0 {
		t.Errorf("%d series are brought in", n)
	}
}
