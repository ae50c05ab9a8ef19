// Package slurmtest starts a real SLURM cluster on one machine: slurmctld, munged and several slurmd, on loopback, without systemd and without
// touching /etc. Tests sbatch against it, and make cluster gives it to a user as a playground.
//
// Everything that the cluster has (configuration, key, sockets, spool, state, logs, recorded processes) lies in one folder, and the only thing that a
// client must know is SLURM_CONF. Several clusters run side by side. Nodes have hostnames of their own where this process may make namespaces; all of them
// share one address (127.0.0.1), one file system and one clock, so what differs between real machines is not tested by it.
//
// There are two partitions of all nodes: low (the default), whose jobs are preempted and requeued for those of high. GPUs are device files that nobody
// opens. Times are short: a job that ignores TERM is killed after 2 s, a silent node is down after 20 s, a requeued job waits 6 s. SLURM's own
// period of 30 s, in which it looks at time limits, is compiled in and cannot be made shorter.
//
// Processes are known by their id and starting time, so Stop ends nothing but what Start began and the jobs of this cluster. A cluster of a test
// ends with the test's process, however that ends.
package slurmtest
