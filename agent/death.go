package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"neurosweep/results"
	"neurosweep/sweep"
)

// death says how an attempt ended whose process died: by the exit of the process, by the kernel for lack of memory, or by a signal that somebody sent.
func death(state *os.ProcessState, words string, killedForMemory, signalled bool) results.End {
	status, _ := state.Sys().(syscall.WaitStatus)
	detail := fmt.Sprintf("its process ended with exit code %d", status.ExitStatus())
	cause := sweep.CauseCode
	switch {
	case status.Signaled() && killedForMemory:
		cause, detail = sweep.CauseOOM, "the kernel killed its process for lack of memory"
	case status.Signaled() && signalled:
		cause, detail = sweep.CausePreempted, fmt.Sprintf("its process was ended by signal %d (%v), and so was its agent", status.Signal(), status.Signal())
	case status.Signaled():
		detail = fmt.Sprintf("its process was ended by signal %d (%v)", status.Signal(), status.Signal())
	}
	if words != "" {
		detail += ": " + words
	}
	return results.End{Cause: cause, Detail: detail}
}

// memoryKills reads how often the kernel has killed in this process's control group for lack of memory; 0 where that is not known.
func memoryKills() int {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		path, ok := strings.CutPrefix(line, "0::") // the unified hierarchy
		if !ok {
			continue
		}
		events, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, "memory.events"))
		if err != nil {
			return 0
		}
		for _, event := range strings.Split(string(events), "\n") {
			if count, ok := strings.CutPrefix(event, "oom_kill "); ok {
				n, _ := strconv.Atoi(count) // the kernel's own number
				return n
			}
		}
	}
	return 0
}

// memoryBytes is the memory of this machine; 0: unknown.
func memoryBytes() int64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
