package slurm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorded is what a real cluster of version 22.05.8 has printed.
func recorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "22.05", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestQueue reads what squeue has printed, and refuses what is cut off.
func TestQueue(t *testing.T) {
	jobs, err := parseQueue(recorded(t, "squeue"), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range jobs {
		got = append(got, fmt.Sprint(j.Task, j.State, j.Left, j.Nodes, j.Reason))
	}
	want := []string{
		"1 COMPLETED 365-00:00:00node1", "3 COMPLETED UNLIMITEDnode1", "4_3 COMPLETED 00:10:00node1", "2 FAILED UNLIMITEDBadConstraints", "5_0 PENDING UNLIMITEDJobHeldUser",
		"5_1 PENDING UNLIMITEDJobHeldUser", "5_2 PENDING UNLIMITEDJobHeldUser", "5_3 PENDING UNLIMITEDJobHeldUser", "5_4 PENDING UNLIMITEDJobHeldUser", "6 RUNNING 00:09:58node[1-2]",
	}
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], " ", "")
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], " ", "")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if end := jobs[len(jobs)-1].End; end != time.Date(2026, 11, 28, 12, 10, 17, 0, time.UTC) {
		t.Errorf("job 6 ends at %v", end)
	}
	for _, text := range []string{"1|1|N/A|RUNNING|low|n1|1:00", "x|1|N/A|RUNNING|low|n1|1:00|N/A|N/A|None", "1|1|0-...|PENDING|low||1:00|N/A|N/A|None", "garbage"} {
		if jobs, err := parseQueue(text, time.UTC); err == nil {
			t.Errorf("%q is %v", text, jobs)
		}
	}
	odd := "7|7|N/A|LEVITATING|low||NOT_SET|N/A|N/A|Reserved for |maintenance|\r\n\n"
	if jobs, err := parseQueue(odd, time.UTC); err != nil || len(jobs) != 1 || jobs[0].State != Unknown || jobs[0].Reason != "Reserved for |maintenance|" || jobs[0].Left != 0 {
		t.Errorf("a state of the future: %+v, error %v", jobs, err)
	}
}

// TestEnds reads the ends of jobs: a step that ran out of memory is the job's derived exit code, whatever the script made of it.
func TestEnds(t *testing.T) {
	ends, err := parseEnds("1                   |N/A                 |COMPLETED           |0                   |253                 |\n" +
		"2|3|OUT_OF_MEMORY|0:125|0:125|\n2|4|FAILED|256|9|\n\n5|N/A|FAILED|0:125|0|\n6|0-1%2|PENDING|0|0|\n7|N/A|RUNNING|0|0|\n")
	want := "[{1 COMPLETED true} {2_3 OUT_OF_MEMORY true} {2_4 FAILED false} {5 FAILED true} {6_0 PENDING false} {6_1 PENDING false} {7 RUNNING false}]"
	if fmt.Sprint(ends) != want || err != nil {
		t.Errorf("%v, error %v; want %s", ends, err, want)
	}
	for _, text := range []string{"1|N/A|FAILED|0|", "x|N/A|FAILED|0|0|", "garbage"} {
		if ends, err := parseEnds(text); err == nil {
			t.Errorf("%q is %v", text, ends)
		}
	}
}

// TestAccounts reads what sacct -D has printed: both incarnations of a requeued job.
func TestAccounts(t *testing.T) {
	runs, err := parseAccounts(recorded(t, "sacct"), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range runs {
		got = append(got, fmt.Sprintf("%v %v %d:%d %v %v %v", r.Task, r.State, r.ExitCode, r.Signal, r.Elapsed, r.End.IsZero(), r.Nodes))
	}
	want := []string{"2 REQUEUED 0:0 1s false node1", "4 CANCELLED 0:0 1s false node1", "1_0 COMPLETED 0:0 0s false node1", "1_1 FAILED 1:0 0s false node1", "1_2 FAILED 2:0 0s false node1",
		"1_3 FAILED 3:0 0s false node1", "2 RUNNING 0:0 9s true node1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, text := range []string{"1|COMPLETED", "|||||||"} {
		if runs, err := parseAccounts(text, time.UTC); err == nil {
			t.Errorf("%q is %v", text, runs)
		}
	}
}

// TestControl reads what scontrol and sinfo have printed.
func TestControl(t *testing.T) {
	c, err := parseConfig(recorded(t, "config"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != (Version{22, 5, 8}) || c.MaxArraySize != 10001 || c.MaxJobCount != 100000 || !c.Requeue || c.KillWait != 5*time.Second || c.MinJobAge != 24*time.Hour ||
		c.SlurmdTimeout != 20*time.Second || c.PreemptMode != "REQUEUE" || c.Accounting || !c.ControllerUp || c.ClusterName != "playground" {
		t.Errorf("the configuration is %+v", c)
	}
	if _, err := parseConfig("nothing\n"); err == nil {
		t.Error("nothing was read as a configuration")
	}
	p := partition(parseFields(strings.SplitN(recorded(t, "partition"), "\n", 2)[0]))
	if p.Name != "low" || !p.Default || !p.Up || p.MaxTime != Forever || p.PreemptMode != "REQUEUE" || p.Grace != 0 || p.Nodes != "node[1-4]" || p.TotalNodes != 4 {
		t.Errorf("the partition is %+v", p)
	}
	n := node(parseFields(strings.SplitN(recorded(t, "node"), "\n", 2)[0]))
	if n.Name != "node1" || n.CPUs != 8 || n.Memory != 16000 || n.TotalGPUs() != 2 || !n.Usable() || !slices.Equal(n.Partitions, []string{"low", "high"}) || n.Version != "22.05.8" {
		t.Errorf("the node is %+v", n)
	}
	j := jobDetail(parseFields(recorded(t, "job")), time.UTC)
	if j.State != Pending || j.Reason != "JobHeldUser" || !j.Requeue || j.Restarts != 0 || j.Limit != Forever || !j.End.IsZero() || j.Nodes != "" {
		t.Errorf("the job, whose comment looks like other fields, is %+v", j)
	}
	loads, err := parseLoad(recorded(t, "sinfo"))
	if err != nil || len(loads) != 4 || loads[0] != (Load{"low", true, "mixed", 2, "node[1-2]"}) {
		t.Errorf("sinfo: %+v, error %v", loads, err)
	}
	for _, text := range []string{"low|idle", "low|idle|many|n1"} {
		if loads, err := parseLoad(text); err == nil {
			t.Errorf("sinfo's %q is %v", text, loads)
		}
	}
}

// TestStates knows SLURM's states, and that it does not know others.
func TestStates(t *testing.T) {
	for text, want := range map[string]State{"RUNNING": Running, "CANCELLED by 0": Cancelled, "cancelled+": Cancelled, "NODE_FAIL": NodeFail, "": Unknown, "WHATEVER": Unknown, "RUNNING+DRAIN": Unknown} {
		if got := ParseState(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	if Unknown.Ended() || Unknown.Running() || Unknown.Waiting() || !Gone.Ended() {
		t.Error("an unknown job has a known state, or a gone one has not ended")
	}
	for state, usable := range map[string]bool{"IDLE": true, "MIXED+PLANNED": true, "IDLE+DRAIN": false, "DOWN*": false, "IDLE*": false, "ALLOCATED": true, "": false, "IDLE+CLOUD+POWERED_DOWN": false, "idle~": true} {
		if n := node(Fields{"State": state}); n.Usable() != usable {
			t.Errorf("a node that is %q: usable is %v", state, !usable)
		}
	}
	for gres, want := range map[string]string{"gpu:a100:4(S:0-1),gpu:2,lustre:no_consume:1": "map[:2 a100:4]", "": "map[]", "gpu": "map[:1]", "gpu:h100:8(S:0,1),nic:2": "map[h100:8]", "mps:100": "map[]"} {
		if got := fmt.Sprint(ParseGPUs(gres)); got != want {
			t.Errorf("%q: %s, want %s", gres, got, want)
		}
	}
	for text, want := range map[string]string{"slurm-wlm 22.05.8\n": "22.05.8", "slurm 24.11.5": "24.11.5", "23.11.4-2": "23.11.4", "25.05.0-0rc1": "25.05.0", "20.11": "20.11.0", "25.11.0rc2": "25.11.0"} {
		if got, err := ParseVersion(text); err != nil || got.String() != want {
			t.Errorf("%q is %v, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "slurm", "a.b.c", "1.2.3.4"} {
		if got, err := ParseVersion(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestLook knows the difference between an error and an answer.
func TestLook(t *testing.T) {
	task := Task{1, 0}
	if s := (Look{}).State(task); s != Unknown {
		t.Errorf("before any answer: %v", s)
	}
	if s := (Look{Jobs: map[Task]Job{}, Err: fmt.Errorf("away")}).State(task); s != Unknown {
		t.Errorf("after an error: %v", s)
	}
	if s := (Look{Jobs: map[Task]Job{}}).State(task); s != Gone {
		t.Errorf("after an answer without it: %v", s)
	}
	w := Watch{}
	good := func(s State) Look { return Look{Jobs: map[Task]Job{task: {State: s}}} }
	var pauses []int
	for _, l := range []Look{good(Pending), good(Pending), good(Pending), good(Running), good(Running), {Err: fmt.Errorf("away")}, {Err: fmt.Errorf("away")}, good(Running), good(Running), good(Running), good(Running)} {
		pauses = append(pauses, int(w.next(l)/time.Second))
	}
	if want := []int{5, 10, 20, 5, 10, 20, 40, 80, 120, 120, 120}; !slices.Equal(pauses, want) {
		t.Errorf("pauses of %v s, want %v", pauses, want)
	}
}

// TestFits refuses before anything is queued what the cluster cannot give.
func TestFits(t *testing.T) {
	f := Facts{
		Partitions: []Partition{{Name: "cpu", Default: true, Up: true, MaxTime: Duration(time.Hour), Nodes: "n[1-2]"}, {Name: "gpu", Up: true, MaxTime: Forever, Nodes: "g1"},
			{Name: "old", MaxTime: Forever, Nodes: "n1", Fields: Fields{"State": "DOWN"}}},
		Nodes: []Node{{Name: "n1", CPUs: 8, Memory: 1000}, {Name: "n2", CPUs: 16, Memory: 2000}, {Name: "g1", CPUs: 64, Memory: 4000, GPUs: map[string]int{"a100": 4}}},
	}
	for _, o := range []Options{{}, {CPUsPerTask: 16, Memory: 2000}, {Partition: "gpu", GPUsPerTask: "2", TasksPerNode: 2}, {Partition: "cpu,gpu", GRES: "gpu:a100:4"}, {Time: Duration(2 * time.Hour), TimeMin: Duration(time.Minute)}, {Exclude: "n1"}} {
		if err := f.Fits(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for want, o := range map[string]Options{
		"valid are cpu, gpu, old": {Partition: "gup"}, "its limit is 01:00:00": {Time: Duration(2 * time.Hour)}, "its largest node has 16": {TasksPerNode: 2, CPUsPerTask: 9}, "its largest node has 2000M": {Memory: 2001},
		"its nodes have 0 at most": {GPUsPerNode: "1"}, "its nodes have 4 at most": {Partition: "gpu", GPUsPerTask: "5"}, "valid are a100:4": {Partition: "gpu", GPUsPerNode: "h100:1"}, "it has 2": {Nodes: 3},
		"not up (DOWN)": {Partition: "old"}, "no node n9": {Exclude: "n9"}, "largest node has 8": {CPUsPerTask: 12, Exclude: "n2"},
	} {
		if err := f.Fits(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", o, err, want)
		}
	}
}
