// Package spool keeps what an agent has reported until that is committed.
//
// A spool is one append-only file in the sweep's folder, spool/<incarnation>.log, in the format of sweep/durable, a report a frame. An agent writes every
// report there before it publishes it, and forgets reports only when the controller has announced their commit. So a report is lost with neither the
// broker nor the agent: whoever is controller next reads the spools of those that are gone (Read, ReadAll).
package spool
