package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"neurosweep/bench/table"
)

// leastMetrics is how many metrics a second one agent must take from a program.
const leastMetrics = 20_000

// measureCommands prints how fast programs that do nothing are run, beside xargs with as many processes as there are agents, and how fast one program's metrics are taken.
func measureCommands(program string, trials, metrics, agents, repeats int, hold float64) error {
	var ours, whole, theirs, reports []float64
	for range repeats {
		rate, err := xargsRate(trials, agents)
		if err != nil {
			return err
		}
		s, err := sweepRate(program, commandText, trials, agents)
		if err != nil {
			return err
		}
		taken, err := metricsRate(program, metrics)
		if err != nil {
			return err
		}
		ours, whole, theirs, reports = append(ours, s.dispatch), append(whole, s.command), append(theirs, rate), append(reports, taken)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%d processes of true, %d at a time, a second:\tmin\tmedian\tmax\t\n", trials, agents)
	row(w, "sweep, first grant to last result in the log", ours)
	row(w, "sweep, the whole command", whole)
	row(w, fmt.Sprintf("xargs -P%d true", agents), theirs)
	row(w, fmt.Sprintf("metrics of one program, %d of them", metrics), reports)
	if err := w.Flush(); err != nil {
		return err
	}
	ratio := slices.Max(ours) / slices.Max(theirs)
	fmt.Printf("ratio of the best: %.2f of xargs\n", ratio)
	switch {
	case ratio < hold:
		return fmt.Errorf("the ratio %.2f is less than %g", ratio, hold)
	case hold > 0 && slices.Max(reports) < leastMetrics:
		return fmt.Errorf("%.0f metrics a second are less than %d", slices.Max(reports), leastMetrics)
	}
	return nil
}

// xargsRate is how many processes a second xargs gets through.
func xargsRate(processes, atATime int) (float64, error) {
	var numbers strings.Builder
	for i := range processes {
		numbers.WriteString(strconv.Itoa(i) + "\n")
	}
	c := exec.Command("xargs", "-P"+strconv.Itoa(atATime), "-n1", "true")
	c.Stdin = strings.NewReader(numbers.String())
	start := time.Now()
	if output, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("xargs: %w\n%s", err, output)
	}
	return float64(processes) / time.Since(start).Seconds(), nil
}

// metricsRate is how many metrics a second one program reports, over the time that its attempt took: all of them are in the log then.
func metricsRate(program string, metrics int) (float64, error) {
	dir, err := os.MkdirTemp("", "bench-metrics-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	spec, folder := filepath.Join(dir, "reports.yaml"), filepath.Join(dir, "sweep")
	if err := os.WriteFile(spec, fmt.Appendf(nil, reportText, metrics), 0o666); err != nil {
		return 0, err
	}
	if program, err = filepath.Abs(program); err != nil {
		return 0, err
	}
	if output, err := exec.Command(program, "run", spec, "--dir", folder, "--agents", "1").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("sweep run: %w\n%s", err, output[max(0, len(output)-4000):])
	}
	rows, err := exec.Command(program, "export", folder, "--table", "curves").Output()
	if err != nil {
		return 0, err
	}
	if n := strings.Count(string(rows), "\n") - 1; n != metrics {
		return 0, fmt.Errorf("the table curves has %d rows, want %d", n, metrics)
	}
	started, err := table.Times(folder, "timings", "started")
	if err != nil {
		return 0, err
	}
	ended, err := table.Times(folder, "timings", "ended")
	if err != nil {
		return 0, err
	}
	return float64(metrics) / ended[0].Sub(started[0]).Seconds(), nil
}
