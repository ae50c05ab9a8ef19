package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// newJobsDesk is a desk with one agent of a job, which has so many slots and holds the trials that it can.
func newJobsDesk(t *testing.T, trials, slots int) *desk {
	d := newDesk(t, make([]int, trials))
	d.core.options.AsksJobs = true
	d.request("a0", broker.Request{Hello: &broker.Hello{Host: "h", PID: 1, Slots: slots, Job: "17_3"}})
	d.ask("a0", slots)
	return d
}

// The attempts of an agent that its scheduler has ended for lack of memory end by that; nothing is decided before the answer.
func TestJobOutOfMemory(t *testing.T) {
	for _, starved := range []bool{true, false} {
		d := newJobsDesk(t, 3, 2)
		d.step(Died{"a0"})
		d.step(Died{"a0"})
		if !slices.Equal(d.inquiries, []string{"17_3"}) || d.log.ended() != 0 {
			t.Fatalf("asked for %q, %d attempts have ended", d.inquiries, d.log.ended())
		}
		d.step(JobAsked{"a0", starved})
		e := d.log.lastEnded()
		if starved && (d.log.ended() != 2 || e.Cause != sweep.CauseOOM || !e.Suspect || e.Detail != "the agent was ended with its job, which SLURM says ran out of memory") {
			t.Errorf("%d ends, the last %+v", d.log.ended(), e)
		}
		if !starved && (d.log.ended() != 2 || e.Cause != sweep.CauseNode || e.Suspect) {
			t.Errorf("%d ends, the last %+v", d.log.ended(), e)
		}
		d.hello("b0", 2)
		got := d.ask("b0", 2)
		if starved && len(got) != 1 { // trials that ran out of memory are tried alone
			t.Errorf("the next agent is granted %q", got)
		}
		if d.step(JobAsked{"a0", true}); d.log.ended() != 2 {
			t.Error("a late answer counts")
		}
	}
}

// An agent that is heard while its scheduler is asked keeps what it holds; when it is silent again it is asked for again.
func TestJobOfAnAgentThatIsBack(t *testing.T) {
	d := newJobsDesk(t, 1, 1)
	silence := func() {
		for range 20 {
			d.now += simExpiry / 16
			d.step(Tick{})
		}
	}
	silence()
	d.request("a0", broker.Request{Beat: &broker.Beat{Holding: []sweep.Hold{{Trial: "trial000", Attempt: 1}}}})
	d.step(JobAsked{"a0", true})
	if n := d.core.Counts(); n.Running != 1 || n.Agents != 1 {
		t.Errorf("counts %+v", n)
	}
	silence()
	d.step(Link{false}) // now nobody could be heard
	d.step(JobAsked{"a0", true})
	d.step(Link{true})
	if n := d.core.Counts(); n.Running != 1 || n.Agents != 1 {
		t.Errorf("counts %+v", n)
	}
	silence()
	d.step(JobAsked{"a0", false})
	if n := d.core.Counts(); n.Running != 0 || n.Agents != 0 || len(d.inquiries) != 3 {
		t.Errorf("counts %+v after %d questions", n, len(d.inquiries))
	}
}

// While one query runs, further jobs wait for the next one, which is for all of them. A query that fails says nothing.
func TestJobsAreAskedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries [][]string
		goOn := make(chan bool)
		s := &shell{jobs: newJobs(Options{OutOfMemory: func(_ context.Context, jobs []string) (map[string]bool, error) {
			queries = append(queries, jobs)
			if <-goOn {
				return map[string]bool{"2": true}, nil
			}
			return nil, errors.New("the cluster is away")
		}})}
		for i := range 4 {
			s.jobs.ask(AskJob{sweep.Incarnation(fmt.Sprint("a", i)), fmt.Sprint(i)})
		}
		goOn <- false
		first := <-s.jobs.answers
		s.core = newDesk(t, nil).core
		if err := s.hearOfJobs(first); err != nil {
			t.Fatal(err)
		}
		goOn <- true
		second := <-s.jobs.answers
		if fmt.Sprint(queries) != "[[0] [1 2 3]]" || fmt.Sprint(first) != "[{a0 false}]" || fmt.Sprint(second) != "[{a1 false} {a2 true} {a3 false}]" {
			t.Errorf("queries %v, answers %v, %v", queries, first, second)
		}
	})
}
