package slurm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fields are the KEY=VALUE pairs of one line of scontrol -o.
type Fields map[string]string

var fieldStart = regexp.MustCompile(`(?:^|\s)([A-Za-z][A-Za-z0-9_:/.-]*)=`)

// parseFields reads a line of scontrol -o. A value goes on to the next KEY=, so one that holds such a thing (a comment, a path) is cut there; of keys that
// occur twice the first counts, and what SLURM decides comes before what users write, but for the job's name.
func parseFields(line string) Fields {
	fields := Fields{}
	starts := fieldStart.FindAllStringSubmatchIndex(line, -1)
	for i, s := range starts {
		end := len(line)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		key, value := line[s[2]:s[3]], strings.TrimSpace(line[s[1]:end])
		if _, twice := fields[key]; !twice {
			fields[key] = value
		}
	}
	return fields
}

// text is a field's value, "" for SLURM's ways to say nothing.
func (f Fields) text(key string) string {
	switch v := f[key]; v {
	case "(null)", "N/A", "n/a", "None", "Unknown":
		return ""
	default:
		return v
	}
}

// number is the number at the beginning of a field's value ("5 sec"); false if there is none.
func (f Fields) number(key string) (int, bool) {
	first, _, _ := strings.Cut(f[key], " ")
	n, err := strconv.Atoi(first)
	return n, err == nil
}

// show runs scontrol show, one line an entity.
func (c *Client) show(ctx context.Context, args ...string) ([]Fields, error) {
	out, err := c.query(ctx, "scontrol", append([]string{"-o", "show"}, args...)...)
	if err != nil {
		return nil, err
	}
	var all []Fields
	for line := range strings.Lines(out) {
		if f := parseFields(strings.TrimSpace(line)); len(f) > 0 {
			all = append(all, f)
		}
	}
	return all, nil
}

// A JobDetail is what scontrol says of one job.
type JobDetail struct {
	State  State
	Reason string
	// Preempted: another job wants the nodes, and this one has the grace of its partition until they are taken.
	Preempted bool
	Requeue   bool // SLURM runs it again if it is preempted or its node dies
	Restarts  int
	Limit     Duration
	End       time.Time
	Nodes     string
	Fields    Fields // all of it
}

func jobDetail(f Fields, zone *time.Location) JobDetail {
	restarts, _ := f.number("Restarts")
	return JobDetail{State: ParseState(f["JobState"]), Reason: f.text("Reason"), Requeue: f["Requeue"] == "1", Restarts: restarts, Preempted: !ParseTime(f["PreemptTime"], zone).IsZero(),
		Limit: parseLeft(f["TimeLimit"]), End: ParseTime(f["EndTime"], zone), Nodes: f.text("NodeList"), Fields: f}
}

// Detail asks for one job. A job that the controller does not know is an error.
func (c *Client) Detail(ctx context.Context, t Task) (JobDetail, error) {
	all, err := c.show(ctx, "job", t.String())
	if err != nil {
		return JobDetail{}, err
	}
	if len(all) == 0 {
		return JobDetail{}, fmt.Errorf("scontrol show job %v printed nothing", t)
	}
	return jobDetail(all[0], time.Local), nil
}

// A Config is what scontrol show config says of the cluster. Numbers are 0 where it does not say.
type Config struct {
	Version             Version // of the controller
	ClusterName         string
	MaxArraySize        int // one more than the largest index of a job array; 0: no arrays
	MaxJobCount         int
	Requeue             bool // jobs are requeued unless they say otherwise
	KillWait            time.Duration
	MinJobAge           time.Duration // how long the controller remembers jobs that have ended
	SlurmdTimeout       time.Duration // how long a silent node is thought alive
	PreemptMode         string        // OFF, CANCEL, REQUEUE, SUSPEND, with further words
	SchedulerParameters string
	Accounting          bool // sacct works
	ControllerUp        bool
	Fields              Fields
}

// parseConfig reads scontrol show config, whose lines are KEY = VALUE.
func parseConfig(text string) (Config, error) {
	f := Fields{}
	up := false
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(line, "="); found {
			key = strings.TrimSpace(key)
			if _, twice := f[key]; !twice {
				f[key] = strings.TrimSpace(value)
			}
		} else if strings.HasPrefix(line, "Slurmctld(") && strings.HasSuffix(strings.TrimSpace(line), "is UP") {
			up = true
		}
	}
	if len(f) == 0 {
		return Config{}, errors.New("scontrol show config printed nothing that can be read")
	}
	seconds := func(key string) time.Duration {
		n, _ := f.number(key)
		return time.Duration(n) * time.Second
	}
	c := Config{ClusterName: f.text("ClusterName"), KillWait: seconds("KillWait"), MinJobAge: seconds("MinJobAge"), SlurmdTimeout: seconds("SlurmdTimeout"),
		PreemptMode: f.text("PreemptMode"), SchedulerParameters: f.text("SchedulerParameters"), ControllerUp: up, Fields: f}
	c.Version, _ = ParseVersion(f["SLURM_VERSION"])
	c.MaxArraySize, _ = f.number("MaxArraySize")
	c.MaxJobCount, _ = f.number("MaxJobCount")
	c.Requeue = f["JobRequeue"] == "1"
	storage := f.text("AccountingStorageType")
	c.Accounting = storage != "" && !strings.HasSuffix(storage, "/none")
	return c, nil
}

// Config asks for the cluster's configuration.
func (c *Client) Config(ctx context.Context) (Config, error) {
	out, err := c.query(ctx, "scontrol", "show", "config")
	if err != nil {
		return Config{}, err
	}
	return parseConfig(out)
}

// A Partition is one partition.
type Partition struct {
	Name        string
	Default, Up bool
	MaxTime     Duration // Forever without a limit
	PreemptMode string
	Grace       time.Duration // from the warning of a preemption to its end
	Nodes       string        // a node list
	TotalNodes  int
	Fields      Fields
}

func partition(f Fields) Partition {
	grace, _ := f.number("GraceTime")
	total, _ := f.number("TotalNodes")
	limit := parseLeft(f["MaxTime"])
	if limit == 0 {
		limit = Forever
	}
	return Partition{Name: f["PartitionName"], Default: f["Default"] == "YES", Up: f["State"] == "UP", MaxTime: limit, PreemptMode: f.text("PreemptMode"),
		Grace: time.Duration(grace) * time.Second, Nodes: f.text("Nodes"), TotalNodes: total, Fields: f}
}

// Partitions asks for all partitions that the user may see.
func (c *Client) Partitions(ctx context.Context) ([]Partition, error) {
	all, err := c.show(ctx, "partition")
	var found []Partition
	for _, f := range all {
		if f["PartitionName"] != "" {
			found = append(found, partition(f))
		}
	}
	return found, err
}
