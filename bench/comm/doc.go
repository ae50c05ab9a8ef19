// Command comm measures the communicator of package broker beside Open MPI on the same machine.
//
// Ours: rank processes and a broker in the process that starts them, as a sweep has them; every message passes through the broker, over TCP on the loopback interface, and is acknowledged. The
// peer: mpi/peer.c, compiled by mpicc and started by mpirun with the same number of processes, which use shared memory, and again told to use TCP, as between nodes. All send messages to and fro between ranks 0 and 1
// (half of the round trip counts), and make Barrier and Allreduce (sum of float32) calls of all ranks, each call timed by rank 0 after a barrier. They take turns, several rounds; the
// fastest call of one is compared with the fastest of the other, because on a shared machine everything but the minimum is weather. The median of ours stands beside it.
//
// Open MPI in one machine's memory is a bound and not a goal: what counts for a trial over several ranks is an Allreduce of its gradients beside one training step. So a second table trains trials
// of the examples as gangs of two ranks, by the code of agents, and says what share of an update rank 0 spends in the sums of gradients, waiting for the other rank among it.
package main
