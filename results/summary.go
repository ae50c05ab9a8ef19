package results

import (
	"slices"
	"time"

	"neurosweep/sweep"
)

// A Status is how far a sweep is: the document of sweep status. The command fills in ID, Agents and, of a sweep without
// a live controller, State.
type Status struct {
	ID         string         `json:"id"`
	State      string         `json:"state"`  // waiting, running, paused, stopped or ended
	Trials     *int           `json:"trials"` // planned; nil: the method has no end
	Ended      int            `json:"ended"`  // with any outcome
	Failed     int            `json:"failed"` // with the outcome failed
	Running    int            `json:"running"`
	Waiting    int            `json:"waiting"` // planned so far, neither ended nor running
	Causes     map[string]int `json:"causes"`  // ended attempts by cause
	Agents     int            `json:"agents"`
	TrialsPerS float64        `json:"trials_per_s"`       // ended trials per second in which at least one attempt ran
	Extended   map[int]int    `json:"extended,omitempty"` // trials that sweep extend has given more updates, by how many they are to have
	Best       *Place         `json:"best"`               // the best cell so far; nil: none

	Quarantined []Quarantine `json:"quarantined"` // nodes that get no trial any more
}

// Summarize counts a sweep's trials and attempts.
func Summarize(d *Dataset) (Status, error) {
	s := Status{State: d.SweepState(), Causes: map[string]int{}, Extended: d.Extended()}
	if planned, finite := d.Planned(); finite {
		s.Trials = &planned
	}
	for _, t := range d.Trials() {
		s.Ended++
		if t.Outcome == string(sweep.OutcomeFailed) {
			s.Failed++
		}
	}
	s.Running, s.Agents, s.Quarantined = d.runningTrials(), d.Agents(), d.Quarantined()
	s.Waiting = max(len(d.plan)-s.Ended-s.Running, 0)
	timings, err := Collect(d.Timings(), compareTimings)
	if err != nil {
		return s, err
	}
	for _, t := range timings {
		s.Causes[t.Cause]++
	}
	if busy := busyTime(timings); busy > 0 {
		s.TrialsPerS = float64(s.Ended) / busy.Seconds()
	}
	s.Best, err = d.bestSoFar()
	return s, err
}

// busyTime is how long at least one of the attempts ran: pauses and nights between two runs of a sweep do not count.
func busyTime(timings []TimingRow) time.Duration {
	rows := slices.Clone(timings)
	slices.SortFunc(rows, func(a, b TimingRow) int { return a.Started.Compare(b.Started) })
	var busy time.Duration
	var until time.Time
	for _, t := range rows {
		from := t.Started
		if from.Before(until) {
			from = until
		}
		if t.Ended.After(from) {
			busy += t.Ended.Sub(from)
			until = t.Ended
		}
	}
	return busy
}

// bestSoFar is the best cell under select; nil where the spec has no select or nothing is measured yet.
func (d *Dataset) bestSoFar() (*Place, error) {
	if d.spec.Select.Metric == "" {
		return nil, nil
	}
	places, err := d.places(BestQuery{}, "last")
	if err != nil || len(places) == 0 || places[0].Value == nil {
		return nil, err
	}
	return &places[0], nil
}
