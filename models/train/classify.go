package train

import (
	"context"
	"errors"
	"syscall"

	"neurosweep/sweep"
)

// Classify says which cause an error of Run has: disk where no space or quota is left, otherwise code. An error made of a context's
// cause is that of the hand-over or the cancellation.
func Classify(err error) sweep.Cause {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sweep.CauseDisk
	case errors.Is(err, ErrHandOver):
		return sweep.CausePreempted
	case errors.Is(err, ErrWalltime):
		return sweep.CauseWalltime
	case errors.Is(err, context.Canceled):
		return sweep.CauseCancelled
	}
	return sweep.CauseCode
}

// interrupted says which cause a cancelled context stands for, and whether a state shall be left behind.
func interrupted(ctx context.Context) (cause sweep.Cause, handOver bool) {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrHandOver):
		return sweep.CausePreempted, true
	case errors.Is(cause, ErrWalltime):
		return sweep.CauseWalltime, true
	}
	return sweep.CauseCancelled, false
}
