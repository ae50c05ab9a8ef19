package agent

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"neurosweep/sweep"
)

// Slots share an agent's processors evenly, whatever their numbers are, or not at all.
func TestSlotsShareProcessors(t *testing.T) {
	var own unix.CPUSet
	for _, cpu := range []int{1, 2, 5, 8, 9, 70} {
		own.Set(cpu)
	}
	for _, c := range []struct {
		slots, threads int
		want           []string
	}{
		{6, 1, []string{"[1]", "[2]", "[5]", "[8]", "[9]", "[70]"}}, {3, 2, []string{"[1 2]", "[5 8]", "[9 70]"}},
		{2, 3, []string{"[1 2 5]", "[8 9 70]"}}, {1, 6, []string{"[1 2 5 8 9 70]"}}, {2, 2, []string{"", ""}}, {4, 2, []string{"", "", "", ""}},
	} {
		for slot := range c.slots {
			got := ""
			if mine, ok := share(own, slot, c.slots, c.threads); ok {
				got = fmt.Sprint(list(mine))
			}
			if got != c.want[slot] {
				t.Errorf("slot %d of %d with %d threads gets %s, want %s", slot, c.slots, c.threads, got, c.want[slot])
			}
		}
	}
}

func list(s unix.CPUSet) (cpus []int) {
	for cpu := range 128 {
		if s.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

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
