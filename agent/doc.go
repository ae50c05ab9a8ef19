// Package agent runs trials on one machine for the controller of a sweep.
//
// An agent is a supervisor with one long-lived child process per slot. The supervisor (Run) speaks with the controller: it says hello,
// asks for trials, keeps their leases by one heartbeat, passes them to the slots, and sends on what these report. A child begins on as many processors as a
// trial has threads, and its GOMAXPROCS is that number. The child (RunSlot) trains
// and evaluates, and can crash, hang or be killed for lack of memory without taking more with it than the trial that it runs.
//
// What slots report is numbered and written to the agent's spool before it is published, and stays there until the controller has announced
// that it is committed. So a report survives the broker, the controller and the agent.
//
// When the controller is gone the agent goes on with what it has, looks for the next controller in broker.json, and leaves after a while.
// Told to leave, by a signal or by the controller, or near the end of its time, it has its trials saved and handed over first (departure.go, clock.go).
//
// All decisions of the supervisor are made in one goroutine (loop.go), which hears of everything else through channels: slots (slot.go), the
// link to the broker (contact.go), the spool (reporter.go), signals and clocks. dispatch.go gives trials to slots ahead of time where they are short; queue.go takes them back where they are not.
//
// What children print goes to one framed log per agent, from which the lines of a trial can be read back (logs.go).
package agent
