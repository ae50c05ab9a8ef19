package slurm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDuration reads every form of sbatch(1), and names what is valid for others.
func TestDuration(t *testing.T) {
	for text, want := range map[string]string{
		"90": "01:30:00", "0": "00:00:00", "1:30": "00:01:30", "4:00:00": "04:00:00", "2-12": "2-12:00:00", "2-12:30": "2-12:30:00", "2-12:30:05": "2-12:30:05",
		"4h": "04:00:00", "90m": "01:30:00", "1d12h": "1-12:00:00", "30s": "00:00:30", "UNLIMITED": "UNLIMITED", "infinite": "UNLIMITED", "36:00:00": "1-12:00:00",
	} {
		d, err := ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("%q is %v, error %v; want %s", text, d, err, want)
		}
		if again, err := ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%q is written as %v, which is read as %v, error %v", text, d, again, err)
		}
	}
	for _, text := range []string{"", "4 hours", "1:2:3:4", "-1", "1-2-3", "1:", ":1", "4.5", "h", "1-", "99999999999", "1h30", "0x10", "4:00:00 "} {
		if d, err := ParseDuration(text); err == nil || !strings.Contains(err.Error(), "DAYS-HOURS:MINUTES:SECONDS") {
			t.Errorf("%q is %v, error %v; want one that says what is valid", text, d, err)
		}
	}
}

// TestMemory reads amounts, rounded up to whole MB.
func TestMemory(t *testing.T) {
	for text, want := range map[string]string{"16000": "16000M", "16G": "16G", "16gb": "16G", "16GiB": "16G", "1.5T": "1536G", "1024K": "1M", "1K": "1M", "0": "0", "512M": "512M", "2048": "2G"} {
		if m, err := ParseMemory(text); err != nil || m.String() != want {
			t.Errorf("%q is %v, error %v; want %s", text, m, err, want)
		}
	}
	for _, text := range []string{"", "G", "-1", "16X", "16 G B", "1e3", "99999999999T", "1.G"} {
		if m, err := ParseMemory(text); err == nil || !strings.Contains(err.Error(), "memory") {
			t.Errorf("%q is %v, error %v", text, m, err)
		}
	}
}

// TestNodes is a table of odd node lists.
func TestNodes(t *testing.T) {
	for list, want := range map[string]string{
		"": "", "(null)": "", "None assigned": "", "n1": "n1", "a,b": "a b", "n[1-3]": "n1 n2 n3", "n[01-03,7]": "n01 n02 n03 n7", "n[008-010]": "n008 n009 n010",
		"a[1-2]b": "a1b a2b", "r[1-2]n[1-2]": "r1n1 r1n2 r2n1 r2n2", "a[1],b,c[2-2]": "a1 b c2", "gpu-a100-[3,5]": "gpu-a100-3 gpu-a100-5", "n[9-11]": "n9 n10 n11",
		"n.dom.org": "n.dom.org", "[1-2]": "1 2",
	} {
		got, err := ExpandNodes(list)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q expands to %q, error %v; want %q", list, got, err, want)
		}
	}
	for _, list := range []string{"n[1-3", "n1-3]", "n[3-1]", "n[a-b]", "n[]", ",", "a,,b", "a b", "n[1-99999999]", "n[1-2000]m[1-2000]", "n[[1]]", "n[-1]", "n[1-2]]"} {
		if got, err := ExpandNodes(list); err == nil || !strings.Contains(err.Error(), "valid are") {
			t.Errorf("%q expands to %d nodes, error %v", list, len(got), err)
		}
	}
	for list, names := range map[string]string{"n[1-3]": "n1 n2 n3", "n[08-11]": "n08 n09 n10 n11", "n9,m,n[1,3]": "n9 m n1 n3", "n1": "n1", "n[1,02]": "n1 n02", "": "", "r1n[1-2],r2n1": "r1n1 r1n2 r2n1"} {
		if got := CompressNodes(strings.Fields(names)); got != list {
			t.Errorf("%q compresses to %q, want %q", names, got, list)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.StringMatching(`[a-z]{1,2}[0-9]{0,3}`)).Draw(t, "names")
		got, err := ExpandNodes(CompressNodes(names))
		if err != nil || !slices.Equal(got, names) {
			t.Fatalf("%v compresses to %s, which expands to %v, error %v", names, CompressNodes(names), got, err)
		}
	})
}

// TestTasks is a table of odd ids.
func TestTasks(t *testing.T) {
	for text, want := range map[string]string{
		"12": "[12]", "12_3": "[12_3]", "12_[0-2]": "[12_0 12_1 12_2]", "12_[0-2%1]": "[12_0 12_1 12_2]", "12_[3,0,8-20:6%2]": "[12_0 12_3 12_8 12_14 12_20]",
		"12.batch": "[12]", "12_3.0": "[12_3]", "12+1": "[12]", "12_[5]": "[12_5]", "12_0-1": "[12_0 12_1]",
	} {
		if got, err := ParseTasks(text); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q is %v, error %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "0", "12_", "12_x", "12_[1-", "12_[2-1]", "12_[1,2,...]", "12_[0-9999999]", "12_[0-5:0]", "9999999999999999999"} {
		if got, err := ParseTasks(text); err == nil || !strings.Contains(err.Error(), "no job id") {
			t.Errorf("%q is %d tasks, error %v", text, len(got), err)
		}
	}
	for text, want := range map[string]int64{"7\n": 7, "7;other\n": 7, "plugin: hello\n7\n": 7} {
		if got, err := ParseSubmitted(text); err != nil || got != want {
			t.Errorf("sbatch's %q is %d, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "Submitted batch job 7", "0", "-3"} {
		if got, err := ParseSubmitted(text); err == nil {
			t.Errorf("sbatch's %q is %d", text, got)
		}
	}
}

// TestSplit divides agents: no array has an index that the cluster refuses, tasks and throttles add up.
func TestSplit(t *testing.T) {
	for want, in := range map[string][3]int{
		"[0-7%3]": {8, 3, 1001}, "[0]": {1, 0, 1001}, "[0-1000]": {1001, 0, 1001}, "[0-500 0-500]": {1002, 0, 1001}, "[0-832%33 0-832%33 0-833%34]": {2500, 100, 1001}, "[0-4]": {5, 5, 10},
	} {
		if got, err := Split(in[0], in[1], in[2]); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v: %v, error %v; want %s", in, got, err, want)
		}
	}
	for want, in := range map[string][3]int{"at least 1": {0, 0, 10}, "srun -n 2 sweep run": {2, 0, 0}, "switched off (MaxArraySize=1)": {1, 0, 1}, "raise the limit to 3": {25, 2, 10}, "0 for all": {1, -1, 10}} {
		if got, err := Split(in[0], in[1], in[2]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, error %v; want one with %q", in, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		agents, size := rapid.IntRange(1, 5000).Draw(t, "agents"), rapid.IntRange(2, 2000).Draw(t, "MaxArraySize")
		throttle := rapid.IntRange(0, 5000).Draw(t, "throttle")
		arrays, err := Split(agents, throttle, size)
		if err != nil {
			return
		}
		tasks, atOnce := 0, 0
		for _, a := range arrays {
			tasks += a.Tasks
			atOnce += a.Throttle
			if a.Tasks < 1 || a.Tasks-1 >= size || (throttle > 0 && throttle < agents && a.Throttle < 1) {
				t.Fatalf("array %v of %v", a, arrays)
			}
		}
		if tasks != agents || atOnce != throttle && throttle < agents {
			t.Fatalf("%d agents, %d at a time: %v", agents, throttle, arrays)
		}
	})
}

// TestOptions reads specs by our names and Hydra-submitit's.
func TestOptions(t *testing.T) {
	hydra := map[string]any{
		"_target_": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher", "timeout_min": 90, "tasks_per_node": 1, "nodes": 1, "cpus_per_task": 4, "gpus_per_node": 2,
		"mem_gb": 16, "partition": "gpu", "qos": nil, "signal_delay_s": 300, "array_parallelism": 20, "max_num_timeout": 3, "setup": []any{"module load cuda", "ulimit -c 0"},
		"additional_parameters": map[string]any{"licenses": "matlab:1", "contiguous": true, "overcommit": false}, "slurm_account": "lab", "name": "delay",
	}
	want := Options{Name: "delay", Time: Duration(90 * time.Minute), TasksPerNode: 1, Nodes: 1, CPUsPerTask: 4, GPUsPerNode: "2", Memory: 16 * 1024, Partition: "gpu", Signal: 300,
		Throttle: 20, Setup: []string{"module load cuda", "ulimit -c 0"}, Extra: []string{"--contiguous", "--licenses=matlab:1"}, Account: "lab"}
	got, notes, err := ParseOptions(hydra)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Hydra's keys: error %v, (-want +got)\n%s", err, diff)
	}
	if len(notes) != 2 || !strings.HasPrefix(notes[0], "_target_ is not used") || !strings.HasPrefix(notes[1], "max_num_timeout") {
		t.Errorf("notes %q", notes)
	}
	own := map[string]any{"time": "4:00:00", "time_min": "1h", "memory": 0, "requeue": false, "use_srun": true, "setup": "module load a\nexport B=1\n", "mail_user": "a@b", "mail-type": "END,fail",
		"dependency": "afterok:1_2:3+10?singleton", "gres": "gpu:a100:1,lustre", "exclusive": true, "exclude": []any{"n1", "n[2-3]"}, "comment": "a # b"}
	want = Options{Time: Duration(4 * time.Hour), TimeMin: Duration(time.Hour), WholeMemory: true, NoRequeue: true, Step: true, Setup: []string{"module load a", "export B=1"}, MailUser: "a@b",
		MailType: "END,fail", Dependency: "afterok:1_2:3+10?singleton", GRES: "gpu:a100:1,lustre", Exclusive: "true", Exclude: "n1,n[2-3]", Comment: "a # b"}
	got, notes, err = ParseOptions(own)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(notes) > 0 {
		t.Errorf("own keys: error %v, notes %q, (-want +got)\n%s", err, notes, diff)
	}
}

// TestNoTimeLimit: a time of zero asks for no limit, as it does of sbatch, and not for the partition's default.
func TestNoTimeLimit(t *testing.T) {
	for _, text := range []any{0, "0", "0:00", "UNLIMITED"} {
		if o, _, err := ParseOptions(map[string]any{"time": text}); err != nil || o.Time != Forever {
			t.Errorf("time: %v is %v, error %v", text, o.Time, err)
		}
	}
}

// TestOptionsRefused names the key, the value and what is valid, all mistakes at once.
func TestOptionsRefused(t *testing.T) {
	for _, test := range []struct {
		key   string
		value any
		want  string
	}{
		{"partitoin", "gpu", "valid are name, comment, partition"}, {"time", "4 hours", "HOURS:MINUTES:SECONDS"}, {"time", 4.5, "no time limit"}, {"cpus_per_task", 0, "from 1"},
		{"cpus_per_task", "many", "whole numbers"}, {"memory", "lots", "16G"}, {"gpus_per_task", "0", "a100:2"}, {"gres", "gpu 2", "NAME:NUMBER"}, {"partition", "a b", "commas"},
		{"account", "x\n#SBATCH --qos=high", "line break"}, {"dependency", "after 12", "afterok:JOB"}, {"mail_type", "SOMETIMES", "TIME_LIMIT_80"}, {"exclude", "n[1", "not closed"},
		{"signal", 70000, "65535"}, {"requeue", "perhaps", "true and false"}, {"sbatch", []any{"--array=1-3"}, "number of agents"}, {"sbatch", []any{"--partition=x"}, "use partition"},
		{"sbatch", []any{"licenses"}, "--option=value"}, {"sbatch", []any{"-pgpu"}, "use partition"}, {"setup", 3, "no list of texts"}, {"time", []any{map[string]any{}}, "neither text"},
		{"time", "1m", "at its beginning"}, {"memory_per_cpu", 0, "more than 0"}, {"name", "a=b", "without spaces"}, {"mail_type", "END", "mail_user"}, {"comment", "a\x00", "zero byte"},
	} {
		o, _, err := ParseOptions(map[string]any{test.key: test.value})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.key) && test.key != "time" && test.key != "mail_type" {
			t.Errorf("%s: %v gives %+v, error %v; want one with %q", test.key, test.value, o, err, test.want)
		}
	}
	_, _, err := ParseOptions(map[string]any{"time": "x", "timeout_min": 5, "memory": "1G", "mem_per_cpu": "1G", "nodes": -1})
	for _, want := range []string{"timeout_min: time says the same thing", "give one of them", "nodes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("several mistakes: %v; want also %q", err, want)
		}
	}
}
