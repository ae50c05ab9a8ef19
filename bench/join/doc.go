// Join measures how soon agents begin: the time to their first trial, by the clock of the trial itself, whose program writes down when it runs.
//
// On a cluster: the real binary submits a sweep of one agent to a real SLURM cluster of one node on this machine (slurm/slurmtest). The time begins with the
// first line of the batch script, which writes it down, and holds all that an agent does before it works: srun, the search for a controller, its start beside the agent
// with a broker of its own, the exchange of keys, the grant, and the start of the slot and of the program.
//
// On one machine: sweep run with 64 agents of one slot and 64 trials that end when all of them have begun, so that each agent has one. The time
// begins with the command, and ends when the last of the trials runs.
//
//	go run ./bench/join                  # half a minute
//	go run ./bench/join -hold            # exit 1 where one of the repeats takes more than it may: 2 s on the cluster, 5 s on the machine
//	go run ./bench/join -optional        # without the cluster where SLURM is not installed
package main
