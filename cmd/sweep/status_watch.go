package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep/controller"
)

// A fullStatus is how a sweep stands, and where it was submitted its jobs.
type fullStatus struct {
	results.Status
	Jobs *jobsReport `json:"jobs,omitempty"`
}

func wholeStatus(ctx context.Context, dir string, w *slurm.Watch) (fullStatus, error) {
	s, err := status(dir)
	if err != nil {
		return fullStatus{}, err
	}
	jobs, err := lookAtJobs(ctx, dir, w)
	return fullStatus{s, jobs}, err
}

func (a *app) printWholeStatus(dir string, s fullStatus) error {
	if err := a.printStatusText(dir, s.Status); err != nil || s.Jobs == nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, strings.Join(s.Jobs.lines(), "\n"))
	return err
}

// clearScreen moves to the top of a terminal and clears what is below.
const clearScreen = "\x1b[H\x1b[J"

// watchStatus says how a sweep stands whenever that has changed, until it has ended. SLURM is asked ever more seldom while nothing happens there.
func (a *app) watchStatus(ctx context.Context, dir string) error {
	ctx, release := interruptible(ctx)
	defer release()
	w := &slurm.Watch{Client: &slurm.Client{}}
	var jobs *jobsReport
	var asked time.Time
	var pause time.Duration
	ticks := time.NewTicker(watching)
	defer ticks.Stop()
	said := ""
	for {
		s, err := status(dir)
		if err != nil {
			return err
		}
		if time.Since(asked) >= pause || s.State == controller.StateEnded {
			if jobs, pause, err = nextLook(ctx, dir, w); err != nil {
				return err
			}
			asked = time.Now()
		}
		text, err := a.statusText(dir, fullStatus{s, jobs})
		if err != nil {
			return err
		}
		if text != said {
			said = text
			if isTerminal(a.stdout) {
				text = clearScreen + text
			} else if !a.json {
				text += "\n"
			}
			if _, err := io.WriteString(a.stdout, text); err != nil {
				return err
			}
		}
		if s.State == controller.StateEnded {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// statusText is what status prints.
func (a *app) statusText(dir string, s fullStatus) (string, error) {
	if a.json {
		text, err := json.Marshal(s)
		return string(text) + "\n", err
	}
	var text strings.Builder
	b := *a
	b.stdout = &text
	err := b.printWholeStatus(dir, s)
	return text.String(), err
}
