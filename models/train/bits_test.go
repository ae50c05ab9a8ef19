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
	"three_bit_flip_flop gru":    flipRagged("gru, hidden: 29"),
	"three_bit_flip_flop node":   flipRagged("node, latent: 3, hidden: 29"),
	"delay_comparison leaky_rnn": delayRagged,
}

func flipRagged(model string) string {
	return "name: r\nmethod: grid\ntask: {name: three_bit_flip_flop, length: 45, samples: 55, p: 0.1}\nmodel: {name: " + model + "}\n" + `
train: {updates: 5, batch: 37, optimizer: adam, weight_decay: 1e-8, epsilon_form: corrected, lr: 1e-2}
evaluate: {validation: {seed: 3}, fresh: {count: 9}}
checkpoints: {every: 2}
select: {metric: loss, condition: validation, goal: minimize}
`
}

const delayRagged = `
name: r
method: grid
task: delay_comparison
model: {name: leaky_rnn, hidden: 29}
train: {updates: 5, batch: 37, length: 45, lr: 1e-2}
evaluate: {seq100: {batches: 1, batch: 9, length: 45}}
checkpoints: {every: 2}
select: {metric: accuracy, condition: seq100, goal: maximize}
`

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
