package agent

import (
	"os"
	"syscall"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// A Departure is why an agent leaves. It is what the event "agent left" says.
type Departure string

// The reasons to leave.
const (
	LeftTold      Departure = "told to"         // the sweep has ended or is stopped
	LeftPreempted Departure = "preempted"       // TERM or INT
	LeftWalltime  Departure = "walltime"        // USR1, or the end of its time is near
	LeftTime      Departure = "too little time" // for any trial that waits
	LeftIdle      Departure = "idle"            // for too long
	LeftAlone     Departure = "no controller"   // for too long
	LeftNode      Departure = "node quarantined"
	LeftScaled    Departure = "fewer agents are wanted"
)

// cause is that of the attempts which the agent hands over.
func (d Departure) cause() sweep.Cause {
	if d == LeftWalltime || d == LeftTime {
		return sweep.CauseWalltime
	}
	return sweep.CausePreempted
}

// Left is how an agent has ended.
type Left struct {
	Why     Departure
	Granted int // trials that it was granted
}

// signalled is what a signal to the agent means: USR1 is the warning before the walltime, anything else the end.
func signalled(s os.Signal) Departure {
	if s == syscall.SIGUSR1 {
		return LeftWalltime
	}
	return LeftPreempted
}

// told is why the controller wants the agent to leave.
func told(why string) Departure {
	switch why {
	case broker.DrainTime:
		return LeftTime
	case broker.DrainNode:
		return LeftNode
	case broker.DrainJob:
		return LeftScaled
	}
	return LeftTold
}
