package broker

import (
	"time"

	"neurosweep/sweep"
)

// MessageVersion is the version of every message here; another one is refused with both numbers.
const MessageVersion = 1

// Subjects of a sweep with the random id. An agent may publish to ask and its own report subject, and hear its own control subject.
func AskSubject(id string) string { return "sweep." + id + ".ask" }

// ReportSubject is where an incarnation's numbered reports go: into the JetStream stream.
func ReportSubject(id string, i sweep.Incarnation) string {
	return "sweep." + id + ".report." + string(i)
}

// ControlSubject is where the controller speaks to one incarnation.
func ControlSubject(id string, i sweep.Incarnation) string {
	return "sweep." + id + ".control." + string(i)
}

// A Request is what an agent sends to the ask subject: exactly one of the pointers is set. It is answered by a Reply.
type Request struct {
	Version     int               `json:"v"`
	Incarnation sweep.Incarnation `json:"incarnation"`
	Hello       *Hello            `json:"hello,omitempty"`
	Ask         *Ask              `json:"ask,omitempty"`
	Beat        *Beat             `json:"beat,omitempty"`
	Leave       *Leave            `json:"leave,omitempty"`
}

// Hello is an agent's first request to each controller.
type Hello struct {
	Host         string       `json:"host"`
	PID          int          `json:"pid"`
	Node         string       `json:"node,omitempty"` // by the scheduler's name, where it has one; else the host stands for it
	Job          string       `json:"job,omitempty"`  // of the scheduler, for people: "17_3"
	Slots        int          `json:"slots"`
	GPUs         int          `json:"gpus,omitempty"` // that its slots have together
	MemoryBytes  int64        `json:"memory"`         // 0: unknown
	Class        string       `json:"class,omitempty"`
	BinaryDigest string       `json:"binary"` // SHA-256 of the executable, hexadecimal
	SpecDigest   string       `json:"spec"`
	Rank         int          `json:"rank,omitempty"`    // of a numbered agent, from 0 on…
	Size         int          `json:"size,omitempty"`    // …among so many; 0: it is not numbered
	Holding      []sweep.Hold `json:"holding,omitempty"` // from an earlier controller
}

// Ask wants trials. A repeated Sequence gets the same answer as before.
type Ask struct {
	Sequence uint64        `json:"seq"`                 // from 1 within the incarnation
	Free     int           `json:"free"`                // trials that the agent can start now
	TimeLeft time.Duration `json:"time_left,omitempty"` // until the agent must leave; 0: no end
}

// Beat is the heartbeat that keeps the leases of everything listed.
type Beat struct {
	Holding []sweep.Hold `json:"holding"`
}

// Leave says that the agent goes; what it still held has been reported as ended before.
type Leave struct {
	Why string `json:"why"`
}

// Reply answers a Request. Refused says why the agent must give up, and what to do.
type Reply struct {
	Version int          `json:"v"`
	Term    int          `json:"term"`
	Refused string       `json:"refused,omitempty"`
	Unknown bool         `json:"unknown,omitempty"` // the controller does not know the incarnation: say Hello (again)
	Trials  []Granted    `json:"trials,omitempty"`  // to an Ask
	Done    bool         `json:"done,omitempty"`    // to an Ask: nothing is left to do and nothing will be
	Lost    []sweep.Hold `json:"lost,omitempty"`    // to a Hello or Beat: stop these, they are not yours any more
	Drain   bool         `json:"drain,omitempty"`   // hand everything over and leave
	Why     string       `json:"why,omitempty"`     // to a Drain that concerns this agent alone: DrainTime, DrainNode or DrainJob
}

// Why an agent shall leave though the sweep goes on.
const (
	DrainTime = "time" // too little is left of its time for any trial that waits
	DrainNode = "node" // its node is quarantined
	DrainJob  = "job"  // a person wants fewer agents
)

// Granted is one trial to start.
type Granted struct {
	sweep.Trial
	Attempt int `json:"attempt"`
	Updates int `json:"updates,omitempty"` // that the trial is to have; 0: those of the spec
	Resume  int `json:"resume,omitempty"`  // of a command: the update of the newest checkpoint, from which the program goes on; 0: from the beginning

	Gang *Gang `json:"gang,omitempty"` // the ranks that train this attempt together; nil: there is one
}

// Hold is what the agent has of the trial.
func (g *Granted) Hold() sweep.Hold {
	h := sweep.Hold{Trial: g.ID, Attempt: g.Attempt}
	if g.Gang != nil {
		h.Rank = g.Gang.Rank
	}
	return h
}

// A Gang says which rank of an attempt an agent is to start, and by which name the ranks Join.
type Gang struct {
	Group string `json:"group"`
	Rank  int    `json:"rank"`
	Size  int    `json:"size"`
}

// Control is what the controller tells one incarnation unasked: exactly one field beside the version is set.
type Control struct {
	Version   int          `json:"v"`
	Committed uint64       `json:"committed,omitempty"` // reports up to this sequence are in the log, synced
	Lost      []sweep.Hold `json:"lost,omitempty"`      // stop these attempts
	Work      bool         `json:"work,omitempty"`      // an agent whose ask came back empty should ask again now
	Drain     bool         `json:"drain,omitempty"`     // hand everything over and leave…
	Why       string       `json:"why,omitempty"`       // …as in Reply
}

// CommSubject is where a rank of a group hears what is for it, or, as rank "all", what is for every rank of the group.
func CommSubject(id, group, rank string) string { return "sweep." + id + ".comm." + group + "." + rank }
