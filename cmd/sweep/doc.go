// Command sweep trains a population of networks over a grid of hyperparameters and seeds, evaluates every checkpoint and names
// the best of each cell.
//
// One subcommand is one file here: it parses its arguments, calls the packages that do the work, prints, and returns an error.
// Only main turns an error into an exit code:
//
//	0    done
//	1    failure of the system, or verify found a fault
//	2    bad usage or spec; nothing was started
//	3    the sweep ended with failed trials (rescore: something could not be scored)
//	130  interrupted; sweep resume goes on
//
// With --json a command prints one JSON document on stdout. Logs, progress and errors go to stderr.
package main
