package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func scriptSlot(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "slot NAME N SIGNAL")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	deadline := time.After(patience)
	for {
		slots := slotsOf(of(ts, args[0]).Process.Pid)
		if n < len(slots) {
			process, err := os.FindProcess(slots[n])
			ts.Check(err)
			ts.Check(process.Signal(signals[args[2]]))
			return
		}
		select {
		case <-ticks.C:
		case <-deadline:
			ts.Fatalf("%s has %d processes that run trials", args[0], len(slots))
		}
	}
}

// slotsOf lists the processes that run trials below a process, by their number.
func slotsOf(root int) (slots []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", root)) // the pattern is a good one
	for _, name := range tasks {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			if err == nil && bytes.Contains(line, []byte("\x00agent-slot\x00")) {
				slots = append(slots, child)
			}
			slots = append(slots, slotsOf(child)...)
		}
	}
	slices.Sort(slots)
	return slots
}
