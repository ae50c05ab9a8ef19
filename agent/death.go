package agent

import (
	"fmt"
	"os"
	"syscall"

	"neurosweep/results"
	"neurosweep/sweep"
)

// death says how an attempt ended whose process died: by the exit of the process, by the kernel for lack of memory, or by a signal that somebody sent, to the
// agent as well where leaving is not empty.
func death(state *os.ProcessState, words string, killedForMemory bool, leaving Departure) results.End {
	status, _ := state.Sys().(syscall.WaitStatus)
	detail := fmt.Sprintf("its process ended with exit code %d", status.ExitStatus())
	cause := sweep.CauseCode
	switch {
	case status.Signaled() && killedForMemory:
		cause, detail = sweep.CauseOOM, "the kernel killed its process for lack of memory"
	case status.Signaled() && leaving != "":
		cause, detail = leaving.cause(), fmt.Sprintf("its process was ended by signal %d (%v), and so was its agent", status.Signal(), status.Signal())
	case status.Signaled():
		detail = fmt.Sprintf("its process was ended by signal %d (%v)", status.Signal(), status.Signal())
	}
	if words != "" {
		detail += ": " + words
	}
	return results.End{Cause: cause, Detail: detail}
}
