package train

import (
	"context"
	"fmt"
	"testing"

	"neurosweep/models/kernel"
	"neurosweep/sweep"
)

// ragged are trials whose sizes divide by nothing: 37 sequences of 45 steps, 29 units; the data set's batches are 37 and 7.
var ragged = map[string]string{
	"three_bit_flip_flop gru":    flipFlop("gru, hidden: 29", 45, 55, 37, 5),
	"three_bit_flip_flop node":   flipFlop("node, latent: 3, hidden: 29", 45, 55, 37, 5),
	"delay_comparison leaky_rnn": delay(29, 37, 45, 5),
}

// full are the trials of the examples at their sizes, for two updates.
var full = map[string]string{
	"three_bit_flip_flop gru":    flipFlop("gru, hidden: 128", 500, 1000, 800, 2),
	"three_bit_flip_flop node":   flipFlop("node, latent: 3, hidden: 64", 500, 1000, 800, 2),
	"delay_comparison leaky_rnn": delay(64, 16, 100, 2),
}

func flipFlop(model string, length, samples, batch, updates int) string {
	return fmt.Sprintf(`
name: r
method: grid
task: {name: three_bit_flip_flop, length: %d, samples: %d, p: 0.1}
model: {name: %s}
train: {updates: %d, batch: %d, optimizer: adam, weight_decay: 1e-8, epsilon_form: corrected, lr: 1e-2}
evaluate: {validation: {seed: 3}, fresh: {count: 9}}
checkpoints: {every: 2}
select: {metric: loss, condition: validation, goal: minimize}
`, length, samples, model, updates, batch)
}

func delay(hidden, batch, length, updates int) string {
	return fmt.Sprintf(`
name: r
method: grid
task: delay_comparison
model: {name: leaky_rnn, hidden: %d}
train: {updates: %d, batch: %d, length: %d, lr: 1e-2}
evaluate: {seq100: {batches: 1, batch: 9, length: 45}}
checkpoints: {every: 2}
select: {metric: accuracy, condition: seq100, goal: maximize}
`, hidden, updates, batch, length)
}

// A trial's rows and files have the same bits whatever instruction set computes them, on however many threads, interrupted after every update or not.
func TestBitsOfTrials(t *testing.T) {
	for name, text := range ragged {
		t.Run(name, func(t *testing.T) {
			rows, tree := "", ""
			for _, isa := range kernel.ISAs() {
				t.Setenv("NEUROSWEEP_ISA", string(isa))
				for threads := 1; threads <= 3; threads++ {
					for _, interrupted := range []bool{false, true} {
						j := job(t, edit(t, text, "train: {", fmt.Sprintf("train: {threads: %d, ", threads)), 6)
						got := trained(t, j, interrupted)
						if rows == "" {
							rows, tree = got, files(t, j.Dir)
						}
						if files(t, j.Dir) != tree || got != rows {
							t.Errorf("%s on %d threads, interrupted: %t: rows or files differ from those of %s on one thread", isa, threads, interrupted, kernel.ISAs()[0])
						}
					}
				}
			}
		})
	}
}

// At full size a trial has the same bits on every vector instruction set; plain Go would take minutes.
func TestBitsAtFullSize(t *testing.T) {
	for name, text := range full {
		t.Run(name, func(t *testing.T) {
			rows, tree := "", ""
			for _, isa := range kernel.ISAs() {
				if isa == kernel.Generic {
					continue
				}
				t.Setenv("NEUROSWEEP_ISA", string(isa))
				j := job(t, text, 2)
				got := trained(t, j, false)
				if rows == "" {
					rows, tree = got, files(t, j.Dir)
				}
				if files(t, j.Dir) != tree || got != rows {
					t.Errorf("%s: rows or files differ from those of the instruction set before", isa)
				}
			}
		})
	}
}

// trained runs a trial to its end and returns its rows; interrupted, in attempts of an update or two.
func trained(t *testing.T, j Job, interrupted bool) string {
	t.Helper()
	rows := newLedger(t)
	for j.Attempt = 1; j.Attempt < 40; j.Attempt++ {
		ctx := context.Background()
		if interrupted {
			ctx = newCountdown(4, ErrHandOver)
		}
		end, err := Run(ctx, j, rows.report)
		if err != nil {
			t.Fatal(err)
		}
		if end.Cause == sweep.CauseCompleted {
			return rows.String()
		}
	}
	t.Fatal("40 attempts were not enough")
	return ""
}
