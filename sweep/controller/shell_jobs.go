package controller

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// askJobsWithin is how long the leases of agents that are silent or dead wait at most for what the scheduler says of their jobs.
const askJobsWithin = 10 * time.Second

// jobs asks the scheduler about the jobs of lost agents: for all that are waited for in one query, one query at a time, beside everything else.
type jobs struct {
	outOfMemory func(context.Context, []string) (map[string]bool, error)
	log         zerolog.Logger
	waiting     []AskJob
	asking      bool
	answers     chan []JobAsked
}

func newJobs(o Options) jobs {
	return jobs{outOfMemory: o.OutOfMemory, log: o.Log, answers: make(chan []JobAsked, 1)}
}

// ask asks about one more job, when the query that runs is over.
func (j *jobs) ask(c AskJob) {
	j.waiting = append(j.waiting, c)
	if !j.asking {
		j.next()
	}
}

// next begins a query; its answer comes to answers, whose one place is free.
func (j *jobs) next() {
	asked := j.waiting
	j.waiting, j.asking = nil, true
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), askJobsWithin)
		defer cancel()
		names := make([]string, len(asked))
		for i, a := range asked {
			names[i] = a.Job
		}
		starved, err := j.outOfMemory(ctx, names)
		if err != nil {
			j.log.Debug().Err(err).Msg("it is not known how the jobs of lost agents have ended")
		}
		answers := make([]JobAsked, len(asked))
		for i, a := range asked {
			answers[i] = JobAsked{a.Incarnation, starved[a.Job]}
		}
		j.answers <- answers
	}()
}

// hearOfJobs gives the core what the scheduler has said.
func (s *shell) hearOfJobs(answers []JobAsked) error {
	s.jobs.asking = false
	for _, a := range answers {
		if err := s.step(a); err != nil {
			return err
		}
	}
	if len(s.jobs.waiting) > 0 && !s.jobs.asking {
		s.jobs.next()
	}
	return nil
}
