package train

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// Trials share processors evenly, whatever their numbers are, or not at all.
func TestTrialsShareProcessors(t *testing.T) {
	var own unix.CPUSet
	for _, cpu := range []int{1, 2, 5, 8, 9, 70} {
		own.Set(cpu)
	}
	for _, c := range []struct {
		trials, threads int
		want            []string
	}{
		{6, 1, []string{"[1]", "[2]", "[5]", "[8]", "[9]", "[70]"}}, {3, 2, []string{"[1 2]", "[5 8]", "[9 70]"}},
		{2, 3, []string{"[1 2 5]", "[8 9 70]"}}, {1, 6, []string{"[1 2 5 8 9 70]"}}, {2, 2, []string{"", ""}}, {4, 2, []string{"", "", "", ""}},
	} {
		for trial := range c.trials {
			got := ""
			if mine, ok := Processors(own, trial, c.trials, c.threads); ok {
				got = fmt.Sprint(list(mine))
			}
			if got != c.want[trial] {
				t.Errorf("trial %d of %d with %d threads gets %s, want %s", trial, c.trials, c.threads, got, c.want[trial])
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
