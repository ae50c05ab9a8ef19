package agent

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"neurosweep/sweep"
)

// The process of a slot knows how many threads a trial has, and all its threads are on the processors of the slot.
func TestSlotsKnowTheirThreads(t *testing.T) {
	dir, trials := noops(t, "", 1)
	d := openDesk(t, dir, 1, books{})
	defer d.close()
	d.give(1, trials...)
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		t.Fatal(err)
	}
	o := options(dir, own.Count())
	o.Threads = 1
	run(t, o)
	if end := d.ended(trials[0].ID, 1); end.Cause != sweep.CauseCompleted {
		t.Fatalf("the trial ended by %s: %s", end.Cause, end.Detail)
	}
	children := childrenOf(t, os.Getpid(), asSlot)
	if len(children) != own.Count() {
		t.Fatalf("%d slots, want %d", len(children), own.Count())
	}
	taken := map[unix.CPUSet]bool{}
	for _, child := range children {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", child))
		if err != nil || !bytes.Contains(environment, []byte("\x00GOMAXPROCS=1\x00")) {
			t.Errorf("its environment is %q, error %v", bytes.ReplaceAll(environment, []byte{0}, []byte{'\n'}), err)
		}
		taken[threadsOn(t, child)] = true
	}
	for set := range taken {
		if set.Count() != 1 {
			t.Errorf("a slot of one thread may use %d processors", set.Count())
		}
	}
	if len(taken) != len(children) {
		t.Errorf("%d slots share %d sets of processors", len(children), len(taken))
	}
}

// threadsOn is where the threads of a process may run, which must be the same for all of them.
func threadsOn(t *testing.T, pid int) (set unix.CPUSet) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("the threads of process %d: %v, %v", pid, tasks, err)
	}
	for i, task := range tasks {
		tid, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			t.Fatal(err)
		}
		var has unix.CPUSet
		if err := unix.SchedGetaffinity(tid, &has); err != nil || i > 0 && has != set {
			t.Errorf("thread %d of process %d may use %d processors, others %d; error %v", tid, pid, has.Count(), set.Count(), err)
		}
		set = has
	}
	return set
}
