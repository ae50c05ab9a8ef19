package train

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"testing"

	"neurosweep/sweep"
)

// large is a trial whose training holds tens of megabytes.
const large = `
name: large
method: grid
task: {name: three_bit_flip_flop, length: 150}
model: {name: gru, hidden: 128}
train: {updates: 5, batch: 96}
`

// The environment variable makes this test measure a trial and print what it planned and what it had.
const memoryInProcess = "NEUROSWEEP_TEST_MEMORY"

// What training plans to hold is what a process has, within a twentieth: alone in a process, on one thread and on two.
func TestPlannedMemoryIsMeasured(t *testing.T) {
	if threads := os.Getenv(memoryInProcess); threads != "" {
		spec, err := sweep.Parse("large.yaml", []byte(large), nil, Catalog())
		if err != nil {
			t.Fatal(err)
		}
		trial, err := spec.Trial(0, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := RunBench(spec, trial, len(threads), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("memory", b.Planned, b.Resident)
		return
	}
	last := int64(0)
	for _, threads := range []string{"1", "22"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestPlannedMemoryIsMeasured$")
		cmd.Env = append(os.Environ(), memoryInProcess+"="+threads)
		out, err := cmd.Output()
		var planned, measured int64
		if _, scan := fmt.Sscanf(string(out), "memory %d %d", &planned, &measured); err != nil || scan != nil {
			t.Fatalf("%v, %v:\n%s", err, scan, out)
		}
		t.Logf("%d threads: planned %d, measured %d", len(threads), planned, measured)
		if math.Abs(float64(planned-measured)) > 0.05*float64(measured) || planned < last+5e6 {
			t.Errorf("%d threads: planned %d bytes, measured %d", len(threads), planned, measured)
		}
		last = planned
	}
}
