package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	sweep := flag.String("sweep", "bin/sweep", "the program under test")
	trials := flag.Int("trials", 10000, "no-op trials, and messages")
	agents := flag.Int("agents", 2, "agents of the sweep, and worker processes of the yardstick")
	repeats := flag.Int("repeats", 3, "how often each is measured")
	hold := flag.Float64("hold", 0.5, "the smallest ratio that passes; 0: none")
	commands := flag.Bool("commands", false, "measure an external program that does nothing, beside xargs, and how fast a program reports metrics")
	metrics := flag.Int("metrics", 200000, "with -commands: metrics that the program reports")
	worker := flag.String("worker", "", "internal: the server that this worker serves")
	flag.Parse()
	var err error
	switch {
	case *worker != "":
		err = serve(*worker)
	case *commands:
		err = measureCommands(*sweep, *trials, *metrics, *agents, *repeats, *hold)
	default:
		err = measure(*sweep, *trials, *agents, *repeats, *hold)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dispatch:", err)
		os.Exit(1)
	}
}

// measure prints the table and judges the ratio.
func measure(program string, trials, agents, repeats int, hold float64) error {
	var ours, whole, file, memory []float64
	for range repeats {
		s, err := sweepRate(program, specText, trials, agents)
		if err != nil {
			return err
		}
		ours, whole = append(ours, s.dispatch), append(whole, s.command)
		for store, rates := range map[jetstream.StorageType]*[]float64{jetstream.FileStorage: &file, jetstream.MemoryStorage: &memory} {
			rate, err := rawRate(store, trials, agents)
			if err != nil {
				return err
			}
			*rates = append(*rates, rate)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%d trials, %d agents, a second:\tmin\tmedian\tmax\t\n", trials, agents)
	row(w, "sweep, first grant to last result in the log", ours)
	row(w, "sweep, the whole command", whole)
	row(w, "JetStream alone, file store", file)
	row(w, "JetStream alone, memory store", memory)
	if err := w.Flush(); err != nil {
		return err
	}
	ratio := median(ours) / median(file)
	fmt.Printf("ratio of the medians: %.2f of the file store, %.2f of the memory store\n", ratio, median(ours)/median(memory))
	if ratio < hold {
		return fmt.Errorf("the ratio %.2f is less than %g", ratio, hold)
	}
	return nil
}

func row(w *tabwriter.Writer, name string, rates []float64) {
	fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t\n", name, slices.Min(rates), median(rates), slices.Max(rates))
}

// median is the middle one of an odd number of values, the lower middle one of an even number.
func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
