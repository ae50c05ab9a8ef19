// Command dispatch measures how many short trials a second a sweep gets through, beside what the machine's JetStream can do at all.
//
// Ours: the real binary runs a sweep of no-op trials, with grants and results in the controller's log, synced, before they count. The rate is the
// number of trials over the time from the first attempt granted to the last one ended, as the sweep's own events have them; the time
// of the whole command, with planning, starting processes and the final compaction, stands beside it.
//
// The yardstick: as many worker processes as the sweep has agents fetch the same number of messages of 300 bytes in batches of 256 from a
// work queue of an embedded server, publish a result for each, and acknowledge it, every result and every acknowledgement being
// confirmed by the server. It is timed from the word go to the empty queue, with the server's file store and with its memory store;
// nothing of it is synced to disk. Both are measured in the same run, several times in turn, because machines have moods.
//
// -commands measures external programs: sweeps of `true`, each run a process of its own with captured output and recorded outcome, beside xargs with as many processes at a time; and
// one program that reports a metric after the other, over the time of its attempt, at whose end all of them are in the synced log.
//
// -hold is the smallest ratio, ours to the file store's, that passes.
package main
