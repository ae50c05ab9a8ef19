package agent

import (
	"os"
	"syscall"
	"testing"
)

// The GPUs of slots are those of the agent, cut out word by word: several for each where there are enough, shared where there are not.
func TestDevicesOfSlots(t *testing.T) {
	for _, c := range []struct {
		devices []string
		slots   int
		want    []string
	}{
		{nil, 2, []string{"", ""}},
		{[]string{"0", "1"}, 2, []string{"0", "1"}},
		{[]string{"GPU-a", "GPU-b", "GPU-c", "GPU-d"}, 2, []string{"GPU-a,GPU-b", "GPU-c,GPU-d"}},
		{[]string{"3", "5", "7"}, 2, []string{"3", "5,7"}},
		{[]string{"0", "1"}, 3, []string{"0", "1", "0"}},
	} {
		for number, want := range c.want {
			if got := devices(Options{Devices: c.devices, Slots: c.slots}, number); got != want {
				t.Errorf("slot %d of %d has GPUs %q of %q, want %q", number, c.slots, got, c.devices, want)
			}
		}
	}
}

// Why an agent leaves decides by what its trials end, and whether its job may come back.
func TestDepartures(t *testing.T) {
	for s, want := range map[os.Signal]Departure{syscall.SIGUSR1: LeftWalltime, syscall.SIGTERM: LeftPreempted, syscall.SIGINT: LeftPreempted} {
		if got := signalled(s); got != want {
			t.Errorf("%v is %q, want %q", s, got, want)
		}
	}
	for why, cause := range map[Departure]string{LeftWalltime: "walltime", LeftTime: "walltime", LeftPreempted: "preempted", LeftNode: "preempted", LeftScaled: "preempted", LeftTold: "preempted"} {
		if got := why.cause(); string(got) != cause {
			t.Errorf("trials of an agent that left (%s) end by %s, want %s", why, got, cause)
		}
	}
}
