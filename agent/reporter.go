package agent

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// A report holds at most so many trials' parts and, by a rough count, so many values: it then fits a message of 1 MiB.
const (
	maxReportTrials = 512
	maxReportValues = 8192
)

// reportEvery is the least time between two reports that are not full: each costs a sync here, a message, and a sync of the controller's log, whatever it holds.
const reportEvery = 20 * time.Millisecond

// A reporter numbers what the slots report, writes it to the spool, and publishes it. It works in a goroutine of its own, so that a slow disk
// or broker holds up nobody: what comes meanwhile goes into the next report together.
type reporter struct {
	incarnation sweep.Incarnation
	spool       *spool.Spool
	log         zerolog.Logger

	in    chan results.TrialReport
	links chan *broker.Link // a new link, or nil: it is lost
	again chan struct{}     // publish what is not committed again
	said  chan numbered     // what was spooled, for the supervisor
	done  chan struct{}     // closed when in was closed and everything is spooled and published

	giveUp chan struct{} // closed by the supervisor: what cannot be spooled now is lost, and the controller finds out by the lease

	sequence uint64
	link     *broker.Link
	silent   bool      // the link has failed: reports stay in the spool until it is time to try again
	reported time.Time // when the last report was made
}

// numbered says under which number a checkpoint was reported.
type numbered struct {
	sequence uint64
	trial    sweep.TrialID
	update   int
}

func newReporter(i sweep.Incarnation, s *spool.Spool, log zerolog.Logger) *reporter {
	return &reporter{incarnation: i, spool: s, log: log, in: make(chan results.TrialReport, 1024), links: make(chan *broker.Link, 4),
		again: make(chan struct{}, 1), said: make(chan numbered, 4096), done: make(chan struct{}),
		giveUp: make(chan struct{})}
}

// run works until in is closed.
func (r *reporter) run() {
	defer close(r.done)
	for {
		select {
		case first, ok := <-r.in:
			if !ok {
				return
			}
			r.report(first)
		case link := <-r.links:
			r.link, r.silent = link, false
			r.republish()
		case <-r.again:
			r.silent = false
			r.republish()
		}
	}
}

// gather takes what is there, and what comes until reportEvery has passed since the last report.
func (r *reporter) gather(first results.TrialReport) []results.TrialReport {
	trials := []results.TrialReport{first}
	values := size(first)
	wait := time.NewTimer(reportEvery - time.Since(r.reported))
	defer wait.Stop()
	for len(trials) < maxReportTrials && values < maxReportValues {
		var next results.TrialReport
		var ok bool
		select {
		case next, ok = <-r.in:
		default:
			select {
			case next, ok = <-r.in:
			case <-wait.C:
			}
		}
		if !ok { // closed, or it is time
			break
		}
		if !join(&trials[len(trials)-1], next) {
			trials = append(trials, next)
		}
		values += size(next)
	}
	r.reported = time.Now()
	return trials
}

// join adds what the same attempt has said next to what it said before; false: it is another one. Such parts are a line of the controller's log each, with all its names.
func join(said *results.TrialReport, next results.TrialReport) bool {
	if said.Trial != next.Trial || said.Attempt != next.Attempt || said.Rank != next.Rank || said.End != nil {
		return false
	}
	said.Curves = append(said.Curves, next.Curves...)
	said.Evals = append(said.Evals, next.Evals...)
	said.Checkpoints = append(said.Checkpoints, next.Checkpoints...)
	said.Deleted = append(said.Deleted, next.Deleted...)
	said.End = next.End
	return true
}

// report makes one report.
func (r *reporter) report(first results.TrialReport) {
	trials := r.gather(first)
	r.sequence++
	report := &results.Report{Version: results.ReportVersion, Incarnation: r.incarnation, Sequence: r.sequence, Trials: trials}
	data, ok := r.write(report)
	if !ok {
		return
	}
	for _, t := range trials {
		for _, c := range t.Checkpoints {
			r.said <- numbered{r.sequence, t.Trial, c.Update}
		}
	}
	r.publish(data)
}

// size counts a report's values, roughly.
func size(t results.TrialReport) int {
	n := len(t.Evals) + 8*len(t.Checkpoints)
	for _, c := range t.Curves {
		n += len(c.Values)
	}
	return n
}

// write puts a report into the spool, and does not give up while the agent stays: without that nothing may be published. data is the report as JSON.
func (r *reporter) write(report *results.Report) (data []byte, ok bool) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		data, err := r.spool.Append(report)
		if err == nil {
			return data, true
		}
		r.log.Error().Err(err).Uint64("report", report.Sequence).Msg("the spool cannot be written; it is tried again, and nothing is lost meanwhile")
		select {
		case <-time.After(wait):
		case <-r.giveUp:
			return nil, false
		}
	}
}

// publish sends a report where there is a broker. What does not arrive stays in the spool, and is sent again.
func (r *reporter) publish(report []byte) {
	if r.link == nil || r.silent {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	switch err := r.link.Publish(ctx, report); {
	case err == nil:
	case errors.Is(err, broker.ErrFull):
		r.log.Debug().Err(err).Msg("the report stays in the spool")
	default:
		r.log.Debug().Err(err).Msg("the broker does not take a report")
		r.silent = true // it may wait for its controller, or be lost: then there will be another link
	}
}

// republish sends everything again that is not known to be committed.
func (r *reporter) republish() {
	if r.link == nil {
		return
	}
	err := r.spool.Pending(r.publish)
	if err != nil {
		r.log.Error().Err(err).Msg("the spool cannot be read")
	}
}
