package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// How long one command and one sweep may take before they count as stuck.
const (
	commandLimit = 2 * time.Minute
	sweepLimit   = 10 * time.Minute
	look         = 300 * time.Millisecond
)

// A victim is one sweep on the cluster.
type victim struct {
	*bench
	dir       string
	befalling []disturbance
	struck    map[string]int // strikes of each disturbance
	took      time.Duration
}

// run submits the sweep, strikes while it runs, keeps its agents in number, and waits for its end.
func (v *victim) run() error {
	begin := time.Now()
	args := []string{"submit", v.spec, "--dir", v.dir, "--agents", fmt.Sprint(v.wanted()), "--cpus-per-task", "1", "--memory", "12G", "--still", v.still.String()}
	for _, d := range v.befalling {
		if d.args != nil {
			args = append(args, d.args(v.bench)...)
		}
	}
	if _, err := v.sweep(args...); err != nil {
		return err
	}
	strike := time.Now().Add(v.moment())
	for next := 0; ; time.Sleep(look) {
		s, err := v.status()
		if err != nil {
			return err
		}
		if v.took = time.Since(begin); s.State == "ended" {
			return v.gone()
		}
		if v.took > sweepLimit {
			jobs, err := v.jobs()
			return errors.Join(fmt.Errorf("the sweep in %s does not end: it is %s, %d of %d trials have ended, its jobs are %v", v.dir, s.State, s.Ended, v.trials, jobs), err)
		}
		if s.Ended > 0 && time.Now().After(strike) {
			if err := v.strike(&next); err != nil {
				return err
			}
			strike = time.Now().Add(v.moment())
		}
		if err := v.keep(); err != nil {
			return err
		}
	}
}

// strike has the next disturbance befall the sweep that is not at its limit: the usual number of strikes, and more, as many as it may have, until the events show it. An agent that
// is struck between two trials, or as one ends, shows nothing.
func (v *victim) strike(next *int) error {
	e, err := v.events()
	if err != nil {
		return err
	}
	for range v.befalling {
		d := v.befalling[*next%len(v.befalling)]
		*next++
		if n := v.struck[d.name]; d.strike == nil || n >= d.most || n >= v.options.strikes && (d.seen == nil || d.seen(e)) {
			continue
		}
		struck, err := d.strike(v)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		if struck {
			v.struck[d.name]++
		} else {
			*next-- // the same again, when there is somebody
		}
		return nil
	}
	return nil
}

// wanted is how many agents the sweep is to have.
func (v *victim) wanted() int {
	if len(v.befalling) == 1 && v.befalling[0].agents > 0 {
		return v.befalling[0].agents
	}
	return v.agents
}

// keep submits agents for those that are gone.
func (v *victim) keep() error {
	agents, err := v.jobs()
	if err != nil || len(agents) >= v.wanted() {
		return err
	}
	if s, err := v.status(); err != nil || s.State == "ended" {
		return err
	}
	if _, err = v.sweep("scale", fmt.Sprint(v.wanted()), v.dir); err != nil {
		if s, _ := v.status(); s.State == "ended" { // meanwhile
			return nil
		}
	}
	return err
}

// gone waits until no job of the sweep is left: an agent whose sweep has ended leaves by itself.
func (v *victim) gone() error {
	return v.await("the sweep in "+v.dir+" has ended, and its jobs end", func() (bool, error) {
		jobs, err := v.jobs()
		return len(jobs) == 0, err
	})
}

// await waits for a condition.
func (v *victim) await(what string, condition func() (bool, error)) error {
	for end := time.Now().Add(commandLimit); time.Now().Before(end); time.Sleep(look) {
		if done, err := condition(); done || err != nil {
			return err
		}
	}
	jobs, err := v.jobs()
	return errors.Join(fmt.Errorf("not after %v: %s; the jobs are %v", commandLimit, what, jobs), err)
}

// sweep runs a command of the program under test, and returns what it printed.
func (v *victim) sweep(args ...string) (string, error) {
	c := exec.Command(v.options.sweep, args...)
	c.Env = v.cluster.Environ()
	var out, said strings.Builder
	c.Stdout, c.Stderr = &out, &said
	if err := c.Start(); err != nil {
		return "", err
	}
	limit := time.AfterFunc(commandLimit, func() { _ = c.Process.Kill() }) // it may have ended this moment
	defer limit.Stop()
	if err := c.Wait(); err != nil {
		return "", fmt.Errorf("sweep %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	return out.String(), nil
}

// A status is what is needed of sweep status --json.
type status struct {
	State string `json:"state"`
	Ended int    `json:"ended"`
}

func (v *victim) status() (s status, err error) {
	text, err := v.sweep("status", v.dir, "--json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(text), &s)
}

// events counts a sweep's events by kind, the ends of attempts by cause, and agents that left because their job was about to end.
type events struct {
	kinds, causes map[string]int
	short         int
}

// String says it to people.
func (e events) String() string {
	return "attempts ended: " + counted(e.causes) + "; " + counted(map[string]int{
		"terms": e.kinds["term taken"], "agents joined": e.kinds["agent joined"], "heard again": e.kinds["agent heard again"], "out of time": e.short})
}

func counted(of map[string]int) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		words = append(words, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(words, ", ")
}

func (v *victim) events() (events, error) {
	e := events{kinds: map[string]int{}, causes: map[string]int{}}
	rows, err := v.eventRows()
	for _, row := range rows {
		e.kinds[row.kind]++
		switch row.kind {
		case "attempt ended":
			e.causes[row.cause]++
		case "agent left":
			if strings.HasPrefix(row.detail, "too little time") {
				e.short++
			}
		}
	}
	return e, err
}

// training are the nodes whose agents have a trial of the newest term.
func (v *victim) training() (map[string]bool, error) {
	rows, err := v.eventRows()
	busy := map[string]bool{}
	for _, row := range rows {
		node, _, _ := strings.Cut(row.agent, ":")
		switch row.kind {
		case "term taken":
			clear(busy)
		case "attempt granted":
			busy[node] = true
		case "agent left":
			delete(busy, node)
		}
	}
	return busy, err
}

// An eventRow is what is needed of a row of sweep export --table events.
type eventRow struct{ kind, agent, cause, detail string }

func (v *victim) eventRows() ([]eventRow, error) {
	text, err := v.sweep("export", v.dir, "--format", "csv", "--table", "events")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var columns [4]int
	for i, name := range []string{"kind", "agent", "cause", "detail"} {
		if columns[i] = slices.Index(rows[0], name); columns[i] < 0 {
			return nil, fmt.Errorf("the table of events of %s has the columns %v", v.dir, rows[0])
		}
	}
	list := make([]eventRow, 0, len(rows)-1)
	for _, row := range rows[1:] {
		list = append(list, eventRow{row[columns[0]], row[columns[1]], row[columns[2]], row[columns[3]]})
	}
	return list, nil
}

// slurm runs a command of SLURM.
func (v *victim) slurm(name string, args ...string) error {
	out, err := v.cluster.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
