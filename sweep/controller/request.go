package controller

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// What a Request can want.
const (
	WantStop     = "stop"     // hand everything over; the sweep's state becomes stopped
	WantPause    = "pause"    // grant nothing; what runs goes on
	WantResume   = "resume"   // end a pause
	WantRetry    = "retry"    // open trials again
	WantExtend   = "extend"   // give trials more updates
	WantRelease  = "release"  // end the quarantine of a node
	WantDrain    = "drain"    // let the agents of some jobs leave
	WantTakeover = "takeover" // hand everything over and leave: another controller wants the term
)

var wants = []string{WantStop, WantPause, WantResume, WantRetry, WantExtend, WantRelease, WantDrain, WantTakeover}

// A Request is what a person wants of the controller, live or next. It lies as one file in control/requests until it is done.
type Request struct {
	Version int             `json:"v"`
	Want    string          `json:"want"`
	Cause   sweep.Cause     `json:"cause,omitempty"`   // of a retry: which trials; "": all that failed
	Node    string          `json:"node,omitempty"`    // of a release
	Term    int             `json:"term,omitempty"`    // of a takeover: the term that shall end
	Trials  []sweep.TrialID `json:"trials,omitempty"`  // of an extension
	Updates int             `json:"updates,omitempty"` // of an extension: that they shall have in all
	Jobs    []string        `json:"jobs,omitempty"`    // of a drain, by the scheduler's names: "17_3"
	Time    time.Time       `json:"time"`              // when it was made, for the order
	name    string
}

const requestVersion = 1

// Submit leaves a request for the controller of the sweep in dir: a live one does it within a second; without one, the next does it when it starts.
func Submit(dir string, r Request) error {
	if !slices.Contains(wants, r.Want) {
		return fmt.Errorf("request to a controller: %q is unknown, valid are %s", r.Want, strings.Join(wants, ", "))
	}
	if r.Cause != "" && !slices.Contains(sweep.Causes, r.Cause) {
		return fmt.Errorf("request to a controller: cause %q is unknown, valid are %s", r.Cause, causeNames())
	}
	if r.Want == WantExtend && (r.Updates < 1 || len(r.Trials) == 0) {
		return fmt.Errorf("request to a controller: extend %d trials to %d updates: want at least 1 and 1", len(r.Trials), r.Updates)
	}
	r.Version = requestVersion
	if r.Time.IsZero() {
		r.Time = time.Now().UTC()
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	folder := requestDir(dir)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("request to a controller: %w", err)
	}
	return durable.Write(filepath.Join(folder, rand.Text()+".json"), text, 0o664)
}

func causeNames() string {
	names := make([]string, len(sweep.Causes))
	for i, c := range sweep.Causes {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

func requestDir(dir string) string { return filepath.Join(dir, sweep.ControlDir, "requests") }

// Pending lists the requests in dir that no controller has done yet, oldest first. A file that is no request is an error that names it,
// beside the others.
func Pending(dir string) ([]Request, error) {
	entries, err := os.ReadDir(requestDir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pending []Request
	var faults []error
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" {
			continue
		}
		path := filepath.Join(requestDir(dir), e.Name())
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r := Request{name: path}
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err == nil && (r.Version != requestVersion || !slices.Contains(wants, r.Want)) {
			err = fmt.Errorf("version %d, request %q: this program knows version %d and %s", r.Version, r.Want, requestVersion, strings.Join(wants, ", "))
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("request %s: %w; remove the file", path, err))
			continue
		}
		pending = append(pending, r)
	}
	slices.SortFunc(pending, func(a, b Request) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.name, b.name)) })
	return pending, errors.Join(faults...)
}

// done removes the file of a request.
func (r Request) done() error {
	if r.name == "" {
		return nil
	}
	if err := os.Remove(r.name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
