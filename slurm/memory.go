package slurm

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// A JobEnd is how far a job is, or how it has ended, as far as its memory is concerned.
type JobEnd struct {
	Task        Task
	State       State
	OutOfMemory bool // the job, or one of its steps, was ended for lack of memory
}

// endFormat is squeue -O for parseEnds: a step's end shows in the job's derived exit code only, where the script went on.
const endFormat = "ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|,DerivedEC:|"

// memoryCode is what SLURM has a step end with that ran out of memory (SIG_OOM): a signal that no process can get.
const memoryCode = 125

func parseEnds(text string) ([]JobEnd, error) {
	var ends []JobEnd
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Split(strings.TrimRight(line, "\r\n"), "|")
		if len(f) != 6 {
			return nil, fmt.Errorf("squeue printed %q, which is not in the format %s", line, endFormat)
		}
		name := strings.TrimSpace(f[0])
		if index := strings.TrimSpace(f[1]); index != "N/A" && index != "" {
			name += "_" + index
		}
		tasks, err := ParseTasks(name)
		if err != nil {
			return nil, fmt.Errorf("squeue printed %q: %w", line, err)
		}
		e := JobEnd{State: ParseState(f[2])}
		e.OutOfMemory = e.State == OutOfMemory || signalOf(f[3]) == memoryCode || signalOf(f[4]) == memoryCode
		for _, e.Task = range tasks {
			ends = append(ends, e)
		}
	}
	return ends, nil
}

// signalOf reads the signal of an exit code, which is printed as CODE:SIGNAL or, by squeue of some versions, as the status of wait(2).
func signalOf(code string) int {
	_, signal, both := strings.Cut(strings.TrimSpace(code), ":")
	if both {
		n, _ := strconv.Atoi(signal) // 0: none
		return n
	}
	status, _ := strconv.Atoi(strings.TrimSpace(code))
	return status & 0x7f
}

// Ends asks how jobs have ended, by their ids (of arrays, for all their tasks), in one query. Jobs that the controller has forgotten are left out.
func (c *Client) Ends(ctx context.Context, ids ...int64) ([]JobEnd, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	out, err := c.query(ctx, "squeue", "-h", "-r", "-t", "all", "-j", strings.Join(list, ","), "-O", endFormat)
	if says(err, "Invalid job id specified") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseEnds(out)
}
