package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"neurosweep/results"
)

// A run is one seed of the notebook's cell: means over blocks of 100 updates, and the last evaluation on whole task trials.
type run struct {
	seed           int64
	loss, accuracy map[int]float64 // by the last update of the block
	whole          float64         // NaN: not evaluated
	wholeUpdate    int64
}

// means averages one metric of a trial over its full blocks of updates. Values that are not finite are left out, as are updates
// that a batch without a decision leaves without an accuracy.
func means(rows []results.CurveRow, metric string) map[int]float64 {
	sum, count, last := map[int]float64{}, map[int]int{}, 0
	for _, r := range rows {
		last = max(last, int(r.Update))
		if r.Metric != metric || r.Value.Nonfinite() != "" {
			continue
		}
		end := (int(r.Update) + block - 1) / block * block
		sum[end] += float64(r.Value)
		count[end]++
	}
	for end := range sum {
		if end > last {
			delete(sum, end) // the trial has not made all of its updates
			continue
		}
		sum[end] /= float64(count[end])
	}
	return sum
}

// write prints the table as Markdown.
func write(w io.Writer, runs []run) {
	fmt.Fprintf(w, "learning rate %g, %d hidden units, %d seeds; loss and accuracy are means over the 100 updates before\n\n", notebookRate, notebookHidden, len(runs))
	fmt.Fprintln(w, "| update | notebook's loss | ours | of our seeds | band | notebook's accuracy | ours | of our seeds | band |")
	fmt.Fprintln(w, "|--:|--:|--:|---|---|--:|--:|---|---|")
	for _, p := range notebook {
		fmt.Fprintf(w, "| %d | %.4f | %s | %.3f–%.3f | %.3f | %s | %.2f–%.2f |\n",
			p.update, p.loss, ours(runs, p.update, 4, func(r run) map[int]float64 { return r.loss }), p.lossLow, p.lossHigh,
			p.accuracy, ours(runs, p.update, 3, func(r run) map[int]float64 { return r.accuracy }), p.accuracyLow, p.accuracyH)
	}
	fmt.Fprintln(w)
	for _, r := range runs {
		if !math.IsNaN(r.whole) {
			fmt.Fprintf(w, "seed %d: accuracy %.3f on whole task trials after update %d\n", r.seed, r.whole, r.wholeUpdate)
		}
	}
}

// ours is the mean over the seeds and their range, in two columns; empty where no seed came so far.
func ours(runs []run, update, digits int, of func(run) map[int]float64) string {
	var values []float64
	for _, r := range runs {
		if v, ok := of(r)[update]; ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return " | "
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return fmt.Sprintf("%.*f | %.*f–%.*f", digits, sum/float64(len(values)), digits, slices.Min(values), digits, slices.Max(values))
}

// What -hold demands.
const (
	heldSeeds           = 5
	heldLoss            = 0.009
	heldAccuracy        = 0.91
	early               = 700
	earlyAccuracy       = 0.85
	earlySeeds          = 4
	wholeLow, wholeHigh = 0.95, 0.99 // of the mean over seeds: single networks move in and out of it from checkpoint to checkpoint (docs/delay_comparison.md)
)

// judge lists what falls short of what the sweep is held to.
func judge(runs []run) error {
	var short []error
	miss := func(format string, args ...any) { short = append(short, fmt.Errorf(format, args...)) }
	if len(runs) < heldSeeds {
		miss("there are %d seeds, %d are wanted", len(runs), heldSeeds)
	}
	last, inTime, sum := notebook[len(notebook)-1].update, 0, 0.0
	for _, r := range runs {
		loss, ok := r.loss[last]
		switch {
		case !ok:
			miss("seed %d did not reach update %d", r.seed, last)
		case !(loss <= heldLoss):
			miss("seed %d: loss %.4f at update %d, at most %g is wanted", r.seed, loss, last, heldLoss)
		}
		if accuracy := r.accuracy[last]; ok && !(accuracy >= heldAccuracy) {
			miss("seed %d: accuracy %.3f at update %d, at least %g is wanted", r.seed, accuracy, last, heldAccuracy)
		}
		for update := range maps.Keys(r.accuracy) {
			if update <= early && r.accuracy[update] >= earlyAccuracy {
				inTime++
				break
			}
		}
		sum += r.whole
	}
	if mean := sum / float64(len(runs)); !(mean >= wholeLow && mean <= wholeHigh) {
		miss("accuracy %.3f on whole task trials in the mean over seeds, %g to %g is wanted", mean, wholeLow, wholeHigh)
	}
	if inTime*heldSeeds < earlySeeds*len(runs) {
		miss("%d of %d seeds reached an accuracy of %g by update %d, %d of %d are wanted", inTime, len(runs), earlyAccuracy, early, earlySeeds, heldSeeds)
	}
	return errors.Join(short...)
}
