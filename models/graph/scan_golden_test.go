package graph

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"neurosweep/models/kernel"
)

var updateGolden = flag.Bool("update", false, "write testdata anew")

// What networks compile to is pinned: a change of a pass shows what it changed.
func TestCompiledPrograms(t *testing.T) {
	for name, c := range map[string]Cell{"gru": gruCell(3, 128, 3), "leaky": leaky{2, 64, 3, 1}, "start": testCells()["learned and noisy start"]} {
		m, err := NewScan(c, CrossEntropy, ScanOptions[float32]{Set: kernel.Set32(kernel.Generic), Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		file, got := filepath.Join("testdata", name+".golden"), m.Explain()
		if *updateGolden {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s compiles to\n%s\nwhich is not what %s has; go test -update writes it", name, got, file)
		}
	}
}

// A program is compiled to the same text in every process and every time: maps decide nothing.
func TestCompilingIsRepeatable(t *testing.T) {
	for name, c := range testCells() {
		var first string
		for range 3 {
			m, err := NewScan(c, SquaredError, ScanOptions[float32]{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			if text := m.Explain(); first == "" {
				first = text
			} else if text != first {
				t.Errorf("%s compiles to another program the second time", name)
			}
		}
	}
}
