package results

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"neurosweep/sweep"
)

// A Value is a metric's value. In JSON it is a number, or one of the strings "nan", "inf" and "-inf". NaNs are canonical.
type Value float64

// Nonfinite names a value that is not finite; "" for a finite one.
func (v Value) Nonfinite() string {
	switch f := float64(v); {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return ""
}

// Same tells whether two values are the same bits, all NaNs being one.
func (v Value) Same(w Value) bool {
	return v == w && math.Signbit(float64(v)) == math.Signbit(float64(w)) || math.IsNaN(float64(v)) && math.IsNaN(float64(w))
}

// MarshalJSON writes the shortest number that reads back as the same bits.
func (v Value) MarshalJSON() ([]byte, error) {
	if s := v.Nonfinite(); s != "" {
		return strconv.AppendQuote(nil, s), nil
	}
	return strconv.AppendFloat(nil, float64(v), 'g', -1, 64), nil
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"nan"`:
		*v = Value(math.NaN())
	case `"inf"`:
		*v = Value(math.Inf(1))
	case `"-inf"`:
		*v = Value(math.Inf(-1))
	default:
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return fmt.Errorf("a metric's value: %q is no number", b)
		}
		*v = Value(f)
	}
	return nil
}

// A Curve is a run of consecutive updates of one training metric: Values[i] belongs to update From+i. Updates count from 1.
type Curve struct {
	Metric string  `json:"metric"`
	From   int     `json:"from"`
	Values []Value `json:"values"`
}

// An Eval is one metric of one checkpoint under one condition.
type Eval struct {
	Update    int    `json:"update"`
	Condition string `json:"condition"`
	Metric    string `json:"metric"`
	Value     Value  `json:"value"`
}

// A Checkpoint is a published weights file.
type Checkpoint struct {
	Update int    `json:"update"`
	Path   string `json:"path"`   // relative to the sweep's folder, with slashes
	Digest string `json:"digest"` // SHA-256 of the file, hexadecimal
	Bytes  int64  `json:"bytes"`
}

// An End is how an attempt ended.
type End struct {
	Cause   sweep.Cause `json:"cause"`
	Update  int         `json:"update"` // the update that was reached
	Detail  string      `json:"detail,omitempty"`
	Seconds float64     `json:"seconds"` // that the attempt took
	Pace    *Pace       `json:"pace,omitempty"`
}

// A Pace is what an attempt at a trial that is trained has measured of itself, in seconds. What it did not do is 0.
type Pace struct {
	Start      float64 `json:"start"`      // until it could begin with its first update: building, reading the state
	Updates    int     `json:"updates"`    // that it did
	Update     float64 `json:"update"`     // one update: the mean
	Checkpoint float64 `json:"checkpoint"` // one checkpoint with its evaluations: the longest
}

// A TrialReport is what one attempt at a trial reports: any of its parts may be empty. End comes last.
type TrialReport struct {
	Trial       sweep.TrialID `json:"trial"`
	Attempt     int           `json:"attempt"`
	Rank        int           `json:"rank,omitempty"` // of an attempt that several ranks make; only rank 0 has more than an End to report
	Curves      []Curve       `json:"curves,omitempty"`
	Evals       []Eval        `json:"evals,omitempty"`
	Checkpoints []Checkpoint  `json:"checkpoints,omitempty"`
	Deleted     []int         `json:"deleted,omitempty"` // updates whose weights retention removed
	End         *End          `json:"end,omitempty"`
}

// A Report is one numbered message of an agent. Its sequence counts from 1 within the incarnation, without gaps.
type Report struct {
	Version     int               `json:"v"`
	Incarnation sweep.Incarnation `json:"incarnation"`
	Sequence    uint64            `json:"seq"`
	Trials      []TrialReport     `json:"trials"`
}

// ReportVersion is the version of Report that this program writes; it reads no other.
const ReportVersion = 1

// An Entry is one frame of a controller's log. Exactly one of the pointers is set.
type Entry struct {
	Time     time.Time `json:"time"` // wall clock, UTC: for events and timings only, nothing is decided by it
	Report   *Report   `json:"report,omitempty"`
	Planned  *Planned  `json:"planned,omitempty"`
	Granted  *Granted  `json:"granted,omitempty"`
	Ended    *Ended    `json:"ended,omitempty"`
	Outcome  *Outcome  `json:"outcome,omitempty"`
	Extended *Extended `json:"extended,omitempty"`
	Event    *Event    `json:"event,omitempty"`
	State    *Change   `json:"state,omitempty"`
}

// Planned adds trials to the plan: those of a random sweep, as they are drawn. A grid's plan is in plan.parquet from the start.
type Planned struct {
	Trials []sweep.Trial `json:"trials"`
	Draws  int           `json:"draws"` // points drawn so far, repeated ones included: where the sampler goes on
}

// Granted begins an attempt.
type Granted struct {
	Incarnation sweep.Incarnation `json:"incarnation"`
	Agent       string            `json:"agent"` // host and process id, for people
	Trials      []Grant           `json:"trials"`
}

// A Grant is one trial with the number of the attempt at it.
type Grant struct {
	Trial   sweep.TrialID `json:"trial"`
	Attempt int           `json:"attempt"`
	Ranks   []Member      `json:"ranks,omitempty"` // of an attempt that several ranks make: who has which, from rank 0 on
}

// A Member is an agent that has one rank of an attempt.
type Member struct {
	Incarnation sweep.Incarnation `json:"incarnation"`
	Agent       string            `json:"agent"`
}

// Ended ends an attempt whose agent did not say so itself: a lost lease, a stopped sweep. Or it is the end, said by one of them, of an attempt that several ranks make.
type Ended struct {
	Trial   sweep.TrialID `json:"trial"`
	Attempt int           `json:"attempt"`
	Cause   sweep.Cause   `json:"cause"`
	Suspect bool          `json:"suspect"`
	Detail  string        `json:"detail,omitempty"`

	Own     bool    `json:"own,omitempty"`     // a rank has said so: the next two are given
	Update  int     `json:"update,omitempty"`  // the update that was reached
	Seconds float64 `json:"seconds,omitempty"` // that the attempt took
}

// Outcome ends a trial, or, with an empty Outcome, opens an ended one again (sweep retry).
type Outcome struct {
	Trial   sweep.TrialID `json:"trial"`
	Outcome sweep.Outcome `json:"outcome"`
	Update  int           `json:"update"` // the update that was reached
	Cause   sweep.Cause   `json:"cause,omitempty"`
	Detail  string        `json:"detail,omitempty"`
}

// Extended gives trials another, larger number of updates (sweep extend). One that has completed is open again with that, in the same entry.
type Extended struct {
	Trials  []sweep.TrialID `json:"trials"`
	Updates int             `json:"updates"`
}

// An Event is a row of the events table that nothing else implies.
type Event struct {
	Kind    string        `json:"kind"` // term taken, agent joined, agent left, nondeterministic, amendment…
	Trial   sweep.TrialID `json:"trial,omitempty"`
	Attempt int           `json:"attempt,omitempty"`
	Agent   string        `json:"agent,omitempty"`
	Cause   sweep.Cause   `json:"cause,omitempty"`
	Node    string        `json:"node,omitempty"` // that is quarantined, or no more
	Detail  string        `json:"detail,omitempty"`
}

// A Change sets the state of the whole sweep.
type Change struct {
	State string `json:"state"` // running, paused, stopped, ended
	Why   string `json:"why,omitempty"`
}
