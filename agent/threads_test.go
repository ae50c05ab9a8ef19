package agent

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"neurosweep/sweep"
)

// The process of a slot knows how many threads a trial has.
func TestSlotsKnowTheirThreads(t *testing.T) {
	dir, trials := noops(t, "", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials...)
	o := options(dir, 1)
	o.Threads = 3
	run(t, o)
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCompleted {
		t.Fatalf("the trial ended by %s: %s", end.Cause, end.Detail)
	}
	children := childrenOf(t, os.Getpid(), asSlot)
	if len(children) != 1 {
		t.Fatalf("%d slots", len(children))
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", children[0]))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(environment, []byte("\x00GOMAXPROCS=3\x00")) {
		t.Errorf("its environment is %q", bytes.ReplaceAll(environment, []byte{0}, []byte{'\n'}))
	}
}
