package slurm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Job is one line of squeue: a job or one task of an array.
type Job struct {
	Task      Task
	ID        int64 // the job's own id, which for a task that waits is the array's
	State     State
	Partition string
	Nodes     string    // a node list; empty before it runs
	Left      Duration  // until the walltime; Forever without one
	Begin     time.Time // when it has begun, or is expected to; zero if SLURM does not say
	End       time.Time // when it ends at the latest, or has ended; zero if SLURM does not say
	Reason    string    // why it waits, "Resources", "QOSMaxJobsPerUserLimit"
}

// queueFormat is squeue -o for parseQueue. What may hold anything comes last.
const queueFormat = "%A|%F|%K|%T|%P|%N|%L|%S|%e|%r"

// parseQueue reads lines of squeue. Lines that cannot be read are an error: the answer is then incomplete.
func parseQueue(text string, zone *time.Location) ([]Job, error) {
	var jobs []Job
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.SplitN(line, "|", 10)
		if len(f) != 10 {
			return nil, fmt.Errorf("squeue printed %q, which is not in the format %s", line, queueFormat)
		}
		id, err := strconv.ParseInt(strings.TrimSpace(f[0]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("squeue printed %q: %q is no job id", line, f[0])
		}
		name := f[1]
		if index := strings.TrimSpace(f[2]); index != "N/A" && index != "" {
			name += "_" + index
		}
		tasks, err := ParseTasks(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("squeue printed %q: %w", line, err)
		}
		j := Job{ID: id, State: ParseState(f[3]), Partition: f[4], Nodes: f[5], Left: parseLeft(f[6]),
			Begin: ParseTime(f[7], zone), End: ParseTime(f[8], zone), Reason: strings.TrimSpace(f[9])}
		if j.Reason == "None" {
			j.Reason = ""
		}
		for _, j.Task = range tasks {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// parseLeft reads %L: 1-02:03:04, 3:04, UNLIMITED; NOT_SET and INVALID are none.
func parseLeft(text string) Duration {
	d, err := ParseDuration(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return d
}

// ParseTime reads a moment as SLURM prints it, without a zone, which is the cluster's; Unknown, N/A, None and the like are the zero time.
func ParseTime(text string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", strings.TrimSpace(text), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Queue asks for jobs by their ids (of arrays, for all their tasks) in one query: all that the controller remembers, ended or not. Jobs that it does not
// know are left out.
func (c *Client) Queue(ctx context.Context, ids ...int64) ([]Job, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	out, err := c.query(ctx, "squeue", "-h", "-r", "-t", "all", "-j", strings.Join(list, ","), "-o", queueFormat)
	if says(err, "Invalid job id specified") { // none of them is known any more
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	jobs, err := parseQueue(out, time.Local)
	return slices.DeleteFunc(jobs, func(j Job) bool { return !slices.Contains(ids, j.Task.Job) }), err
}

// A Look is what is known of jobs after a query: a good answer, or an error, after which everything is Unknown.
type Look struct {
	Jobs map[Task]Job
	Err  error
}

// State is the state of a task: Unknown after an error, Gone if the controller answered without it.
func (l Look) State(t Task) State {
	if l.Err != nil || l.Jobs == nil {
		return Unknown
	}
	if j, ok := l.Jobs[t]; ok {
		return j.State
	}
	return Gone
}

// A Watch asks for the jobs of a sweep again and again, at intervals that grow while nothing happens or the controller does not answer, as sites ask of
// programs that poll (squeue(1), PERFORMANCE).
type Watch struct {
	Client *Client
	Least  time.Duration // between two queries; default 5 s
	Most   time.Duration // default 2 min
	pause  time.Duration
	last   map[Task]State
}

// Look asks once, and says how long to wait before the next time.
func (w *Watch) Look(ctx context.Context, ids ...int64) (Look, time.Duration) {
	jobs, err := w.Client.Queue(ctx, ids...)
	l := Look{Err: err}
	if err == nil {
		l.Jobs = make(map[Task]Job, len(jobs))
		for _, j := range jobs {
			l.Jobs[j.Task] = j
		}
	}
	return l, w.next(l)
}

// next is the pause after a look: the least after a change, else twice the last one.
func (w *Watch) next(l Look) time.Duration {
	least, most := w.Least, w.Most
	if least == 0 {
		least = 5 * time.Second
	}
	if most == 0 {
		most = 2 * time.Minute
	}
	changed := false
	if l.Err == nil {
		states := make(map[Task]State, len(l.Jobs))
		for t, j := range l.Jobs {
			states[t] = j.State
		}
		changed = !maps.Equal(states, w.last)
		w.last = states
	}
	w.pause = min(2*w.pause, most)
	if changed || w.pause < least {
		w.pause = least
	}
	return w.pause
}
