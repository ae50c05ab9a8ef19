package slurm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Task is a job, or one task of a job array. Tasks of an array have job ids of their own besides, and the last of them to start takes the array's, so
// nothing else names a task for good. A requeued task keeps its Task.
type Task struct {
	Job   int64 // the job's id; of a task, the array's
	Index int   // in the array; NoIndex for a job that is none
}

// NoIndex is the index of a job that is no array.
const NoIndex = -1

// String is SLURM's form: 123 or 123_4.
func (t Task) String() string {
	if t.Index == NoIndex {
		return strconv.FormatInt(t.Job, 10)
	}
	return fmt.Sprintf("%d_%d", t.Job, t.Index)
}

// mostTasks bounds an array; MaxArraySize is at most 4,000,001 (slurm.conf(5)).
const mostTasks = 4000001

// ParseTasks reads what squeue and sacct print for a job: 123, 123_4, tasks that wait together 123_[0-3,7,10-20:5%2], a step 123_4.batch, a part of a
// heterogeneous job 123+1. The throttle after % is left out. A list that SLURM has cut short with "..." is an error: ask with SLURM_BITSTR_LEN=0.
func ParseTasks(text string) ([]Task, error) {
	bad := func(why string) ([]Task, error) {
		return nil, fmt.Errorf("%q is no job id%s; valid are 123, 123_4 and 123_[0-3,7%%2]", text, why)
	}
	id, _, _ := strings.Cut(text, ".")
	job, index, isArray := strings.Cut(id, "_")
	if strings.Contains(text, "...") {
		return bad(", its list is cut short")
	}
	job, _, _ = strings.Cut(job, "+")
	n, err := strconv.ParseInt(job, 10, 64)
	if err != nil || n <= 0 {
		return bad("")
	}
	if !isArray {
		return []Task{{n, NoIndex}}, nil
	}
	index, _, _ = strings.Cut(strings.TrimSuffix(strings.TrimPrefix(index, "["), "]"), "%")
	indices, err := ParseIndices(index)
	if err != nil {
		return bad(": " + err.Error())
	}
	tasks := make([]Task, len(indices))
	for i, k := range indices {
		tasks[i] = Task{n, k}
	}
	return tasks, nil
}

// ParseIndices reads the indices of an array: 0-3,7,10-20:5, in rising order, each once. A throttle after % is left out.
func ParseIndices(text string) ([]int, error) {
	text, _, _ = strings.Cut(text, "%")
	var indices []int
	for _, item := range strings.Split(text, ",") {
		span, stride, stepped := strings.Cut(item, ":")
		low, high, isRange := strings.Cut(span, "-")
		if !isRange {
			high = low
		}
		if !stepped {
			stride = "1"
		}
		from, err1 := strconv.ParseUint(low, 10, 31)
		to, err2 := strconv.ParseUint(high, 10, 31)
		step, err3 := strconv.ParseUint(stride, 10, 31)
		if err1 != nil || err2 != nil || err3 != nil || to < from || step == 0 || to > mostTasks {
			return nil, fmt.Errorf("%q is no range of indices of a job array", item)
		}
		for k := from; k <= to; k += step {
			indices = append(indices, int(k))
		}
	}
	slices.Sort(indices)
	return slices.Compact(indices), nil
}

// ParseSubmitted reads what sbatch --parsable prints: the id, and behind a semicolon the cluster's name where there are several.
func ParseSubmitted(text string) (int64, error) {
	line := strings.TrimSpace(text)
	if i := strings.LastIndexByte(line, '\n'); i >= 0 { // a site's plugins may print lines before
		line = line[i+1:]
	}
	id, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("sbatch --parsable printed %q, which is no job id", text)
	}
	return n, nil
}
