package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// benched is the document of sweep bench --json.
type benched struct {
	UpdateMs    spread  `json:"update_ms"` // a training step without the making of its data
	DataMs      float64 `json:"data_ms"`   // the making of a batch, median
	GFLOPS      float64 `json:"gflops"`    // matrix products of the fastest step, 2 for a multiply-add
	PeakGFLOPS  float64 `json:"peak_gflops"`
	Fraction    float64 `json:"fraction"` // gflops/peak_gflops
	ISA         string  `json:"isa"`
	Threads     int     `json:"threads"`
	MemoryBytes int64   `json:"memory_bytes"`            // of the process, at most
	Planned     int64   `json:"planned_bytes,omitempty"` // what the process was planned to have; absent: nothing was planned
}

type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// How long bench times where the user does not say how many updates: at least so many, and so long.
const (
	benchUpdates = 5
	benchTime    = 3 * time.Second
)

func newBench(a *app) *cobra.Command {
	var threads, updates int
	c := &cobra.Command{
		Use:   "bench " + specArguments,
		Short: "Time the full training step of a spec's first trial on this machine, beside the processor's peak",
		Long: `bench trains the spec's first trial for a while and times every update: loss, gradients, measures, clipping and optimiser.
Making the data is timed apart. Floating-point operations are those of the matrix products, forward and backward, at 2 for a multiply-add, without
the gradient of external inputs; the peak is that of a loop of multiply-adds on as many threads, run between the updates.
On a machine that others use, compare min with min, of programs that take turns.`,
		Example: "  sweep bench sweep.yaml --threads 1\n  sweep bench sweep.yaml model.hidden=128 --updates 50 --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			for name, value := range map[string]int{"threads": threads, "updates": updates} {
				if c.Flags().Changed(name) && (value < 1 || value > 1<<20) {
					return usage("--%s %d: want 1 or more", name, value)
				}
			}
			b, err := a.bench(args[0], args[1:], threads, updates)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(b)
			}
			a.printBench(b)
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().IntVar(&threads, "threads", 0, "threads of the trial (default: train.threads of the spec; auto is one a core)")
	c.Flags().IntVar(&updates, "updates", 0, "how many updates to time (default: a few seconds of them)")
	return c
}

// bench times the first trial of a spec.
func (a *app) bench(file string, args []string, threads, updates int) (*benched, error) {
	spec, err := a.readSpec(file, args)
	if err != nil {
		return nil, err
	}
	if err := runnable(spec); err != nil {
		return nil, err
	}
	if !spec.Trains() {
		return nil, usage("sweep bench %s: what its trials run trains nothing here: there is no training step to time", file)
	}
	plan, err := openPlan(spec)
	if err != nil {
		return nil, err
	}
	trials, _, err := plan.Next(1)
	if err != nil {
		return nil, err
	}
	if len(trials) == 0 {
		return nil, usage("sweep bench %s: the sweep has no trial", file)
	}
	a.warnSlow()
	return timed(spec, trials[0], threads, updates)
}

func timed(spec *sweep.Spec, trial sweep.Trial, threads, updates int) (*benched, error) {
	switch fixed := fixedThreads(spec); {
	case oneThread(spec) && threads > 1:
		return nil, usage("--threads %d: the reference machine has one thread", threads)
	case oneThread(spec):
		threads = 1
	case threads == 0 && fixed > 0:
		threads = fixed
	case threads == 0:
		threads = runtime.GOMAXPROCS(0)
	}
	least := benchTime
	if updates > 0 {
		least = 0
	} else {
		updates = benchUpdates
	}
	b, err := train.RunBench(spec, trial, threads, updates, least)
	if err != nil {
		return nil, fmt.Errorf("time trial %s: %w", trial.ID, err)
	}
	d := &benched{
		UpdateMs: spread{1e3 * b.Min, 1e3 * b.Median, 1e3 * b.Max}, DataMs: 1e3 * b.Data,
		GFLOPS: 1e-9 * b.Flops / b.Min, PeakGFLOPS: 1e-9 * b.Peak, ISA: string(b.ISA), Threads: b.Threads, MemoryBytes: b.Resident, Planned: b.Planned,
	}
	d.Fraction = d.GFLOPS / d.PeakGFLOPS
	return d, nil
}

func (a *app) printBench(b *benched) {
	threads := fmt.Sprintf("%d threads", b.Threads)
	if b.Threads == 1 {
		threads = "1 thread"
	}
	fmt.Fprintf(a.stdout, "update: %.3g ms (median %.3g, at most %.3g), with %s of %s\n", b.UpdateMs.Min, b.UpdateMs.Median, b.UpdateMs.Max, threads, b.ISA)
	fmt.Fprintf(a.stdout, "data: %.3g ms a batch\n", b.DataMs)
	fmt.Fprintf(a.stdout, "matrix products: %.1f GFLOP/s, %.0f %% of the peak of %.1f\n", b.GFLOPS, 100*b.Fraction, b.PeakGFLOPS)
	planned := ""
	if b.Planned > 0 {
		planned = fmt.Sprintf(" (%s were planned)", size(b.Planned))
	}
	fmt.Fprintf(a.stdout, "memory of the process: %s at most%s\n", size(b.MemoryBytes), planned)
}
