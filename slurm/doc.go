// Package slurm speaks to SLURM through its text interfaces, which are the same in all versions that clusters run (20.11 to 25.11); JSON exists from 21.08
// only, depends on how SLURM was built, and changes its form with each release, so nothing here reads it.
//
// Upwards: Options are what a user asks for, by our names or those of Hydra's submitit launcher (options.go, keys.go, values.go), checked before anything
// is queued, alone and against what the cluster offers (fits.go). Script turns them into the text of a batch script, a pure function (script.go), and Split
// divides agents over job arrays that the cluster accepts (array.go). Client runs the commands (client.go).
//
// Downwards: parsers of squeue, sacct, scontrol and sinfo, each called with an explicit format (queue.go, control.go, accounting.go); node lists and ids of
// array tasks (nodes.go, task.go); and what a job sees of itself in its environment (environment.go).
//
// A state that this package does not know is Unknown. A command that fails says nothing about jobs: while the controller is away every job is Unknown, none
// is gone (Look). Commands run without the SLURM variables of the surrounding job or user, except where the configuration is: they change formats and
// defaults.
package slurm
