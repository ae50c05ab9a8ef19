// Package train runs trials: it builds task, model and optimiser from the trial alone, trains, checkpoints, evaluates and reports.
package train
