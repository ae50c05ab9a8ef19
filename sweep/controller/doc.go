// Package controller decides everything in a sweep: which agent gets which trial, when an attempt has ended, when a trial has, and what counts.
//
// It has two parts. The Core (core*.go) is a pure state machine: events in, commands out, entries into a ledger, time by its argument. It
// knows nothing of files, networks and clocks, and its tests run thousands of sweeps under random misfortunes in seconds of real time. The shell (run.go, shell*.go)
// connects it: to the dataset's log, to the broker, to the spools of agents that are gone, and to people's requests.
//
// One rule makes both crash-safe: nothing leaves the core while an entry of its log is not durable. The shell takes whatever events are there, has
// the log synced once for all of them, and only then answers, acknowledges and announces.
//
// A controller acts only in a term of its own (term.go). Terms are files that link(2) puts into place, one number after the other, and that their holder keeps
// alive; who cannot keep it alive stops deciding.
//
// docs/protocol.md has the rules with their reasons.
package controller
