// Package command runs external programs as trials: a W&B sweep file with program or command, unchanged and without W&B.
//
// A Runner belongs to one slot of an agent and makes one attempt after the other (run.go). Each is a process, leader of a group of its own, in the trial's own folder,
// with the trial in its environment (environment.go). What it prints goes to the agent's log line by line; what it measures comes back on three ways: lines of JSON on a
// pipe or in a file (lines.go, record.go), and TensorBoard's event files in the trial's folder (events.go, watch.go). The checkpoints that it reports are copied to where
// those of native trials are (checkpoint.go).
//
// A group ends as a whole: with its leader, when the trial is taken away (TERM, and after a grace KILL), and when the agent dies, by the kernel (PR_SET_PDEATHSIG) and by whoever
// is left of the agent. What escapes all of these is found by the trial in its environment, before the next attempt begins (strays.go).
//
// Why an attempt has ended is told from how its process did (end.go). A program need not be deterministic; what of its rows counts is decided in results and sweep/controller.
package command
