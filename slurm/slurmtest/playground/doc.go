// Playground starts and stops the SLURM cluster of make cluster: four nodes on this machine, in one folder.
//
//	playground start [DIR]   starts it, or finds it running, and prints the line to export
//	playground stop  [DIR]   stops it and leaves nothing running
package main
