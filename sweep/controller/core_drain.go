package controller

import (
	"neurosweep/broker"
)

// drainJobs lets the agents of some of the scheduler's jobs leave: those that are there hear of it at once, those that come later with their first word. Only this controller
// knows of it: who has not heard when it goes stays.
func (c *Core) drainJobs(jobs []string) {
	for _, j := range jobs {
		if j != "" {
			c.drained[j] = true
		}
	}
	for _, a := range c.order {
		if c.mode == working && a.greeted && a.fate == staying && c.drained[a.job] {
			c.do(Tell{a.id, broker.Control{Version: broker.MessageVersion, Drain: true, Why: broker.DrainJob}})
		}
	}
}
