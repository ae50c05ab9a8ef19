package controller

import (
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/results"
	"neurosweep/sweep"
)

// A teller is a ledger that tells people what is written into it, one line an event: who joins and leaves, which attempts and trials begin and end.
// Short trials come by the thousand a second: beyond maxTold lines in a second it only counts, and the next progress line says how many.
type teller struct {
	Ledger
	log    zerolog.Logger
	second int64 // that told is of
	told   int
	untold int // since the last progress line
}

// maxTold is how many lines a second may have. Nobody reads more, and writing them would take longer than the trials.
const maxTold = 200

// maxDetail is how much of an event's detail is told, in bytes; the table events has all of it.
const maxDetail = 300

// Append is the ledger's.
func (t *teller) Append(entries ...results.Entry) error {
	if err := t.Ledger.Append(entries...); err != nil {
		return err
	}
	if t.log.GetLevel() > zerolog.InfoLevel {
		return nil
	}
	for _, e := range entries {
		t.tell(e)
	}
	return nil
}

// tell tells what is an event in an entry.
func (t *teller) tell(e results.Entry) {
	switch {
	case e.Event != nil:
		t.say(*e.Event, "")
	case e.State != nil:
		t.say(results.Event{Kind: "sweep " + e.State.State, Detail: e.State.Why}, "")
	case e.Granted != nil:
		for _, g := range e.Granted.Trials {
			t.say(results.Event{Kind: "attempt granted", Trial: g.Trial, Attempt: g.Attempt, Agent: e.Granted.Agent}, "")
		}
	case e.Report != nil:
		for _, r := range e.Report.Trials {
			if r.End != nil {
				t.say(results.Event{Kind: "attempt ended", Trial: r.Trial, Attempt: r.Attempt, Cause: r.End.Cause, Detail: r.End.Detail}, "")
			}
		}
	case e.Ended != nil:
		t.say(results.Event{Kind: "attempt ended", Trial: e.Ended.Trial, Attempt: e.Ended.Attempt, Cause: e.Ended.Cause, Detail: e.Ended.Detail}, "")
	case e.Extended != nil:
		t.say(results.Event{Kind: results.EventExtended, Detail: fmt.Sprintf("%d trials to %d updates", len(e.Extended.Trials), e.Extended.Updates)}, "")
	case e.Outcome != nil && e.Outcome.Outcome == "":
		t.say(results.Event{Kind: "trial opened again", Trial: e.Outcome.Trial}, "")
	case e.Outcome != nil:
		t.say(results.Event{Kind: "trial ended", Trial: e.Outcome.Trial, Detail: e.Outcome.Detail}, e.Outcome.Outcome)
	}
}

// say writes one line.
func (t *teller) say(e results.Event, outcome sweep.Outcome) {
	if now := time.Now().Unix(); now != t.second {
		t.second, t.told = now, 0
	}
	if t.told++; t.told > maxTold {
		t.untold++
		return
	}
	line := t.log.Info()
	text := func(key, value string) {
		if value != "" {
			line.Str(key, value)
		}
	}
	text("trial", string(e.Trial))
	if e.Attempt > 0 {
		line.Int("attempt", e.Attempt)
	}
	text("agent", e.Agent)
	text("outcome", string(outcome))
	text("cause", string(e.Cause))
	text("detail", oneLine(e.Detail))
	line.Msg(e.Kind)
}

// oneLine is a text on one line, and not too long.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}
