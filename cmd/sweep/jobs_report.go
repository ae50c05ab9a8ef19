package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"neurosweep/slurm"
)

// A jobsReport is how the jobs of a submitted sweep stand, as the cluster says.
type jobsReport struct {
	Wanted  int            `json:"wanted"` // agents
	States  map[string]int `json:"states"` // agents' jobs by SLURM's state; those that it has forgotten are not in it
	Waiting []jobReason    `json:"waiting"`
	Ended   []endedJob     `json:"ended"`           // those that have not ended well, newest first
	Error   string         `json:"error,omitempty"` // the cluster did not answer: nothing is known
}

// A jobReason is why jobs wait, as SLURM says it.
type jobReason struct {
	Reason string `json:"reason"`
	Jobs   int    `json:"jobs"`
}

// An endedJob is one that has not ended well.
type endedJob struct {
	Job    string `json:"job"`
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Log    string `json:"log"` // relative to the sweep's folder
}

// reportJobs makes a report of a look at the jobs.
func reportJobs(s *submission, look slurm.Look) *jobsReport {
	r := &jobsReport{Wanted: s.Agents, States: map[string]int{}, Waiting: []jobReason{}, Ended: []endedJob{}}
	if look.Err != nil {
		r.Error = look.Err.Error()
		return r
	}
	reasons := map[string]int{}
	for _, j := range slices.SortedFunc(maps.Values(look.Jobs), func(x, y slurm.Job) int {
		return cmp.Or(cmp.Compare(y.Task.Job, x.Task.Job), cmp.Compare(y.Task.Index, x.Task.Index))
	}) {
		r.States[string(j.State)]++
		switch {
		case j.State.Waiting():
			reasons[j.Reason]++
		case j.State.Ended() && j.State != slurm.Completed && j.State != slurm.Cancelled:
			log := fmt.Sprintf("logs/slurm/agent-%d_%d.log", j.Task.Job, j.Task.Index)
			r.Ended = append(r.Ended, endedJob{j.Task.String(), string(j.State), j.Reason, log})
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		r.Waiting = append(r.Waiting, jobReason{reason, reasons[reason]})
	}
	return r
}

// shownJobs is how many jobs that have not ended well are listed for people.
const shownJobs = 5

// lines say it to people.
func (r *jobsReport) lines() []string {
	if r.Error != "" {
		return []string{fmt.Sprintf("jobs: %d agents are wanted; the cluster does not answer: %s", r.Wanted, r.Error)}
	}
	var states []string
	for _, state := range slices.Sorted(maps.Keys(r.States)) {
		states = append(states, fmt.Sprintf("%d %s", r.States[state], strings.ToLower(state)))
	}
	if len(states) == 0 {
		states = []string{"the cluster knows none any more"}
	}
	lines := []string{fmt.Sprintf("jobs: %d agents are wanted: %s", r.Wanted, strings.Join(states, ", "))}
	for _, w := range r.Waiting {
		reason := w.Reason
		if reason == "" {
			reason = "SLURM gives no reason yet"
		}
		lines = append(lines, fmt.Sprintf("  %d wait: %s", w.Jobs, reason))
	}
	for _, e := range r.Ended[:min(len(r.Ended), shownJobs)] {
		reason := ""
		if e.Reason != "" {
			reason = " (" + e.Reason + ")"
		}
		lines = append(lines, fmt.Sprintf("  job %s ended as %s%s: see %s", e.Job, strings.ToLower(e.State), reason, e.Log))
	}
	if more := len(r.Ended) - shownJobs; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return lines
}

// lookAtJobs asks the cluster about the jobs of the sweep in dir; nil: it was not submitted.
func lookAtJobs(ctx context.Context, dir string, w *slurm.Watch) (*jobsReport, error) {
	r, _, err := nextLook(ctx, dir, w)
	return r, err
}

// nextLook is lookAtJobs, and how long to wait before the next one.
func nextLook(ctx context.Context, dir string, w *slurm.Watch) (*jobsReport, time.Duration, error) {
	s, err := readSubmission(dir)
	if err != nil || s == nil {
		return nil, watching, err
	}
	if _, err := s.resolve(ctx, w.Client); err != nil { // what is found is written down by who submits next
		return reportJobs(s, slurm.Look{Err: err}), jobsEvery, nil
	}
	look, pause := w.Look(ctx, ids(s.Jobs)...)
	return reportJobs(s, look), pause, nil
}

// jobsEvery is the pause after a query without an answer.
const jobsEvery = 10 * time.Second
