package command

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// judgeAfter is how long the end by a signal that nobody here has sent waits for its explanation: SLURM signals every process at once, and the kernel counts late.
const judgeAfter = 2 * time.Second

// fullDisk are the words by which programs say that a disk is full.
var fullDisk = []string{syscall.ENOSPC.Error(), syscall.EDQUOT.Error(), "ENOSPC", "EDQUOT"}

// end says how an attempt ended.
func (r *Runner) end(ctx context.Context, status syscall.WaitStatus, stopped sweep.Cause, p *process, rec *recorder) results.End {
	end := results.End{Cause: sweep.CauseCompleted, Update: rec.update}
	words := p.said.String()
	detail := func(text string) {
		if end.Detail = text; words != "" && text != "" {
			end.Detail += ": " + words
		}
	}
	signal := signalOf(status)
	switch {
	case stopped == sweep.CauseTimeout:
		end.Cause = stopped
		detail(fmt.Sprintf("it took longer than process.timeout, %d s", r.spec.Process.Timeout))
	case stopped != "":
		end.Cause = stopped
	case signal != 0:
		end.Cause = r.judge(ctx, signal)
		detail(map[sweep.Cause]string{
			sweep.CauseOOM:  "the kernel killed it for lack of memory",
			sweep.CauseCode: fmt.Sprintf("it was ended by signal %d (%v)", signal, signal),
		}[end.Cause])
	case status.ExitStatus() != 0:
		end.Cause = sweep.CauseCode
		for _, text := range fullDisk {
			if strings.Contains(strings.ToLower(words), strings.ToLower(text)) {
				end.Cause = sweep.CauseDisk
			}
		}
		detail(fmt.Sprintf("it ended with exit code %d", status.ExitStatus()))
	}
	return end
}

// signalOf is the signal that ended a process, or, as a shell says it by its exit code, its child; 0: none.
func signalOf(status syscall.WaitStatus) syscall.Signal {
	const shells = 128
	switch code := status.ExitStatus(); {
	case status.Signaled():
		return status.Signal()
	case code > shells && code < shells+32:
		return syscall.Signal(code - shells)
	}
	return 0
}

// judge says why a signal ended a process that was not told to stop.
func (r *Runner) judge(ctx context.Context, signal syscall.Signal) sweep.Cause {
	select {
	case <-ctx.Done(): // the agent was signalled, too
		return causeOf(ctx)
	case <-time.After(r.judgeAfter):
	}
	if kills := r.o.MemoryKills; kills != nil && signal == syscall.SIGKILL {
		before := r.memoryKills
		if r.memoryKills = kills(); r.memoryKills > before {
			return sweep.CauseOOM
		}
	}
	return sweep.CauseCode
}
