package command

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"neurosweep/results"
	"neurosweep/sweep"
)

// Bounds of one report: it is one message.
const (
	reportBytes = 256 << 10 // roughly
	reportEvals = 1000
	maxName     = 256 // bytes of a metric's name
	maxMetrics  = 5000
	maxNotes    = 5
)

// A recorder turns what an attempt says of itself into reports: rows of curves, and at each checkpoint and at the end the last value of every metric, with what the program calls
// its summary laid over it, under the condition summary. Its methods may be called from several goroutines.
type recorder struct {
	job    Job
	report func(results.TrialReport) error
	copies *copies
	print  func([]string)

	mu      sync.Mutex
	failed  error                    // of a report: the attempt is in vain
	update  int                      // the last one that was reported
	last    map[string]int           // metric: its last update
	latest  map[string]results.Value // metric: its last value
	summary map[string]results.Value
	pending []results.Curve
	open    map[string]int // metric: the place in pending that its next value may join
	size    int            // bytes of pending, roughly
	notes   int
}

func newRecorder(job Job, report func(results.TrialReport) error, c *copies, print func([]string)) *recorder {
	return &recorder{job: job, report: report, copies: c, print: print, update: job.Resume}
}

// lines takes lines of JSON.
func (r *recorder) lines(lines [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range lines {
		if len(line) == 0 {
			continue
		}
		o, err := parseObject(line)
		if err != nil {
			r.note("a line of metrics is left out: %v: %.100q", err, line)
			continue
		}
		r.object(o)
	}
}

// note prints a sentence to the trial's log, the first few times.
func (r *recorder) note(format string, args ...any) {
	if r.notes++; r.notes < maxNotes {
		r.print([]string{fmt.Sprintf(format, args...)})
	} else if r.notes == maxNotes {
		r.print([]string{"more is wrong with the metrics; no more of it is said"})
	}
}

// The names in a line that are no metrics.
const (
	updateName     = "update"
	summaryName    = "summary"
	checkpointName = "checkpoint"
)

// object takes a line: {"update": 3, "loss": 0.5}, {"summary": {…}}, {"checkpoint": {"update": 3, "path": "c.npz"}}, or several of them in one. A line of metrics without
// an update belongs to the one after the last.
func (r *recorder) object(o object) {
	metrics := slices.ContainsFunc(o, func(m member) bool { return m.name != updateName && m.name != summaryName && m.name != checkpointName })
	update, given := r.update+1, false
	if v := o.get(updateName); v != nil {
		if update, given = updateOf(v); !given {
			r.note("update %v is no whole number from 0", v)
			return
		}
	}
	for _, m := range o {
		switch m.name {
		case updateName, checkpointName:
		case summaryName:
			r.eachNumber("", m.value, r.summarize)
		default:
			r.eachNumber(m.name, m.value, func(name string, v float64) { r.row(update, name, v) })
		}
	}
	if metrics || given {
		r.update = max(r.update, update)
	}
	if c, ok := o.get(checkpointName).(object); ok {
		r.checkpoint(c)
	}
}

// updateOf is a value as an update.
func updateOf(v any) (int, bool) {
	f, ok := v.(float64)
	return int(f), ok && f == math.Trunc(f) && f >= 0 && f <= 1<<53
}

// eachNumber visits the numbers of a value; those inside an object have its name and a point before theirs. What is no number is no metric.
func (r *recorder) eachNumber(name string, value any, visit func(string, float64)) {
	switch v := value.(type) {
	case float64:
		visit(name, v)
	case string: // as our own reports have it
		switch v {
		case "nan":
			visit(name, math.NaN())
		case "inf":
			visit(name, math.Inf(1))
		case "-inf":
			visit(name, math.Inf(-1))
		}
	case object:
		for _, m := range v {
			inner := m.name
			if name != "" {
				inner = name + "." + inner
			}
			r.eachNumber(inner, m.value, visit)
		}
	}
}

// known tells whether a metric may be recorded.
func (r *recorder) known(name string) bool {
	if _, ok := r.latest[name]; ok {
		return true
	}
	switch {
	case name == "" || len(name) > maxName || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }):
		r.note("%.100q is no name of a metric: want 1 to %d bytes without control characters", name, maxName)
		return false
	case len(r.latest)+len(r.summary) >= maxMetrics:
		r.note("the metric %s is left out: there are %d others", name, maxMetrics)
		return false
	}
	return true
}

func (r *recorder) summarize(name string, v float64) {
	if _, ok := r.summary[name]; !ok && !r.known(name) {
		return
	}
	if r.summary == nil {
		r.summary = map[string]results.Value{}
	}
	r.summary[name] = results.Value(v)
}

// row takes one value. The updates of a metric only rise; what comes late is left out, as W&B does.
func (r *recorder) row(update int, name string, v float64) {
	if !r.known(name) {
		return
	}
	if last, ok := r.last[name]; ok && update <= last {
		r.note("%s at update %d comes after that of update %d, and is left out", name, update, last)
		return
	}
	if r.last == nil {
		r.last, r.latest, r.open = map[string]int{}, map[string]results.Value{}, map[string]int{}
	}
	r.last[name], r.latest[name] = update, results.Value(v)
	if i, ok := r.open[name]; ok && r.pending[i].From+len(r.pending[i].Values) == update {
		r.pending[i].Values = append(r.pending[i].Values, results.Value(v))
		r.size += 24
	} else {
		r.open[name] = len(r.pending)
		r.pending = append(r.pending, results.Curve{Metric: name, From: update, Values: []results.Value{results.Value(v)}})
		r.size += 64 + len(name)
	}
	if r.size > reportBytes {
		r.flush()
	}
}

// flush reports the curves that wait.
func (r *recorder) flush() {
	if len(r.pending) == 0 {
		return
	}
	r.send(results.TrialReport{Curves: r.pending})
	r.pending, r.size = nil, 0
	clear(r.open)
}

func (r *recorder) send(t results.TrialReport) {
	if r.failed != nil {
		return
	}
	t.Trial, t.Attempt = r.job.Trial.ID, r.job.Attempt
	if err := r.report(t); err != nil {
		r.failed = fmt.Errorf("report: %w", err)
	}
}

// evals are the last value of every metric and the summary, at an update.
func (r *recorder) evals(update int) []results.Eval {
	values := maps.Clone(r.latest)
	if values == nil {
		values = map[string]results.Value{}
	}
	maps.Copy(values, r.summary)
	var evals []results.Eval
	for _, name := range slices.Sorted(maps.Keys(values)) {
		evals = append(evals, results.Eval{Update: update, Condition: sweep.SummaryCondition, Metric: name, Value: values[name]})
	}
	return evals
}

// sendEvals reports evals, and with the last of them checkpoints.
func (r *recorder) sendEvals(evals []results.Eval, checkpoints []results.Checkpoint) {
	for len(evals) > reportEvals {
		r.send(results.TrialReport{Evals: evals[:reportEvals]})
		evals = evals[reportEvals:]
	}
	if len(evals)+len(checkpoints) > 0 {
		r.send(results.TrialReport{Evals: evals, Checkpoints: checkpoints})
	}
}

// checkpoint takes {"update": n, "path": p}: the file is copied, and then counts.
func (r *recorder) checkpoint(o object) {
	update, ok := updateOf(o.get(updateName))
	path, isPath := o.get("path").(string)
	if !ok || !isPath || path == "" {
		r.note(`a checkpoint is left out: want {"checkpoint": {"update": 100, "path": "file"}}`)
		return
	}
	c, err := r.copies.take(update, path)
	if err != nil {
		r.note("the checkpoint of update %d is left out: %v", update, err)
		return
	}
	r.update = max(r.update, update)
	r.flush()
	r.sendEvals(r.evals(update), []results.Checkpoint{c})
}

// finish reports all that is left, with the evals of the last update.
func (r *recorder) finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
	if r.copies.newest < r.update || r.copies.newest == 0 || len(r.summary) > 0 {
		r.sendEvals(r.evals(r.update), nil)
	}
	return r.failed
}
