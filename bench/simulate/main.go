package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"neurosweep/sweep/simulate"
)

// What is held to with -hold: the sweep of 2,000 agents, as the issue has it.
const (
	leastUseful = 0.99
	mostBytes   = 1 << 30 // live, of a million trials
	mostGrowth  = 1.3     // of time or memory a trial, from the smallest sweep to the largest
)

func main() {
	sizes := flag.String("trials", "10000,100000,1000000", "sizes of sweeps")
	agents := flag.Int("agents", 2000, "agents")
	hold := flag.Bool("hold", false, "exit 1 where the controller takes more than it may")
	child := flag.Int("child", 0, "run one sweep of so many trials and print its measurement as JSON; for the program itself")
	state := flag.Bool("state", false, "of -child: with results.State")
	flag.Parse()
	var err error
	if *child > 0 {
		err = one(*child, *agents, *state)
	} else {
		err = all(strings.Split(*sizes, ","), *agents, *hold)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the sweep that the controller is held to.
func options(trials, agents int) (simulate.Options, error) {
	times, err := simulate.ParseTimes("U(60,300)")
	return simulate.Options{Trials: trials, Agents: agents, TrialTime: times, CheckpointEvery: time.Minute, HandOver: true, MTBF: 48 * time.Hour,
		Lease: 30 * time.Second, Retries: 2, MaxLost: 10}, err
}

func all(sizes []string, agents int, hold bool) error {
	var faults []string
	for _, state := range []bool{false, true} {
		name := "core with a small ledger"
		if state {
			name = "core with results.State, JSON in and out"
		}
		fmt.Printf("%s; %d agents, trials of U(60,300) s, checkpoints each minute, a node fails each 48 h of an agent, lease 30 s\n", name, agents)
		w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "trials\tuseful\tsteps/trial\tµs/trial\tbytes/trial\tlive MB\tpeak RSS MB\twhole run s\t")
		var rows []measurement
		for _, size := range sizes {
			m, err := inChild(size, agents, state)
			if err != nil {
				return err
			}
			rows = append(rows, m)
			fmt.Fprintf(w, "%d\t%.4f\t%.1f\t%.1f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", m.Trials, m.Useful, m.each(float64(m.Steps)), m.each(1e6*m.Seconds), m.each(m.Bytes),
				m.Bytes/1e6, m.Peak/1e6, m.Whole)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		faults = append(faults, judge(name, rows)...)
	}
	if hold && len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	return nil
}

// judge lists what is more than it may be.
func judge(name string, rows []measurement) (faults []string) {
	small, large := rows[0], rows[len(rows)-1]
	for _, m := range rows {
		if m.Useful < leastUseful && m.Trials >= 100_000 {
			faults = append(faults, fmt.Sprintf("%s: of %d trials, %.4f of the agents' time is useful, less than %.2f", name, m.Trials, m.Useful, leastUseful))
		}
		if most := float64(mostBytes) * float64(m.Trials) / 1e6; m.Trials >= 1_000_000 && m.Bytes > most {
			faults = append(faults, fmt.Sprintf("%s: %d trials take %.0f MB, more than %.0f", name, m.Trials, m.Bytes/1e6, most/1e6))
		}
	}
	for what, grown := range map[string]float64{"time": large.each(large.Seconds) / small.each(small.Seconds), "memory": large.each(large.Bytes) / small.each(small.Bytes)} {
		if grown > mostGrowth {
			faults = append(faults, fmt.Sprintf("%s: %s a trial grows by %.2f from %d to %d trials", name, what, grown, small.Trials, large.Trials))
		}
	}
	return faults
}

// inChild measures one sweep in a process of its own.
func inChild(size string, agents int, state bool) (m measurement, err error) {
	if n, err := strconv.Atoi(size); err != nil || n < 1 {
		return m, fmt.Errorf("-trials: %q is no number of trials", size)
	}
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	c := exec.Command(self, "-child", size, "-agents", strconv.Itoa(agents), fmt.Sprintf("-state=%t", state))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return m, fmt.Errorf("%s trials: %w", size, err)
	}
	return m, json.Unmarshal(out, &m)
}
