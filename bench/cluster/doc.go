// Command cluster disturbs sweeps on a SLURM cluster and shows that nothing of their results changed.
//
// It starts a real cluster of four nodes (slurm/slurmtest), runs a sweep of 200 short trials on it undisturbed, and then once more for each disturbance, in a random
// order and at random moments: agents cancelled, preempted, at their walltime; nodes that crash; slurmctld away; the agent killed that has the controller and the broker; the broker's
// store wiped; every link to the broker cut; the disk full. `sweep verify` and `sweep equal` judge each, and a disturbance must have left its events.
//
// The seed of the moments and victims is printed; -seed repeats them (what a strike hits also depends on the machine's timing). -only chooses among the disturbances, and
// -together has all of them befall one sweep. disturbances.go has them, each with what it does and which events tell of it.
//
// A full disk is one of its own, a small tmpfs, so that one needs the right to mount; the rest needs SLURM's programs only.
package main
