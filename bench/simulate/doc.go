// Simulate measures what the controller costs for each trial: processor time and memory of its core, in sweeps of 10⁴ to 10⁶ trials that
// package sweep/simulate runs under a virtual clock.
//
// It prints two tables. In the first, the core has a ledger of some bytes a trial, which checks that nothing is lost or counted twice: that is the core alone. In
// the second it has results.State, the fold of the log that a real controller has, and every report is encoded and decoded as on its way
// through the broker, every entry encoded as for the log; what is left out is the network, the fsync and Parquet. Each line is a process of its own.
//
//	go run ./bench/simulate            # a few minutes
//	go run ./bench/simulate -hold      # exit 1 where the sweep takes more than it may
package main
