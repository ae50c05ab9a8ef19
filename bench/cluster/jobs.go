package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A job is one agent's.
type job struct{ id, node, state, reason string }

// jobs are the sweep's in SLURM, those that wait and those that run.
func (v *victim) jobs() ([]job, error) {
	out, err := v.cluster.Command("squeue", "--noheader", "--array", "--format=%i|%N|%T|%Z|%r").Output()
	if err != nil {
		return nil, fmt.Errorf("squeue: %w", err)
	}
	var list []job
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) == 5 && fields[3] == v.dir && fields[2] != "COMPLETING" {
			list = append(list, job{fields[0], fields[1], fields[2], fields[4]})
		}
	}
	return list, nil
}

// agent draws one that trains for a controller that lives: one that waits for its first trial, or has spooled its last one, loses nothing that events could tell of.
func (v *victim) agent() (job, bool, error) {
	if _, ok, err := v.host(); !ok || err != nil {
		return job{}, false, err
	}
	list, err := v.jobs()
	if err != nil {
		return job{}, false, err
	}
	busy, err := v.training()
	if err != nil {
		return job{}, false, err
	}
	var running []job
	for _, j := range list {
		if j.state == "RUNNING" && v.cluster.Running(j.node) && busy[j.node] {
			running = append(running, j)
		}
	}
	if len(running) == 0 {
		return job{}, false, nil
	}
	return running[v.random.IntN(len(running))], true, nil
}

// A host is the process of a sweep's controller, and the agent beside it.
type host struct{ pid, parent int }

// host is that of the newest term; false: it has ended.
func (v *victim) host() (host, bool, error) {
	terms, err := filepath.Glob(filepath.Join(v.dir, "control", "term-*"))
	if err != nil || len(terms) == 0 {
		return host{}, false, err
	}
	newest := terms[0]
	for _, t := range terms {
		if len(t) > len(newest) || len(t) == len(newest) && t > newest {
			newest = t
		}
	}
	text, err := os.ReadFile(newest)
	if err != nil {
		return host{}, false, err
	}
	var holder struct {
		PID int `json:"pid"`
	}
	if err := json.Unmarshal(text, &holder); err != nil {
		return host{}, false, fmt.Errorf("%s: %w", newest, err)
	}
	h := host{pid: holder.PID}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", h.pid))
	if err != nil || !bytes.Contains(command, []byte("\x00controller\x00--dir\x00"+v.dir+"\x00")) {
		return h, false, nil // it has ended, and its number may be another's
	}
	h.parent, err = parentOf(h.pid)
	return h, err == nil && h.parent > 1, nil
}

// parentOf reads who has started a process.
func parentOf(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "PPid:"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, fmt.Errorf("process %d has no parent", pid)
}

// kill sends SIGKILL to one process. That it has ended in the meantime is no error.
func kill(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	return nil
}
