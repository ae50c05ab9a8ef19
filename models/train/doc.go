// Package train runs trials. From a trial alone it builds task, model and optimiser, trains, evaluates every planned checkpoint
// on every condition of the spec, publishes weights, and reports.
//
// # One attempt
//
// Run begins where the newest valid .state of the trial stands, or at update 0, and reports again what that state holds: whoever
// collects reports drops what it has. Then it trains. At a planned update the order is
//
//	evaluate → write the .state (weights, optimiser, data stream, all curves, evals and checkpoints so far) → publish the weights → report
//
// so that whatever is interrupted between two of these, the next attempt finds either the old state or the new one, and repeats
// what may be missing; repeated, each of the steps gives the same bytes. The last two states are kept, one after the end.
//
// A hand-over (the context is cancelled with ErrHandOver or ErrWalltime) writes a .state where training stands, and no row.
// Loss or weights that are not finite end the trial as diverged at the last update that left finite weights; the curve has the loss that was not.
//
// # Several ranks
//
// Several processes can train one attempt (Job.Reducer): each computes the gradients of whole subtrees of the batch's leaves, and the Reducer joins them along the rest of
// that tree, so that all have the bits that one process has. All make the same batches and apply the same optimiser. Rank 0 alone reads and writes files, evaluates and
// reports; the others begin with the state that it sends them. Each sum carries the ranks' wishes to hand over, so that all stop after the same update.
//
// # The same bits
//
// Nothing here depends on time, threads, the number of the attempt, or on where it was interrupted: the arithmetic is float32 with
// every product rounded (optimizer.go), data streams and generators are put aside and continued exactly, and the evaluation's data belong
// to the condition. The only use of the clock is to report curves every few seconds.
package train
