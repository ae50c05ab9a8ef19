package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A kind is what a process of a sweep does.
type kind string

// The kinds of processes.
const (
	controllerKind kind = "controller"
	agentKind      kind = "agent"
	slotKind       kind = "slot"
	programKind    kind = "program" // of a trial; or anything else
)

// A family is this process with all its descendants. It collects the exit status of each, children and orphans alike.
type family struct {
	mu    sync.Mutex
	exits map[int]int // exit code by process id; -1: by a signal
}

// adopt makes this process the reaper of its descendants' orphans and begins to collect exit statuses.
func adopt() (*family, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become the reaper of orphans: %w", err)
	}
	return &family{exits: map[int]int{}}, nil
}

// reap collects one exit status; false when there is nothing to collect now.
func (f *family) reap() bool {
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err != nil || pid <= 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exits[pid] = status.ExitStatus()
	return true
}

// exited is the exit code of a child; false while it runs.
func (f *family) exited(pid int) (code int, ok bool) {
	for f.reap() {
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	code, ok = f.exits[pid]
	return code, ok
}

// wait waits for a child's end, no longer than limit.
func (f *family) wait(pid int, limit time.Duration) (code int, err error) {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		if code, ok := f.exited(pid); ok {
			return code, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, fmt.Errorf("process %d did not end within %v", pid, limit)
}

// start starts a command whose output goes to the log file.
func (f *family) start(log *os.File, name string, args ...string) (pid int, err error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return 0, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return 0, err
	}
	fmt.Fprintf(log, "\n$ %s %q\n", name, args)
	p, err := os.StartProcess(path, append([]string{name}, args...), &os.ProcAttr{Env: os.Environ(), Files: []*os.File{nil, log, log}})
	if err != nil {
		return 0, err
	}
	pid = p.Pid
	return pid, p.Release()
}

// A process is one living descendant.
type process struct {
	pid  int
	kind kind
}

// descendants lists the living descendants of this process.
func descendants() ([]process, error) {
	children, err := childrenOf()
	if err != nil {
		return nil, err
	}
	var found []process
	queue := children[os.Getpid()]
	for len(queue) > 0 {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		found = append(found, process{pid, kindOf(pid)})
	}
	return found, nil
}

// childrenOf reads the parent of every process; those that have exited and wait to be collected are left out.
func childrenOf() (map[int][]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it ended since it was listed
		}
		if err != nil {
			return nil, err
		}
		// pid (name) state parent …; the name may hold anything, so the fields begin after its last parenthesis.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
			continue
		}
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		parent, err2 := strconv.Atoi(string(fields[1]))
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		children[parent] = append(children[parent], pid)
	}
	return children, nil
}

// kindOf tells what a process of the sweep does, by its first argument.
func kindOf(pid int) kind {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return programKind
	}
	args := bytes.Split(text, []byte{0})
	if len(args) < 2 {
		return programKind
	}
	switch string(args[1]) {
	case "run", "resume":
		return controllerKind
	case "agent":
		return agentKind
	case "agent-slot":
		return slotKind
	}
	return programKind
}

// kill sends SIGKILL to one process. That it has ended in the meantime is no error.
func kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	return nil
}
