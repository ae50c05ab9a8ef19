package results

import "slices"

// add appends what comes next. What it supersedes is taken out of the rows so far, and noted for those before them.
func (r *Rows) add(more Rows) {
	if len(more.Superseded) > 0 {
		gone := supersededBy(more.Superseded)
		r.Curves = slices.DeleteFunc(r.Curves, gone.curve)
		r.Evals = slices.DeleteFunc(r.Evals, gone.eval)
		r.Superseded = append(r.Superseded, more.Superseded...)
	}
	r.Trials = append(r.Trials, more.Trials...)
	r.Curves = append(r.Curves, more.Curves...)
	r.Evals = append(r.Evals, more.Evals...)
	r.Checkpoints = append(r.Checkpoints, more.Checkpoints...)
	r.Events = append(r.Events, more.Events...)
	r.Timings = append(r.Timings, more.Timings...)
}

// count is how many rows of tables that grow by parts there are.
func (r *Rows) count() int { return len(r.Curves) + len(r.Evals) + len(r.Events) + len(r.Timings) }

// A cutoff is the last update of each trial that still counts, for trials of which something was superseded.
type cutoff map[string]int64

func supersededBy(all []Superseded) cutoff {
	if len(all) == 0 {
		return nil
	}
	c := cutoff{}
	for _, s := range all {
		if after, ok := c[s.Trial]; !ok || s.After < after {
			c[s.Trial] = s.After
		}
	}
	return c
}

func (c cutoff) has(trial string, update int64) bool {
	after, ok := c[trial]
	return ok && update > after
}

func (c cutoff) curve(r CurveRow) bool { return c.has(r.Trial, r.Update) }
func (c cutoff) eval(r EvalRow) bool   { return c.has(r.Trial, r.Update) }
