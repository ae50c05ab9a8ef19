package simulate

import (
	"neurosweep/sweep"
)

// A Result is what one simulation comes to. Times are seconds of virtual time; agents' are summed over agents.
type Result struct {
	Seed    uint64  `json:"seed"`
	Seconds float64 `json:"seconds"`             // from submission to the sweep's end
	Empty   float64 `json:"queue_empty_seconds"` // until nothing waited any more

	AgentSeconds   float64 `json:"agent_seconds"`   // from the start of each task to its end, however often it was started
	UsefulSeconds  float64 `json:"useful_seconds"`  // of training, what was lost not counted; a trial is one second a second
	LostSeconds    float64 `json:"lost_seconds"`    // of training, done again
	StartupSeconds float64 `json:"startup_seconds"` // of agents
	IdleSeconds    float64 `json:"idle_seconds"`    // of slots that did not train, startup included
	Efficiency     float64 `json:"efficiency"`      // useful training over slots' time, until the queue ran empty

	Trials   int `json:"trials"`
	Failed   int `json:"failed"`
	Tasks    int `json:"tasks"`    // of the job array
	Starts   int `json:"starts"`   // of tasks, requeued ones again
	Attempts int `json:"attempts"` // at trials

	Causes map[sweep.Cause]int `json:"causes"` // of attempts' ends
	Ends   map[string]End      `json:"ends"`   // of agents: failure, preemption, walltime, idle; "end" where the sweep's end came first
	Steps  int                 `json:"steps"`  // of the controller's core
}

// End says how often something ended an agent, and what it has cost.
type End struct {
	Agents int     `json:"agents"`
	Lost   float64 `json:"lost_seconds"`  // of training
	Again  float64 `json:"again_seconds"` // of agents that had to leave and start again
}

// result adds up.
func (s *Simulation) result(failed int) Result {
	now := s.seconds()
	slots := float64(s.o.Slots)
	r := Result{
		Seed: s.o.Seed, Seconds: now, Empty: s.emptyAt, AgentSeconds: s.alive.until(now), LostSeconds: s.lost, StartupSeconds: s.startup.until(now),
		Trials: s.o.Trials, Failed: failed, Tasks: s.tasks, Starts: s.starts, Attempts: s.ledger.starts, Causes: s.ledger.causes, Ends: map[string]End{}, Steps: s.steps,
	}
	trained := s.training.until(now)
	r.UsefulSeconds = trained - s.lost
	r.IdleSeconds = slots*r.AgentSeconds - trained
	if s.used > 0 {
		r.Efficiency = (s.trained - s.wasted) / (slots * s.used)
	}
	for why, n := range s.ends {
		e := End{Agents: n, Lost: s.lostBy[why]}
		if why == byFailure || why == byPreemption || why == byWalltime {
			e.Again = float64(n) * s.o.Startup.Seconds()
		}
		if why == byPreemption || why == byWalltime {
			e.Again += float64(n) * leaveTime.Seconds()
		}
		r.Ends[why] = e
	}
	return r
}
